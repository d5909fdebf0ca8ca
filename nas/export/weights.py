"""What the weights of an export are and how often they are right, as plain values; no torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from torch import Tensor

    from nas.accuracy.recipe import Recipe
    from nas.store.records import AccountRecord

Origin = Literal["fresh", "inherited", "trained"]

_Z_90 = 1.6448536269514722  # two-sided, 90% of a normal distribution


@dataclass(frozen=True, slots=True)
class Share:
    """How many pictures were classified right, of how many."""

    right: int
    of: int

    @property
    def percent(self) -> float:
        """The share in %."""
        return 100.0 * self.right / self.of

    @property
    def interval(self) -> tuple[float, float]:
        """In %, the 90% interval of the share among all such pictures (Wilson, JASA 1927)."""
        share, z2 = self.right / self.of, _Z_90**2
        middle = (share + z2 / (2 * self.of)) / (1 + z2 / self.of)
        spread = math.sqrt(share * (1 - share) / self.of + z2 / (4 * self.of**2))
        half = _Z_90 * spread / (1 + z2 / self.of)
        return 100.0 * max(0.0, middle - half), 100.0 * min(1.0, middle + half)

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        low, high = self.interval
        return {
            "accuracy": self.percent,
            "low_90": low,
            "high_90": high,
            "right": self.right,
            "pictures": self.of,
        }


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """What a network was made for, so that others can feed it.

    Args:
        source: The place of the pictures.
        classes: Names in the order of the logits.
        side: Of the squares that pictures are decoded to, in pixels.
        crop: Of their middle that is seen, in pixels.
        resolution: That the network takes, in pixels.
        counts: Pictures of the training, validation and test splits.
        seed: Of the splits and of training.
    """

    source: str
    classes: tuple[str, ...]
    side: int
    crop: int
    resolution: int
    counts: Mapping[str, int]
    seed: int


@dataclass(frozen=True, eq=False)
class PictureWeights:
    """The weights for an export of a network that was searched on pictures.

    Args:
        origin: Freshly initialised, inherited from a supernet, or trained.
        facts: Of the pictures.
        recipe: That `weights` were trained by, or that is meant for training them.
        weights: By name; None where they are fresh.
        begun: What a training began from.
        validation: On the split that chose among networks.
        test: On the split that chose nothing; None where nobody looked.
        looks: For how many trained networks the test split was looked at, this one included.
        took_s: Seconds of training, over all processes.
        accounts: What those processes spent.
    """

    origin: Origin
    facts: PictureFacts
    recipe: Recipe
    weights: Mapping[str, Tensor] | None = None
    begun: Literal["inherited", "scratch"] = "scratch"
    validation: Share | None = None
    test: Share | None = None
    looks: int = 0
    took_s: float | None = None
    accounts: tuple[AccountRecord, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """For scripts, without the weights themselves."""
        return {
            "weights": self.origin,
            "recipe": self.recipe.model_dump(mode="json") if self.origin == "trained" else None,
            "begun_from": self.begun if self.origin == "trained" else None,
            "training_s": self.took_s,
            "validation": self.validation and self.validation.to_json(),
            "test": self.test and {**self.test.to_json(), "looks": self.looks},
        }
