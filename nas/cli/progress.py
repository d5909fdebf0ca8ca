"""Progress of a study → a line that a terminal keeps up to date, or plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as ProgressBars
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from nas.cli.output import err, note

if TYPE_CHECKING:
    from nas.search.progress import Progress

_BLOCKS = "▁▂▃▄▅▆▇█"
_BAR_WIDTH = 20
_BETWEEN_LINES_S = 10.0


@contextmanager
def show_progress(title: str) -> Iterator[Callable[[Progress], None]]:
    """Show how a study goes for as long as the context lasts, on standard error.

    On a terminal the lines stay in place; elsewhere one is added about every ten seconds, and
    one at the end.
    """
    if err.is_terminal:
        with Live(console=err, auto_refresh=False) as live:
            yield lambda progress: live.update(_bar(title, progress), refresh=True)
        return
    lines = _Lines(title)
    try:
        yield lines.show
    finally:
        lines.end()


@contextmanager
def show_steps() -> Iterator[Callable[[str, float], None]]:
    """Show how far work is that comes before or beside a study, on standard error.

    What is told is what is done, and the share of it that is done.
    """
    left = _Left()
    if not err.is_terminal:
        yield _Steps(left).show
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(_BAR_WIDTH),
        TextColumn("{task.fields[left]}"),
    )
    with ProgressBars(*columns, console=err, transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def show(doing: str, share: float) -> None:
            if doing not in tasks:
                tasks[doing] = bars.add_task(doing, total=1.0, left="")
            bars.update(tasks[doing], completed=share, left=left.words(doing, share))

        yield show


class _Left:
    """The time that steps will take, as what this process saw of them took so far.

    What an earlier process did of a step says nothing of its pace.
    """

    def __init__(self) -> None:
        self._began: dict[str, tuple[float, float]] = {}

    def words(self, doing: str, share: float) -> str:
        """Such as "about 5 min left"; nothing while nothing is known."""
        now = time.monotonic()
        began, before = self._began.setdefault(doing, (now, share))
        if not before < share < 1:
            return ""
        return f"about {duration((now - began) / (share - before) * (1 - share))} left"


class _Steps:
    """A plain line for each step that takes its time, about every ten seconds."""

    def __init__(self, left: _Left) -> None:
        self._left, self._said_at = left, time.monotonic()

    def show(self, doing: str, share: float) -> None:
        """Add a line if it is time."""
        left = self._left.words(doing, share)
        if time.monotonic() - self._said_at < _BETWEEN_LINES_S:
            return
        note(f"{doing}: {share:.0%}{left and ', '}{left}")
        self._said_at = time.monotonic()


class _Lines:
    """Plain lines, seldom."""

    def __init__(self, title: str) -> None:
        self._title, self._said_at, self._said, self._last = title, 0.0, "", ""

    def show(self, progress: Progress) -> None:
        """Add a line if it is time."""
        if not self._last and progress.why:
            note(f"{self._title}: {way(progress)}")
        self._last = one_line(self._title, progress)
        if progress.ended and time.monotonic() - self._said_at >= _BETWEEN_LINES_S:
            self.end()

    def end(self) -> None:
        """Add the last line, unless it was said or nothing began."""
        if self._last != self._said:
            note(self._last)
            self._said, self._said_at = self._last, time.monotonic()


def one_line(title: str, progress: Progress) -> str:
    """All that matters, in a line: counts, front, what it took, and how long it will."""
    parts = [f"{title}: {_done(progress)}"]
    parts += [
        f"{count:,} {word}"
        for count, word in (
            (progress.running, "running"),
            (progress.stopped, "stopped early"),
            (progress.failed, "failed"),
        )
        if count
    ]
    parts.append(f"front {progress.front:,}")
    if spent := _spent(progress):
        parts.append(f"spent {spent}")
    if progress.ending:
        parts.append(f"ended: {progress.ending}")
    if progress.left_s is not None and not progress.done:
        parts.append(f"about {duration(progress.left_s)} left")
    return ", ".join(parts)


def _bar(title: str, progress: Progress) -> RenderableType:
    """The same for a terminal: a bar, and below it how the front grew and how it is searched."""
    first = Table.grid(padding=(0, 1))
    bar = ProgressBar(total=1.0, completed=progress.share, width=_BAR_WIDTH)
    first.add_row(bar, Text(one_line(title, progress)))
    below = f"{sparkline(progress.curve)} {way(progress) if progress.why else ''}"
    return Group(first, Text(below.strip()))


def way(progress: Progress) -> str:
    """How the study is searched, and why."""
    if progress.mode == "direct":
        return f"searched directly ({progress.why})"
    return f"each network chosen by a surrogate, evaluated {_where(progress)} ({progress.why})"


def sparkline(curve: Sequence[float]) -> str:
    """A curve from its least to its greatest as a row of blocks."""
    if not curve:
        return ""
    low, span = min(curve), max(curve) - min(curve)
    steps = [round((value - low) / span * (len(_BLOCKS) - 1)) if span else 0 for value in curve]
    return "".join(_BLOCKS[step] for step in steps)


def duration(seconds: float) -> str:
    """A time span for people: 40 s, 5 min, 2 h 05 min, 3 d 04 h."""
    minutes = round(seconds / 60)
    if seconds < 100:
        return f"{seconds:.0f} s"
    if minutes < 100:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02} min"
    return f"{hours // 24} d {hours % 24:02} h"


def _where(progress: Progress) -> str:
    return "on Ray" if progress.runner == "Ray" else "in this process"


def _done(progress: Progress) -> str:
    """How much, of the goal or in the time, whichever limit is nearer."""
    if progress.by_time and progress.limit_s is not None:
        passed = f"{duration(progress.elapsed_s)} of {duration(progress.limit_s)}"
        return f"{progress.ended:,} {_verb(progress)} in {passed}"
    return f"{progress.ended:,}/{progress.goal:,} {_verb(progress)}"


def _verb(progress: Progress) -> str:
    return "evaluated" if progress.scored is None else "scored"


def _spent(progress: Progress) -> str:
    """What evaluations took: never a zero for what nobody measured."""
    words, times = [], {"wall_s": "of work", "cpu_s": "of a core", "gpu_s": "of a GPU"}
    for name, amount in sorted(progress.spent.items()):
        if name in times:
            words.append(f"{duration(amount)} {times[name]}")
        elif name == "energy_j":
            words.append(f"{amount / 3.6e6:.3g} kWh" if amount >= 3.6e5 else f"{amount:.3g} J")
        else:
            words.append(f"{amount:.4g} {name}")
    return ", ".join(words)
