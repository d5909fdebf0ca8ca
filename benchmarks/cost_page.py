"""Runs of the cost benchmarks → the page that tells them."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.cost_bars import FAMILIES
from benchmarks.cost_runs import Run
from benchmarks.cost_summary import SUMMARIES, Summary
from benchmarks.efficiency.page import table

_INTRODUCTION = """\
# How well costs are predicted

    OMP_NUM_THREADS=1 python -m benchmarks.cost_models --data DIR
    python -m benchmarks.cost_models --data DIR --page

wrote this page. `DIR` is a folder with the public tables named in `NOTICE`. Figures are means over
columns, then over random draws ± the standard error of the draws; with one draw there is none.
"""

_METHODS = """\
## What is compared

- **nas**: `nas.cost.calibrate`, under a prior learned from every device of these tables but those
  left out. Groups of rows are put together in fives (of more than 5,000 rows, in halves) for its
  own hold-out, which it uses to decide on the smooth part and to widen its intervals.
- **MACs**: a cost per call and a cost per MAC, neither negative.
- **one-hot ridge**: ridge over the choices of the space, its penalty by leaving one out.
- **additive**: non-negative regression on calls, MACs, elements read and written, and weights of
  each kind of kernel, without any knowledge of other devices: the first model of this product.

All are fitted on the same rows and asked for the same rows, at most 1,000. Families of devices,
left out as a whole:
"""

_AFTER: dict[int, str] = {
    1: """\
"Its maker" leaves out every device of the same maker, "its family" those of the same generation.
HELP's figures are its published ones on the same sums, after 10 measurements of the device.
""",
    2: """\
"A fit on all other rows" is the better of a cost for each distinct kernel and the additive
regression, each fitted on thousands of rows: what it misses is mostly noise, so that columns in
which it misses more than a tenth tell little of a model.
""",
    4: """\
Each family has an activation of its own in that table, so that without its networks nothing says
what its activation costs: ranks survive, times do not. `host_calibration.md` measures parts of
networks as well, which is what helps.
""",
    5: """\
A fifth of the shapes is held out, up to 1,000 of them are asked for, and all others are measured.
Each batch is a model of its own, as a device's models are. Only the first campaign counts: the
second, fp16 alone, disagrees with it by a factor of 2.6 where both have a row.
""",
}


def page(runs: Sequence[Run]) -> str:
    """The whole page."""
    parts = [_INTRODUCTION, _METHODS + "\n" + _families()]
    for bar, summarise in SUMMARIES.items():
        parts += [section(summary) for summary in summarise(runs) if summary.rows]
        if bar in _AFTER:
            parts.append(_AFTER[bar])
    return "\n".join(parts)


def section(summary: Summary) -> str:
    """One table under its heading."""
    return f"## {summary.title}\n\n{table(summary.heads, summary.rows)}\n"


def _families() -> str:
    rows = [(name, ", ".join(devices)) for name, devices in FAMILIES.items()]
    return table(("family", "devices"), rows) + "\n"
