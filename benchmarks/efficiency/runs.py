"""A method + a task + a seed → the networks it evaluated, in order, kept as a line of JSON.

What is counted: networks evaluated for the first time. A network proposed again is answered from
what is known and counts nothing, for every method. A code that the task has no network for is
told the worst value of each objective and counts nothing either, which is the kindest reading for
methods that have no notion of a missing network.

A run ends after its budget, or when a method proposes so many times in a row nothing new that it
has visibly converged; its curve then stays where it is.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from benchmarks.efficiency.tasks import Codes, Task, Values

BUDGET = 200
IDLE_PROPOSALS = 500
"""So many proposals in a row without a new network end a run."""


class Method(Protocol):
    """Proposes codes and learns what they are worth; one object is one run.

    `version` names the library that does it.
    """

    version: str

    def ask(self) -> Codes:
        """The next codes, at least one; shape (count, choices)."""
        ...

    def tell(self, codes: Codes, values: Values) -> None:
        """What the codes just asked are worth, in natural units; shape (count, objectives)."""
        ...

    def close(self) -> None:
        """The run is over."""
        ...


@dataclass(frozen=True, slots=True)
class Run:
    """What one run did.

    Args:
        method, task, seed: Which run.
        version: Of the library behind the method.
        codes: The networks evaluated, in order, each a string of digits.
        proposals: All that was proposed while that happened, repeats included.
        absent: Proposals that the task has no network for.
        repeats: Proposals of a network that the same run had already proposed.
        seconds: Time spent proposing and learning, evaluations left out.
    """

    method: str
    task: str
    seed: int
    version: str
    codes: tuple[str, ...]
    proposals: int
    absent: int
    repeats: int
    seconds: float


class _Told:
    """What a run has been told, and the counts that it reports."""

    def __init__(self, task: Task, seed: int, budget: int) -> None:
        self._task, self._seed, self._budget = task, seed, budget
        self.known: dict[tuple[int, ...], Values] = {}
        self.evaluated: list[tuple[int, ...]] = []
        self.proposals = self.repeats = self.absent = self.idle = 0

    @property
    def over(self) -> bool:
        return len(self.evaluated) >= self._budget or self.idle >= IDLE_PROPOSALS

    def answer(self, code: tuple[int, ...]) -> Values:
        self.proposals += 1
        self.idle += 1
        if code in self.known:
            self.repeats += 1
            return self.known[code]
        values: Values = self._task.told(np.array([code]), self._seed)[0]
        if np.isnan(values).any():
            self.absent += 1
            values = self._task.worst
        elif len(self.evaluated) < self._budget:
            self.evaluated.append(code)
            self.idle = 0
        self.known[code] = values
        return values


def run(name: str, method: Method, task: Task, seed: int, budget: int = BUDGET) -> Run:
    """Let a method spend its budget."""
    told = _Told(task, seed, budget)
    seconds = 0.0
    try:
        while not told.over:
            started = time.perf_counter()
            codes = method.ask()
            seconds += time.perf_counter() - started
            values = np.array([told.answer(tuple(map(int, code))) for code in codes])
            started = time.perf_counter()
            method.tell(codes, values)
            seconds += time.perf_counter() - started
    finally:
        method.close()
    written = tuple("".join(map(str, code)) for code in told.evaluated)
    return Run(
        *(name, task.name, seed, method.version, written),
        *(told.proposals, told.absent, told.repeats, round(seconds, 3)),
    )


def read_runs(file: Path) -> list[Run]:
    """Every run in a file; none if there is no file. Of runs done twice the last counts."""
    return list({(r.method, r.task, r.seed): r for r in _lines(file)}.values())


def _lines(file: Path) -> Iterator[Run]:
    if not file.is_file():
        return
    for line in file.read_text().splitlines():
        fields = json.loads(line)
        yield Run(**{**fields, "codes": tuple(fields["codes"])})


def append_run(file: Path, done: Run) -> None:
    """Add a run; one write, so that several processes may share the file."""
    line = json.dumps(asdict(done)) + "\n"
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(handle, line.encode())
    finally:
        os.close(handle)


def codes_of(done: Run) -> Codes:
    """The networks that a run evaluated; shape (count, choices)."""
    return np.array([[int(digit) for digit in code] for code in done.codes])


def seeds_done(runs: Sequence[Run], method: str, task: str) -> set[int]:
    """Which seeds of a method on a task are there."""
    return {one.seed for one in runs if (one.method, one.task) == (method, task)}
