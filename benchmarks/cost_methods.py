"""A name → the method of that name and the version of the code behind it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np

import nas.cost
from benchmarks import cost_baselines, cost_product
from benchmarks.cost_bars import NETWORK_TABLES, Case
from benchmarks.cost_product import Product
from benchmarks.cost_runs import Answer, Method, Question

PRODUCT = "nas"
CEILING = "ceiling"

_FITTING = (
    *("features", "prior", "gaussian", "posterior", "bounds"),
    *("residual", "law", "fit", "calibrate"),
)
"""Modules of the product that decide what it predicts."""


def _plain(baseline: cost_baselines.Baseline) -> Method:
    def method(asked: Question) -> Answer:
        mean = baseline(asked.table, asked.column, asked.measured, asked.asked)
        return Answer(mean, *[np.full(len(mean), np.nan)] * 2)

    return method


def _ceiling(question: Question) -> Answer:
    """The better of two fits on all the other rows: about what the noise leaves possible."""
    column = question.table.columns[question.column]
    others = np.setdiff1d(column.known, question.asked)
    answers = [
        _plain(fit)(replace(question, measured=others))
        for fit in (cost_baselines.per_kernel, cost_baselines.additive)
    ]
    truth = column.costs[question.asked]
    return max(answers, key=lambda each: float((np.abs(each.mean / truth - 1) <= 0.1).mean()))


BASELINES: dict[str, Method] = {
    name: _plain(baseline) for name, baseline in cost_baselines.BASELINES.items()
}
METHODS = (PRODUCT, *BASELINES, CEILING)
"""Names of all methods."""


def find_methods(data: Path) -> dict[str, Method]:
    """Every method by name; the folder of public tables is what the product knows beforehand."""
    return {PRODUCT: Product(data), **BASELINES, CEILING: _ceiling}


def applies(name: str, case: Case) -> bool:
    """Whether a method can answer a case."""
    if name == "one-hot ridge":
        return case.table in NETWORK_TABLES
    return name != CEILING or (case.bar == 2 and case.seed == 0)


def version_of(name: str) -> str:
    """Changes when the code behind a method does."""
    package = Path(nas.cost.__path__[0])
    product = [*(package / f"{module}.py" for module in _FITTING), Path(cost_product.__file__)]
    files = product if name == PRODUCT else [Path(cost_baselines.__file__)]
    content = b"".join(file.read_bytes() for file in files)
    return hashlib.sha256(content).hexdigest()[:12]
