"""Rows of an additive and pairwise function of seven factors, seen through a bent scale."""

from __future__ import annotations

import numpy as np

from nas.accuracy.fit import FitSettings, fit
from nas.accuracy.interactions import Floats, InteractionModel, Levels
from nas.accuracy.levels import Factor

NOISE = 0.05
FACTORS = tuple(
    Factor(levels=levels, group=f"stage{stage}", kind=kind, absent=absent)
    for stage, absent in ((1, None), (2, 0), (3, None))
    for kind, levels in (("depth", 3), ("kernel", 4))
)
SETTINGS = FitSettings(folds=4, iterations=60)


def draw(count: int, *, seed: int) -> tuple[Levels, Floats]:
    """Levels of shape (count, factors) and the quantity, between about 40 and 70."""
    rng = np.random.default_rng(seed)
    levels = np.stack([rng.integers(0, f.levels, count) for f in FACTORS], axis=1)
    effects = np.random.default_rng(99)  # the same function whatever the rows
    signal = np.zeros(count)
    tables = [effects.normal(0, 0.4, f.levels) for f in FACTORS]
    for index, factor in enumerate(FACTORS):
        if factor.absent is not None:  # its presence as such is the depth's to explain
            present = np.arange(factor.levels) != factor.absent
            tables[index] = np.where(present, tables[index] - tables[index][present].mean(), 0)
        signal += tables[index][levels[:, index]]
    for first, second in ((0, 1), (2, 4), (1, 5)):
        signal += tables[first][levels[:, first]] * tables[second][levels[:, second]]
    noisy = signal + rng.normal(0, NOISE, count)
    return levels.astype(np.intp), 70 - 10 * np.exp(-noisy / 2)


def fitted() -> InteractionModel:
    """The model of 500 rows."""
    levels, quantity = draw(500, seed=0)
    return fit(levels, quantity, factors=FACTORS, settings=SETTINGS)
