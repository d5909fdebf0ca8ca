"""Runs of every method → the Markdown page that sets them side by side."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version

import numpy as np

from benchmarks.efficiency.methods import OURS, TITLES
from benchmarks.efficiency.mnasnet import MNASNET_TASKS
from benchmarks.efficiency.peer import PINS
from benchmarks.efficiency.share import Curves, needed
from benchmarks.efficiency.tasks import NOISY_TASK, TABLE_TASKS, Task
from benchmarks.efficiency.timing import Proposing

_INTRODUCTION = """\
# How few evaluations a search needs

    python -m benchmarks.search_efficiency --data DIR --peer-environments
    python -m benchmarks.search_efficiency --data DIR --processes 2
    python -m benchmarks.search_efficiency --data DIR --time
    python -m benchmarks.search_efficiency --data DIR --page

wrote this page. `DIR` is a folder with the public tables named in `NOTICE`. Every network of these
tables has been trained, so that a search of 200 evaluations costs seconds and its front can be
held against the true one.

![Share of the hypervolume by networks evaluated](search_efficiency.png)
"""

_RULES = """\
**The score** is the hypervolume of the networks evaluated so far as a share of the true front's:
error in per cent and the logarithm of each cost, each scaled to 0 to 1 over the whole table,
reference point 1.1 in each. No cost in the tables is zero, and nothing is clipped; cells of
NAS-Bench-201 that compute nothing are part of its table and of its front.

**What is counted** is networks evaluated for the first time. A network proposed again is answered
from memory and costs nothing, for every method; how often that happened is the column *repeats*. A
run ends after 200 networks, or after 500 proposals in a row without a new one. The TX2's latency
and energy are known for 12,554 of the 15,625 cells: a proposal of another cell is told the worst
value of each objective, free of charge.

