"""Public tables of trained networks → tasks: choices, what each network measures, and the score.

A task is a finite product of choices, a function from codes (one integer per choice) to natural
values, and a scale on which fronts are compared. The first objective is the error in per cent;
the others are costs, known without training. Every objective is better when less.

Why the logarithm of costs: people weigh costs by their ratios, half the latency rather than 3 ms
less. No cost in the tables is zero, so nothing is clipped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import moocore
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nas.errors import InputError
from nas.space.tables import MACRO_OPERATIONS

Codes = NDArray[np.int64]
Values = NDArray[np.float64]
Choices = tuple[tuple[str | int | float, ...], ...]

REFERENCE = 1.1
"""Where each scaled objective is bounded from above when a front is measured."""

NOISY_TASK = "macro-macs-noisy"
OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
"""NAS-Bench-201's operations, in the order of its paper."""


@dataclass(frozen=True, eq=False)
class Task:
    """What a method is set to search, and how its findings are scored.

    Args:
        name: For the command line and the record of runs.
        title: For people.
        choices: The values of each choice, as a person would declare them; codes index them.
        objectives: The error, then the costs.
        errors: Codes (count, choices) → errors (count,), NaN where there is no such network.
        costs: Codes → costs (count, costs) in natural units, NaN where there is no such network.
        low, high: The range of each scaled objective before it is brought to 0 to 1.
        best: Hypervolume of the reference front, scaled.
        noisy_errors: Codes and a seed → what a search is told instead of `errors`, where noise
            stands between it and the truth.
    """

    name: str
    title: str
    choices: Choices
    objectives: tuple[str, ...]
    errors: Callable[[Codes], Values]
    costs: Callable[[Codes], Values]
    low: Values
    high: Values
    best: float
    noisy_errors: Callable[[Codes, int], Values] | None = None

    @property
    def counts(self) -> tuple[int, ...]:
        """How many values each choice has."""
        return tuple(map(len, self.choices))

    def evaluate(self, codes: Codes) -> Values:
        """The truth; (count, objectives) in natural units, NaN where there is no such network."""
        return np.column_stack([self.errors(codes), self.costs(codes)])

    def told(self, codes: Codes, seed: int) -> Values:
        """What a search with that seed is told of codes; as `evaluate`, but for the noise."""
        if self.noisy_errors is None:
            return self.evaluate(codes)
        return np.column_stack([self.noisy_errors(codes, seed), self.costs(codes)])

    def scaled(self, values: Values) -> Values:
        """Natural values on the scale of the score: each objective from 0 to 1, costs in log."""
        return (logged(values) - self.low) / (self.high - self.low)

    @property
    def worst(self) -> Values:
        """The worst natural value of each objective."""
        return np.concatenate([self.high[:1], np.exp(self.high[1:])])


def logged(values: Values) -> Values:
    """Errors as they are, costs as logarithms."""
    return np.concatenate([values[:, :1], np.log(values[:, 1:])], axis=1)


def volume(scaled: Values) -> float:
    """Hypervolume of scaled values up to `REFERENCE` in each objective."""
    inside = scaled[(scaled < REFERENCE).all(axis=1)]
    if len(inside) == 0:
        return 0.0
    return float(moocore.hypervolume(inside, ref=np.full(inside.shape[1], REFERENCE)))


def table_task(
    name: str,
    title: str,
    choices: Choices,
    objectives: Sequence[str],
    codes: Codes,
    values: Values,
) -> Task:
    """A task over the rows of a table that know all objectives; the others are not in it."""
    complete = np.isfinite(values).all(axis=1)
    codes, values = codes[complete], values[complete]
    if (values[:, 1:] <= 0).any():
        raise InputError(
            f"costs of {name} must be above 0, their logarithm is compared; got "
            f"{values[:, 1:].min():g}; leave such rows out"
        )
    counts = tuple(map(len, choices))
    by_code = np.full((int(np.prod(counts)), values.shape[1]), np.nan)
    by_code[_index(codes, counts)] = values
    low, high = logged(values).min(axis=0), logged(values).max(axis=0)
    return Task(
        *(name, title, choices, tuple(objectives)),
        errors=lambda asked: by_code[_index(asked, counts), 0],
        costs=lambda asked: by_code[_index(asked, counts), 1:],
        low=low,
        high=high,
        best=volume((logged(values) - low) / (high - low)),
    )


