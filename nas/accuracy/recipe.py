"""A declared training recipe: everything that decides what a training does, but the data."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from nas.declarations import Declaration
from nas.errors import DivergedError, MemoryShortError
from nas.images.pictures import Pictures

_UNMIRRORED = ("digits",)
_LEAST_STEPS_AN_EPOCH = 24
_LEAST_BATCH, _MOST_BATCH = 32, 128
_SHARED_RATE, _MOST_SHARED_BATCH = 0.4, 64
_MOST_EASED = 16
"""How much smaller than at first a batch or a learning rate may become for a training to go on."""


class Recipe(Declaration):
    """Stochastic gradient descent with Nesterov momentum under a cosine schedule.

    Args:
        epochs: Passes over the training pictures.
        batch: Pictures for each step.
        learning_rate: At its peak, for a batch of 128; it is scaled with the batch.
        warm_up: Share of the steps in which the learning rate rises from nothing.
        momentum: Of the steps.
        weight_decay: On weights of convolutions and linear layers alone.
        label_smoothing: Share of each label spread over all classes.
        flip: Whether pictures are mirrored at random; off where mirroring changes the class.
        efficient: Whether epochs skip pictures that are learnt; see `nas.accuracy.pruned_epochs`.
    """

    epochs: Annotated[int, Field(ge=1)] = 30
    batch: Annotated[int, Field(ge=2)] = _MOST_BATCH
    learning_rate: Annotated[float, Field(gt=0)] = 0.2
    warm_up: Annotated[float, Field(ge=0, lt=1)] = 0.1
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    weight_decay: Annotated[float, Field(ge=0)] = 1e-4
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.1
    flip: bool = True
    efficient: bool = False


def recipe_for(pictures: Pictures, *, epochs: int, efficient: bool = False) -> Recipe:
    """The usual recipe: small batches where pictures are few, no mirrored digits."""
    batch = min(_MOST_BATCH, max(_LEAST_BATCH, len(pictures) // _LEAST_STEPS_AN_EPOCH // 8 * 8))
    return Recipe(
        epochs=epochs,
        batch=batch,
        flip=pictures.source not in _UNMIRRORED,
        efficient=efficient,
    )


def shared_recipe_for(pictures: Pictures, *, epochs: int, efficient: bool = False) -> Recipe:
    """The usual recipe of a supernet: more steps, and larger ones, than of a network alone.

    It sees few pictures for the weights that it has. Half or twice the learning rate, and batches
    of 128, ended lower: see `benchmarks/accuracy.md`.
    """
    alone = recipe_for(pictures, epochs=epochs, efficient=efficient)
    batch = min(alone.batch, _MOST_SHARED_BATCH)
    return alone.model_copy(update={"learning_rate": _SHARED_RATE, "batch": batch})


def eased(recipe: Recipe, error: MemoryShortError | DivergedError, *, at_first: Recipe) -> Recipe:
    """Half of the setting that an error is about; the error again once that was in vain."""
    setting = "batch" if isinstance(error, MemoryShortError) else "learning_rate"
    half = getattr(recipe, setting) / 2
    if half * _MOST_EASED < getattr(at_first, setting):
        raise error
    return recipe.model_copy(update={setting: type(getattr(recipe, setting))(half)})