**What each method is told.** `nas.ParetoSampler` is told errors in per cent and costs in
milliseconds, millijoules or MACs; it is handed a function from choices to costs, which is what
it is for. No other tool has a place for such a function. To leave them every other advantage, they
are told objectives on the scale of the score, whose ranges nobody knows before a real search.
Their settings are their defaults but for these: populations of 20 instead of 50 to 100, which
do better in 200 evaluations (Optuna's NSGA-II is shown with both); pymoo mutates one choice of
a network on average and picks parents by tournament; NNI's evolution has tournaments of 5,
mutates one choice on average, and its one metric is minus the sum of the objectives, or minus
the largest of them under weights drawn for each network. Syne Tune 0.16.0 takes a sorted list of
its population's indices for their ranks, so that its parents are as good as random; it is
shown as released, and with the ranks put right through its own argument. GPSampler is told that
its objective is deterministic; a run of it takes minutes of one core, and so it has fewer seeds.
Every method had one thread.
"""

_FEWER = """\
## How many times fewer

Evaluations after which the mean of `nas.ParetoSampler` has the share that the other's mean has
after 200.
"""

_TABLES = """
## Tables of trained networks

Means over seeds ± their standard errors; the best in bold.
"""

_BATCHES = """\
## Batches of 8

The share when 8 are asked for before any is told, and in brackets how much of the advantage over
the best other method that loses.
"""

_NOISE = """\
## When a training is repeated, accuracy changes

NAS-Bench-Macro trained every network three times. Here a search is told one of the three, drawn by
its seed. It shows the front by what it was told, and is scored by the mean of the three of what it
shows.
"""

_TIMING = """\
## Time to propose

One ask and tell in a study of so many random networks, one core of a shared x86-64 machine. The
first reads the whole study, as after a restart.
"""

Found = Mapping[tuple[str, str], Curves]
"""Curves by the names of task and method."""

CHECKPOINTS = (25, 50, 100, 200)
MNASNET_CHECKPOINTS = (50, 100, 200)


def page(tasks: Sequence[Task], found: Found, times: Sequence[Proposing], reference: str) -> str:
    """The whole page, from what has been run; `reference` says how mnasnet's fronts were found."""
    tasks = [task for task in tasks if any(name == task.name for name, _ in found)]
    tables = [task for task in tasks if task.name in TABLE_TASKS]
    spaces = [task for task in tasks if task.name in MNASNET_TASKS]
    noisy = [task for task in tasks if task.name == NOISY_TASK]
    runs = [one for curves in found.values() for one in curves.runs]
    parts = [
        _INTRODUCTION,
        _FEWER,
        fewer_table(tables, found),
        _TABLES,
        *(shares_table(task, found) + "\n" for task in tables),
        _RULES,
        _BATCHES,
        batches_table(tables, found),
        f"\n## A space too large to enumerate\n\n{reference}\n",
        fewer_table(spaces, found) + "\n",
        *(shares_table(task, found, MNASNET_CHECKPOINTS) + "\n" for task in spaces),
        _NOISE,
        *(shares_table(task, found) + "\n" for task in noisy),
        _TIMING,
        timing_table(times),
        "\n## Versions\n\n" + versions_line([one.version for one in runs]),
    ]
    return "\n".join(parts) + "\n"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def shares_table(task: Task, found: Found, checkpoints: Sequence[int] = CHECKPOINTS) -> str:
    """Mean share ± standard error of every method on one task, best at the last first."""
    present = [name for name in TITLES if (task.name, name) in found]
    ranked = sorted(present, key=lambda name: -found[task.name, name].mean[-1])
    best = {n: max(found[task.name, name].mean[n - 1] for name in present) for n in checkpoints}
    rows = []
    for name in ranked:
        curves = found[task.name, name]
        cells = []
        for n in checkpoints:
            mean, error = curves.mean[n - 1], curves.standard_error[n - 1]
            text = _share(mean) + ("" if np.isnan(error) else f" ± {error:.3f}")
            cells.append(f"**{text}**" if mean == best[n] else text)
        runs = curves.runs
        repeats = np.mean([one.repeats for one in runs])
        rows.append([TITLES[name], *cells, f"{repeats:.0f}", f"{len(runs)}"])
    heads = [*map(str, checkpoints), "repeats", "seeds"]
    return f"### {task.title}\n\n" + table(["share of the hypervolume after", *heads], rows)


def fewer_table(tasks: Sequence[Task], found: Found) -> str:
    """Evaluations that ours needs for what each peer reaches in 200, and how many times fewer."""
    ours = [task for task in tasks if (task.name, "pareto") in found]
    peers = [name for name in TITLES if name not in OURS]
    run_here = [name for name in peers if any((task.name, name) in found for task in ours)]
    rows = [[TITLES[name], *(_fewer(task, name, found) for task in ours)] for name in run_here]
    if ours:
        best = [max(run_here, key=lambda name: _last(task, name, found)) for task in ours]
        cells = [_fewer(task, name, found) for task, name in zip(ours, best, strict=True)]
        rows.append(["**the best of them**", *(f"**{cell}**" for cell in cells)])
    return table(["what this reaches in 200", *(_short(task) for task in ours)], rows)


def _short(task: Task) -> str:
    """What tells a task from the others of its section."""
    return task.title.partition(", ")[2]


def _last(task: Task, name: str, found: Found) -> float:
    curves = found.get((task.name, name))
    return 0.0 if curves is None else float(curves.mean[-1])


def _fewer(task: Task, peer: str, found: Found) -> str:
    if (task.name, peer) not in found:
        return "–"
    count = needed(found[task.name, "pareto"].mean, found[task.name, peer].mean[-1])
    return "not in 200" if count is None else f"{count} ({200 / count:.1f}×)"


def batches_table(tasks: Sequence[Task], found: Found) -> str:
    """How much of the advantage over the best peer is lost by asking for 8 at a time."""
    rows = []
    for task in tasks:
        if any((task.name, name) not in found for name in OURS):
            continue
        one, eight = (found[task.name, name].mean for name in OURS)
        cells = []
        for n in CHECKPOINTS:
            peer = max(
                curves.mean[n - 1]
                for (where, name), curves in found.items()
                if where == task.name and name not in OURS
            )
            # Nothing can be lost of an advantage that is not there.
            lost = (one[n - 1] - eight[n - 1]) / (one[n - 1] - peer) if one[n - 1] > peer else None
            cells.append(_share(eight[n - 1]) + ("" if lost is None else f" ({_signed(lost)})"))
        rows.append([_short(task), *cells])
    return table(["after", *map(str, CHECKPOINTS)], rows)


def timing_table(times: Sequence[Proposing]) -> str:
    """Milliseconds for one ask and tell."""
    rows = [
        [
            TITLES[one.method],
            one.task,
            f"{one.evaluations:,}",
            *(f"{ms:.0f}" for ms in (one.median_cpu_ms, one.longest_cpu_ms)),
            *(f"{ms:.0f}" for ms in (one.first_cpu_ms, one.median_wall_ms)),
        ]
        for one in times
    ]
    heads = ["median CPU ms", "longest of 20", "first", "median wall ms"]
    return table(["", "task", "evaluations so far", *heads], rows)


def versions_line(runs_versions: Sequence[str]) -> str:
    """What everything ran on."""
    ours = f"Python {platform.python_version()}, numpy {version('numpy')}"
    pins = "; ".join(" ".join(pins) for pins in PINS.values())
    return f"{ours}, {', '.join(sorted(set(runs_versions)))}; peers' environments hold {pins}."


def _signed(share: float) -> str:
    """In per cent, with a sign unless it rounds to nothing."""
    return f"{share:+.0%}" if abs(share) >= 0.005 else "0%"


def _share(value: float) -> str:
    """Three decimals, or four where three would say 1."""
    return f"{value:.4f}" if value >= 0.99 else f"{value:.3f}"
