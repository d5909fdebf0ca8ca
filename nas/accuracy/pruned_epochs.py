"""What is known of each picture → which of them an epoch trains on, with which weights.

Unbiased dynamic data pruning (InfoBatch; Qin et al., ICLR 2024): of the pictures whose last loss
is below the mean, a random share is skipped in each epoch, and the gradients of those kept are
scaled up so that their expectation stays. Progressive resolution (Tan & Le, EfficientNetV2, ICML
2021): epochs begin on smaller pictures. The last epochs train on everything at full size.
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

_STEP_PIXELS = 4
_LEAST_PIXELS = 16


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


@dataclass(frozen=True, slots=True)
class Saving:
    """How work is saved; without arguments, not at all.

    Args:
        skipped: Share of the well-learnt pictures that an epoch leaves out.
        first_size: First resolution as a share of the last.
        full_from: Share of the epochs after which nothing is saved.
    """

    skipped: float = 0.0
    first_size: float = 1.0
    full_from: float = 0.85


PLAIN = Saving()
PRUNED = Saving(skipped=0.5)
EFFICIENT = Saving(skipped=0.5, first_size=0.6)


class Epochs:
    """A curriculum over `count` pictures, by random order, pruning and resolution.

    Args:
        count: How many training pictures there are.
        epochs: How many epochs are planned.
        resolution: That of the network, in pixels.
        seed: Of all that is random.
        saving: How work is saved.
    """

    def __init__(
        self, count: int, *, epochs: int, resolution: int, seed: int, saving: Saving = PLAIN
    ) -> None:
        self._epochs, self._resolution, self._seed = epochs, resolution, seed
        self._saving = saving
        # Nothing is known at first: infinite losses are never below the mean.
        self._losses = np.full(count, np.inf, dtype=np.float32)
        self._fresh = self._losses.copy()

    def turn(self) -> None:
        """An epoch begins: what was learnt before counts now."""
        self._losses = self._fresh.copy()

    def plan(self, epoch: int) -> EpochPlan:
        """What epoch `epoch` (from 0) trains on."""
        rng = np.random.default_rng([self._seed, epoch])
        done = epoch / self._epochs
        order = rng.permutation(len(self._losses))
        saving, known = self._saving, np.isfinite(self._losses)
        if saving.skipped == 0 or done >= saving.full_from or not known.any():
            return EpochPlan(order, None, self.resolution_at(done))
        learnt = self._losses < self._losses[known].mean()
        skipped = learnt & (rng.random(len(learnt)) < saving.skipped)
        weights = np.where(learnt, 1 / (1 - saving.skipped), 1).astype(np.float32)
        order = order[~skipped[order]]
        return EpochPlan(order, weights[order], self.resolution_at(done))

    def resolution_at(self, done: float) -> int:
        """Pixels after that share of the epochs, in steps of 4."""
        rising = min(1.0, done / self._saving.full_from)
        share = self._saving.first_size + (1 - self._saving.first_size) * rising
        steps = round(self._resolution * share / _STEP_PIXELS) * _STEP_PIXELS
        least = min(_LEAST_PIXELS, self._resolution)
        return self._resolution if rising == 1 else int(np.clip(steps, least, self._resolution))

    def learn(self, positions: Indices, losses: Floats) -> None:
        """The losses of pictures that were just trained on."""
        self._fresh[positions] = losses

    def state(self) -> Mapping[str, Tensor]:
        """What a checkpoint must hold."""
        return {"losses": torch.from_numpy(self._losses), "fresh": torch.from_numpy(self._fresh)}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from what `state` gave."""
        self._losses, self._fresh = state["losses"].numpy(), state["fresh"].numpy()
