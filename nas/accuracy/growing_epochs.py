"""A fidelity → epochs that begin on fewer or smaller pictures, so that first reports come early.

What early stopping compares are reports after equal work. A training tells more of a network by
then if its work was all epochs on a part of the pictures, or on smaller ones, than if it was a
part of the epochs, or less: that depends on the pictures, so it is to be chosen.
"""

from __future__ import annotations

from dataclasses import replace
from typing import final

import numpy as np

from nas.accuracy.judges import Fidelity
from nas.accuracy.pruned_epochs import FULL_FROM, EpochPlan, Epochs

_FIRST_SIDE = 0.6
"""Of the whole side, in the first epoch; a picture then takes 0.36 of the work."""

_LEAST_SIDE, _SIDE_STEP = 16, 4


@final
class GrowingEpochs(Epochs):
    """Epochs whose work grows with the square of a share that rises to 1 in a line.

    Growing resolution is that of Tan and Le, EfficientNetV2, ICML 2021.

    Args:
        count: How many training pictures there are.
        fidelity: What is less at first; `epochs` for nothing.
        epochs: How many epochs are planned.
        resolution: That of the network, in pixels.
        seed: Of all that is random.
        skipped: Share of the well-learnt pictures that an epoch leaves out.
    """

    def __init__(
        self,
        count: int,
        *,
        fidelity: Fidelity,
        epochs: int,
        resolution: int,
        seed: int,
        skipped: float = 0.0,
    ) -> None:
        super().__init__(count, epochs=epochs, resolution=resolution, seed=seed, skipped=skipped)
        self._fidelity = fidelity
        self._joins = np.random.default_rng([seed]).permutation(count)  # which come first

    def plan(self, epoch: int) -> EpochPlan:
        """What an epoch trains on."""
        plan = super().plan(epoch)
        if self._fidelity == "resolution":
            return replace(plan, resolution=self._side(epoch))
        there = self._joins[plan.positions] < self.pictures(epoch)
        weights = None if plan.weights is None else plan.weights[there]
        return replace(plan, positions=plan.positions[there], weights=weights)

    def pictures(self, epoch: int) -> int:
        """How many pictures an epoch has to do with, those included that it skips."""
        count = len(self._joins)
        return round(count * self._share(epoch) ** 2) if self._fidelity == "pictures" else count

    def done(self, epochs: int) -> float:
        """The share of all work that is done after so many epochs, in [0, 1]."""
        works = [self._work(epoch) for epoch in range(self._epochs)]
        return 1.0 if epochs == self._epochs else sum(works[:epochs]) / sum(works)

    def _work(self, epoch: int) -> float:
        if self._fidelity == "resolution":
            return (self._side(epoch) / self._resolution) ** 2
        return self.pictures(epoch) / len(self._joins)

    def _share(self, epoch: int) -> float:
        if epoch >= self._epochs - 1:
            return 1.0
        return _FIRST_SIDE + (1 - _FIRST_SIDE) * min(1.0, epoch / (FULL_FROM * self._epochs))

    def _side(self, epoch: int) -> int:
        share = self._share(epoch)
        if share == 1:
            return self._resolution
        side = _SIDE_STEP * round(self._resolution * share / _SIDE_STEP)
        return min(self._resolution, max(_LEAST_SIDE, side))
