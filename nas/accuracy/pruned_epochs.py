"""What is known of each picture → which of them an epoch trains on, with which weights.

Unbiased dynamic data pruning (InfoBatch; Qin et al., ICLR 2024): of the pictures whose last loss
is below the mean, a random half is skipped in each epoch, and the gradients of those kept are
scaled up so that their expectation stays. The last epochs train on everything.

Why nothing else: `benchmarks/efficient_training.md` compares it with harder pruning, selective
backpropagation and progressive resolution.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nas.images.pictures import Indices

Floats = NDArray[np.float32]

SKIPPED = 0.5
"""Share of the well-learnt pictures that an epoch of an efficient training leaves out."""

FULL_FROM = 0.85
"""Share of the epochs after which nothing is left out."""


@dataclass(frozen=True, slots=True, eq=False)
class EpochPlan:
    """One pass.

    Args:
        positions: Which training pictures, in which order; positions in the list of them.
        weights: Of their losses, in the same order; None where all are 1.
        resolution: In pixels.
    """

    positions: Indices
    weights: Floats | None
    resolution: int


class Curriculum(Protocol):
    """Says what each epoch trains on. What it learns counts from the next epoch on."""

    def turn(self) -> None:
        """An epoch begins: what was learnt before counts now."""
        ...

    def plan(self, epoch: int) -> EpochPlan:
        """What epoch `epoch` (from 0) trains on; the same until the next turn."""
        ...

    def learn(self, positions: Indices, losses: Floats) -> None:
        """The losses of pictures that were just trained on."""
        ...

    def state(self) -> Mapping[str, Tensor]:
        """What a checkpoint must hold."""
        ...

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from what `state` gave."""
        ...


class Epochs:
    """A curriculum over `count` pictures in random order, with or without pruning.

    Args:
        count: How many training pictures there are.
        epochs: How many epochs are planned.
        resolution: That of the network, in pixels.
        seed: Of all that is random.
        skipped: Share of the well-learnt pictures that an epoch leaves out.
    """

    def __init__(
        self, count: int, *, epochs: int, resolution: int, seed: int, skipped: float = 0.0
    ) -> None:
        self._epochs, self._resolution = epochs, resolution
        self._seed, self._skipped = seed, skipped
        # Nothing is known at first: infinite losses are never below the mean.
        self._losses = np.full(count, np.inf, dtype=np.float32)
        self._fresh = self._losses.copy()

    def turn(self) -> None:
        """An epoch begins: what was learnt before counts now."""
        self._losses = self._fresh.copy()

    def plan(self, epoch: int) -> EpochPlan:
        """What epoch `epoch` (from 0) trains on."""
        rng = np.random.default_rng([self._seed, epoch])
        order = rng.permutation(len(self._losses))
        known = np.isfinite(self._losses)
        if self._skipped == 0 or epoch >= FULL_FROM * self._epochs or not known.any():
            return EpochPlan(order, None, self._resolution)
        learnt = self._losses < self._losses[known].mean()
        skipped = learnt & (rng.random(len(learnt)) < self._skipped)
        weights = np.where(learnt, 1 / (1 - self._skipped), 1).astype(np.float32)
        order = order[~skipped[order]]
        return EpochPlan(order, weights[order], self._resolution)

    def learn(self, positions: Indices, losses: Floats) -> None:
        """The losses of pictures that were just trained on."""
        self._fresh[positions] = losses

    def state(self) -> Mapping[str, Tensor]:
        """What a checkpoint must hold."""
        return {"losses": torch.from_numpy(self._losses), "fresh": torch.from_numpy(self._fresh)}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from what `state` gave."""
        self._losses, self._fresh = state["losses"].numpy(), state["fresh"].numpy()
