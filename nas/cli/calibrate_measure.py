"""Minutes → a log of this machine, its progress on the terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from nas.cli.calibration import sources
from nas.cli.output import err, note
from nas.cli.progress import duration
from nas.cost.artefact import file_name
from nas.cost.log import MeasurementLog, read_log
from nas.cost.model import ModelKey
from nas.measure.bench import Bench, Failure
from nas.measure.campaign import Campaign, Step
from nas.measure.candidates import pool
from nas.resources import own_logs

_BAR_WIDTH = 20
_BETWEEN_LINES_S = 10.0
_SHORT = 60


def measure_here(
    key: ModelKey, minutes: float, log: Path | None, spaces: Sequence[str] | None, *, energy: bool
) -> MeasurementLog:
    """Measure this machine for some minutes, earlier runs on the same log included.

    Args:
        key: What to measure.
        minutes: Time for all runs on the log together.
        log: Where measurements go; without it, a file in the person's own folder.
        spaces: Whose networks; without it, all shipped ones and the references.
        energy: Whether to count energy as well.

    Raises:
        InputError: if the runtime cannot be used, or the log is of something else.
    """
    file = log or own_logs() / key.device / f"{Path(file_name(key)).stem}.csv"
    note(f"measuring {key} into {file}")
    failures = _Failures()
    with Bench(key, metered=energy) as bench, _progress() as show:
        if bench.no_meter and energy:
            note(f"no energy is counted: {bench.no_meter}")

        def watch(step: Step) -> None:
            failures.count(step)
            show(step)

        Campaign(
            bench,
            key,
            pool(sources(spaces), with_references=not spaces),
            file,
            minutes * 60,
            watch=watch,
        ).run()
    failures.report()
    return read_log(file)


class _Failures:
    """What could not be measured, or only with much noise."""

    def __init__(self) -> None:
        self._failed: list[str] = []
        self._noisy = self._measured = 0

    def count(self, step: Step) -> None:
        """Take in one measurement."""
        if isinstance(step.outcome, Failure):
            self._failed.append(f"{step.name[:_SHORT]}...: {step.outcome.reason}")
        else:
            self._measured += 1
            self._noisy += not step.outcome.reading.settled

    def report(self) -> None:
        """Say it, if there is anything to say."""
        if self._noisy:
            note(
                f"{self._noisy} of {self._measured} measurements did not settle: something else "
                "is running; their spread is in the log"
            )
        for failure in self._failed:
            note(f"not measured: {failure}")


@contextmanager
def _progress() -> Iterator[Callable[[Step], None]]:
    """On a terminal a bar in place; elsewhere a line about every ten seconds."""
    if err.is_terminal:
        with Live(console=err, auto_refresh=False) as live:
            yield lambda step: live.update(_bar(step), refresh=True)
        return
    said_at = time.monotonic()

    def show(step: Step) -> None:
        nonlocal said_at
        if time.monotonic() - said_at >= _BETWEEN_LINES_S:
            said_at = time.monotonic()
            note(_line(step))

    yield show


def _line(step: Step) -> str:
    """All that matters, in a line."""
    parts = [
        f"{duration(step.spent_s)} of {duration(step.budget_s)}",
        f"{step.measured} networks",
    ]
    if step.recent_error is not None:
        parts.append(f"latest predictions off by {step.recent_error:.1%}")
    if not isinstance(step.outcome, Failure):
        reading = step.outcome.reading
        parts.append(f"{reading.latency_ms:.3g} ms ± {reading.spread:.1%}")
    return ", ".join(parts)


def _bar(step: Step) -> Table:
    table = Table.grid(padding=(0, 1))
    done = min(step.spent_s, step.budget_s)
    bar = ProgressBar(total=step.budget_s, completed=done, width=_BAR_WIDTH)
    table.add_row(bar, Text(_line(step)))
    return table
