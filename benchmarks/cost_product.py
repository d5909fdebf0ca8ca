"""A question → the product's answer: calibrated on the rows measured, with what it knew before."""

from __future__ import annotations

import numpy as np

from benchmarks.cost_runs import Answer, Question
from nas.cost.calibrate import fit_law
from nas.cost.model import Origin


def answer(question: Question) -> Answer:
    """Calibrate on the measured rows and estimate the others."""
    table = question.table
    law = fit_law(
        table.design[question.measured],
        table.columns[question.column].costs[question.measured],
        Origin.MEASURED,
    )
    mean = table.design[question.asked] @ np.nan_to_num(law.vector())
    return Answer(mean, *[np.full(len(mean), np.nan)] * 2)