def _index(codes: Codes, counts: tuple[int, ...]) -> NDArray[np.int64]:
    """Where each code stands among all."""
    index: NDArray[np.int64] = np.ravel_multi_index(tuple(codes.T), counts)
    return index


def macro_rows(data: Path) -> tuple[Codes, pd.DataFrame]:
    """NAS-Bench-Macro: codes (6561, 8) and the table."""
    frame = pd.read_csv(
        data / "nas_bench_macro/nas_bench_macro_cifar10.csv.gz", dtype={"arch": str}
    )
    return np.array([[int(digit) for digit in arch] for arch in frame["arch"]]), frame


def macro_task(data: Path) -> Task:
    """NAS-Bench-Macro: error (mean of three trainings) against MACs."""
    codes, frame = macro_rows(data)
    values = np.column_stack([100 - frame["mean_acc"], frame["flops"]]).astype(float)
    return table_task(
        *("macro-macs", "NAS-Bench-Macro, MACs", (MACRO_OPERATIONS,) * 8),
        *(("error_pct", "macs"), codes, values),
    )


def noisy_macro_task(data: Path) -> Task:
    """The same, told one training of the three, drawn by the seed; scored by their mean."""
    codes, frame = macro_rows(data)
    exact = macro_task(data)
    trainings = np.empty((len(codes), 3))
    trainings[_index(codes, exact.counts)] = 100 - frame[["acc_run0", "acc_run1", "acc_run2"]]

    def noisy_errors(asked: Codes, seed: int) -> Values:
        drawn = np.random.default_rng([seed, 1]).integers(3, size=len(trainings))
        index = _index(asked, exact.counts)
        return trainings[index, drawn[index]]

    title = "NAS-Bench-Macro, MACs, one training each"
    return replace(exact, name=NOISY_TASK, title=title, noisy_errors=noisy_errors)


_CELL_COSTS = {
    "nb201-pixel3": ("NAS-Bench-201, Pixel 3 latency", ("pixel3_ms",)),
    "nb201-raspi4": ("NAS-Bench-201, Raspberry Pi 4 latency", ("raspi4_ms",)),
    "nb201-eyeriss": ("NAS-Bench-201, Eyeriss latency", ("eyeriss_ms",)),
    "nb201-tx2": ("NAS-Bench-201, TX2 latency and energy", ("edgegpu_ms", "edgegpu_mj")),
}


def cell_code(arch: str) -> tuple[int, ...]:
    """NAS-Bench-201's `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|` → an operation per edge."""
    edges = [edge for node in arch.split("+") for edge in node.strip("|").split("|")]
    return tuple(OPERATIONS.index(edge.split("~")[0]) for edge in edges)


def cell_task(data: Path, name: str) -> Task:
    """NAS-Bench-201: CIFAR-100 error against the costs of one device."""
    title, costs = _CELL_COSTS[name]
    frame = pd.read_csv(data / "nasbench201/nasbench201.csv.gz")
    codes = np.array([cell_code(arch) for arch in frame["arch_str"]])
    values = np.column_stack([100 - frame["acc_cifar100"], frame[list(costs)]]).astype(float)
    return table_task(name, title, (OPERATIONS,) * 6, ("error_pct", *costs), codes, values)


TABLE_TASKS = ("macro-macs", *_CELL_COSTS)


def find_table_task(data: Path, name: str) -> Task:
    """A task by name.

    Raises:
        InputError: if there is none of that name.
    """
    if name == "macro-macs":
        return macro_task(data)
    if name == NOISY_TASK:
        return noisy_macro_task(data)
    if name in _CELL_COSTS:
        return cell_task(data, name)
    known = ", ".join((*TABLE_TASKS, NOISY_TASK))
    raise InputError(f"a table task must be one of {known}; got {name!r}; choose one of these")
