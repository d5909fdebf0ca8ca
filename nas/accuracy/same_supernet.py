"""Shared weights that were begun, and what is asked for → whether that is the same training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nas.accuracy.recipe import Recipe
from nas.errors import TrainingError
from nas.images.pictures import Pictures
from nas.images.splits import Splits
from nas.space.space import SearchSpace

_MAY_CHANGE = {"batch", "learning_rate"}  # in a training that goes on with a smaller setting


def identity_of(space: SearchSpace, splits: Splits, seed: int) -> dict[str, Any]:
    """What a checkpoint says it is of; the recipe may change in part."""
    return {
        "kind": "supernet",
        "space": space.declaration.model_dump(mode="json"),
        "splits": splits.provenance,
        "seed": seed,
    }


def check_same(
    about: Mapping[str, Any], identity: Mapping[str, Any], recipe: Recipe, folder: Path
) -> None:
    """Refuse to go on with a training as another one.

    Args:
        about: What a checkpoint says.
        identity: What it must be of.
        recipe: With which it is to go on.
        folder: Where it lies.

    Raises:
        TrainingError: naming what differs.
    """
    before, now = about["recipes"][-1], recipe.model_dump(mode="json")
    changed = {key for key in now if now[key] != before.get(key)} - _MAY_CHANGE
    changed |= {key for key, value in identity.items() if about.get(key) != value}
    if changed:
        raise TrainingError(
            f"{folder}: a training goes on with the settings that it began with; got "
            f"another {', '.join(sorted(changed))}; give another folder to begin again"
        )


def check_classes(space: SearchSpace, pictures: Pictures) -> None:
    """Refuse a space of another number of classes.

    Raises:
        TrainingError: with both numbers.
    """
    said, there = space.declaration.head[-1].width, len(pictures.classes)
    if said != (there,):
        raise TrainingError(
            f"{space.name}: the last width must be the number of classes, {there} in "
            f"{pictures.source}; got {said}; use the space as `for_classes` gives it"
        )
