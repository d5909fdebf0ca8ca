"""A case + a method → how well it predicted, kept as a line of JSON."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from benchmarks.cost_bars import Case, Rows
from benchmarks.cost_table import CostTable, Floats


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What a method is asked.

    Args:
        table, column: What was measured.
        measured: Rows whose costs it may look at.
        asked: Rows whose costs it must predict.
        left_out: Devices that it must know nothing of.
        by_group: Whether the rows asked for are of other groups than those measured.
    """

    table: CostTable
    column: str
    measured: Rows
    asked: Rows
    left_out: frozenset[str]
    by_group: bool


class Answer(NamedTuple):
    """Predicted costs of the rows asked for, and their 90% intervals: NaN where there are none."""

    mean: Floats
    low: Floats
    high: Floats


Method = Callable[[Question], Answer]


@dataclass(frozen=True, slots=True)
class Run:
    """How well a method answered one case.

    Args:
        case: Which.
        method: By name.
        version: Of the code behind the method.
        measured, asked: Numbers of rows.
        spearman: Rank correlation; 0 where all predictions are equal.
        median: Median absolute error, relative to what was measured.
        within_5_percent, within_10_percent: Shares of rows.
        covered: Share of rows inside the 90% interval, where there is one.
        seconds: Fitting and predicting.
    """

    case: Case
    method: str
    version: str
    measured: int
    asked: int
    spearman: float
    median: float
    within_5_percent: float
    within_10_percent: float
    covered: float | None
    seconds: float


def run(case: Case, table: CostTable, name: str, method: Method, version: str) -> Run:
    """Let a method answer a case; answers to rows held out in turn are taken together."""
    column = table.columns[case.column]
    left_out = case.left_out(column.device)
    splits = case.splits(table)
    started = time.perf_counter()
    answers = [
        method(Question(table, case.column, measured, asked, left_out, case.by_group))
        for measured, asked in splits
    ]
    seconds = time.perf_counter() - started
    asked = np.concatenate([asked for _, asked in splits])
    mean, low, high = (np.concatenate(parts) for parts in zip(*answers, strict=True))
    truth = column.costs[asked]
    error = np.abs(mean / truth - 1)
    inside = (low <= truth) & (truth <= high)
    return Run(
        *(case, name, version, len(splits[0][0]), len(asked)),
        rank_correlation(mean, truth),
        float(np.median(error)),
        *(float((error <= share).mean()) for share in (0.05, 0.10)),
        None if np.isnan(low).any() else float(inside.mean()),
        round(seconds, 3),
    )


def rank_correlation(predicted: Floats, truth: Floats) -> float:
    """Spearman's; 0 where there is nothing to rank."""
    ranks = [rankdata(values) - (len(values) + 1) / 2 for values in (predicted, truth)]
    length = float(np.sqrt((ranks[0] ** 2).sum() * (ranks[1] ** 2).sum()))
    return float(ranks[0] @ ranks[1]) / length if length else 0.0


def read_runs(file: Path) -> list[Run]:
    """Every run in a file; of runs done twice the last counts, torn lines do not."""
    runs = {}
    for line in file.read_text().splitlines() if file.is_file() else ():
        try:
            fields = json.loads(line)
        except ValueError:
            continue  # the last line of an interrupted run
        one = Run(**{**fields, "case": Case(**fields["case"])})
        runs[one.case, one.method] = one
    return list(runs.values())


def append_run(file: Path, done: Run) -> None:
    """Add a run; one write, so that several processes may share the file."""
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(handle, (json.dumps(asdict(done)) + "\n").encode())
    finally:
        os.close(handle)
