"""What every reader gives: names, labels and parts of pictures, and how to load each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nas.errors import PicturesError
from nas.images.pictures import Part, Skipped

Loaded = bytes | NDArray[np.uint8]
"""One picture: an encoded file, or height × width × 3."""

_EXAMPLES = 3
_PART_NAMES = {
    "train": Part.TRAIN,
    "training": Part.TRAIN,
    "val": Part.VALIDATION,
    "valid": Part.VALIDATION,
    "validation": Part.VALIDATION,
    "dev": Part.VALIDATION,
    "test": Part.TEST,
    "testing": Part.TEST,
}


class LeftOut:
    """A running account of pictures that are left out, by reason."""

    def __init__(self) -> None:
        self._names: dict[str, list[str]] = {}

    def add(self, reason: str, name: str) -> None:
        """Leave a picture out."""
        self._names.setdefault(reason, []).append(name)

    def summed(self) -> tuple[Skipped, ...]:
        """Count and first examples of each reason."""
        return tuple(
            Skipped(reason, len(names), tuple(names[:_EXAMPLES]))
            for reason, names in self._names.items()
        )


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """Pictures before any is decoded.

    Args:
        source: The place that was named.
        names: What each is called in reports: a path, or a row.
        labels: Class names.
        parts: As the data are laid out.
        load: A picture by its place in the listing; raises OSError where it cannot be read.
        left_out: What the reader left out.
        classes: In their order, where the source gives one.
    """

    source: str
    names: Sequence[str]
    labels: Sequence[str]
    parts: Sequence[Part]
    load: Callable[[int], Loaded]
    left_out: LeftOut
    classes: tuple[str, ...] | None = None


def part_named(name: str) -> Part | None:
    """The part that a folder, file or cell is named after, if any."""
    return _PART_NAMES.get(name.strip().lower())


def class_order(labels: Sequence[str]) -> tuple[str, ...]:
    """Distinct labels: by number where all are numbers, else by name."""
    distinct = set(labels)
    if all(label.isascii() and label.isdigit() for label in distinct):
        return tuple(sorted(distinct, key=int))
    return tuple(sorted(distinct))


def cannot_read(source: str, rule: str, received: object, fix: str) -> PicturesError:
    """The error of a source: rule, value received, fix."""
    return PicturesError(f"{source}: {rule}; got {received}; {fix}")
