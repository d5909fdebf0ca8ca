"""What a person's pictures became: squares of uint8, labels, and an account of the reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas.errors import PicturesError

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int64]
Indices = NDArray[np.int64]

LEAST_CLASSES = 2


class Part(IntEnum):
    """Which split the data's own layout puts a picture in; UNSAID where it has none."""

    UNSAID = 0
    TRAIN = 1
    VALIDATION = 2
    TEST = 3


@dataclass(frozen=True, slots=True)
class Skipped:
    """Pictures left out for one reason, with the names of the first few."""

    reason: str
    count: int
    examples: tuple[str, ...]

    def __str__(self) -> str:
        more = ", ..." if self.count > len(self.examples) else ""
        return f"{self.count:,} left out: {self.reason} ({', '.join(self.examples)}{more})"


@dataclass(frozen=True, eq=False)
class Pictures:
    """Labelled pictures, all of one size.

    Args:
        pixels: Shape (count, side, side, 3), in memory or memory-mapped read-only.
        labels: Indices into `classes`; shape (count,).
        classes: Names in the order of the labels.
        parts: A `Part` for each picture; shape (count,).
        crop: Side in pixels of the middle that a network sees: `side` where pictures are as they
            came, less where they were resized and the rest is margin for random crops.
        content_hash: SHA-256 over names, labels and contents of all that was read.
        source: The place that was read.
        skipped: What was left out, and why.
        converted: How many pictures were not plain 8-bit colour, by what was done to them.
    """

    pixels: Pixels
    labels: Labels
    classes: tuple[str, ...]
    parts: NDArray[np.uint8]
    crop: int
    content_hash: str
    source: str
    skipped: tuple[Skipped, ...] = ()
    converted: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        count, side = self.pixels.shape[:2]
        assert self.pixels.shape == (count, side, side, 3) and self.pixels.dtype == np.uint8
        assert self.labels.shape == self.parts.shape == (count,) and 1 <= self.crop <= side
        if len(self.classes) < LEAST_CLASSES:
            raise PicturesError(
                f"{self.source}: `classes` must be at least {LEAST_CLASSES}; "
                f"got {', '.join(self.classes) or 'none'}; add pictures of another class"
            )

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def side(self) -> int:
        """Height and width in pixels."""
        return int(self.pixels.shape[1])

    @property
    def provenance(self) -> dict[str, Any]:
        """JSON for the store: what was read and what was left out."""
        counts = np.bincount(self.labels, minlength=len(self.classes))
        return {
            "source": self.source,
            "content_sha256": self.content_hash,
            "pictures": len(self),
            "side": self.side,
            "crop": self.crop,
            "classes": dict(zip(self.classes, counts.tolist(), strict=True)),
            "skipped": {item.reason: item.count for item in self.skipped},
            "converted": dict(self.converted),
        }

    def summary(self) -> list[str]:
        """Lines for a person: how many, of what, what was left out and converted."""
        lines = [
            f"{self.source}: {len(self):,} pictures of {len(self.classes)} classes, "
            f"{self.side}x{self.side} pixels"
        ]
        lines += map(str, self.skipped)
        return lines + [f"{count:,} {what}" for what, count in self.converted.items()]
