"""A question → the product's answer: calibrated on the rows measured, with what it knew before.

What it knows before is the prior of every other public device, that of the question and its
relatives left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache, cached_property
from pathlib import Path

import numpy as np

from benchmarks.cost_runs import Answer, Question
from benchmarks.cost_table import Column, CostTable, Floats
from benchmarks.cost_tables import TABLES, find_table
from nas.cost.calibrate import calibrate
from nas.cost.features import features, run_features
from nas.cost.fit import Sample
from nas.cost.law import NORMAL_90, Law
from nas.cost.model import ModelKey
from nas.cost.prior import Prior, learn_prior

_KNOWN = tuple(name for name in TABLES if name != "lut_sums")  # these are known as blocks
_ROWS = 2000  # of a column, behind the prior: more change nothing

_GROUPS = 5
_MANY = (5000, 2)  # of more rows, so many: each fit takes half a minute


class Product:
    """Answers by calibrating as a person would.

    Args:
        data: The folder of public tables, behind the prior.
    """

    def __init__(self, data: Path) -> None:
        self._data = data
        self.prior = cache(self._prior)

    @cached_property
    def _known(self) -> dict[str, tuple[Column, Floats, Floats]]:
        """By name a column, summed features of some of its networks, and their costs."""
        known = {}
        for table in (find_table(name, self._data) for name in _KNOWN):
            design = table.counts @ features(table.signatures)
            runs = run_features(table.networks)
            for name, column in table.columns.items():
                rows = np.random.default_rng(0).permutation(column.known)[:_ROWS]
                summed = design[rows] + runs[rows] * column.what.per_run
                known[f"{table.name} {name}"] = (column, summed, column.costs[rows])
        return known

    def _prior(self, left_out: frozenset[str]) -> Prior:
        return learn_prior(
            {
                name: (design, costs)
                for name, (column, design, costs) in self._known.items()
                if column.device not in left_out
            }
        )

    def __call__(self, question: Question) -> Answer:
        """Calibrate on the measured rows and estimate the others."""
        table, column = question.table, question.table.columns[question.column]
        is_energy = column.unit == "mJ"
        latency = question.column.removesuffix("_energy")
        energy = question.column if is_energy else None
        rows = table.rows(latency, energy, among=question.measured)
        groups = _few_groups([row.group if question.by_group else row.name for row in rows])
        calibrated = calibrate(
            [replace(row, group=group) for row, group in zip(rows, groups, strict=True)],
            key_of(column),
            per_run=column.what.per_run,
            prior=self.prior(question.left_out),
        )
        law = calibrated.model.energy if is_energy else calibrated.model.latency
        assert law is not None
        return predict(law, table, question.asked)


def _few_groups(names: Sequence[str]) -> list[str]:
    """Groups put together: a calibration refits for every group, and there are many of them."""
    most, few = _MANY
    groups = _GROUPS if len(names) <= most else few
    number = {name: index % groups for index, name in enumerate(sorted(set(names)))}
    return [str(number[name]) for name in names]


def key_of(column: Column) -> ModelKey:
    """What a model of a column is for; throughputs are at a batch that the source does not say."""
    return ModelKey(column.device, column.runtime, column.precision, column.batch or 1, None)


def predict(law: Law, table: CostTable, asked: Sequence[int]) -> Answer:
    """Costs of networks with their 90% intervals, all at once."""
    sample = Sample.of([table.networks[row] for row in asked], per_run=law.per_run)
    mean, deviations = law.predict(sample.signatures, sample.counts, sample.runs)
    half = NORMAL_90 * law.widening * deviations
    return Answer(mean, np.maximum(mean - half, 0.0), mean + half)
