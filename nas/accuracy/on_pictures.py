"""A person's pictures and a space → what says how good its networks are on them.

What is declared is all that an evaluator depends on, so that any process can make it again, and a
supernet that was trained once serves every study that declares the same: the next device costs
evaluations alone.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from filelock import FileLock

from nas.accuracy.evaluator import NetworkEvaluator, OnPreparation, Report
from nas.accuracy.external import ExternalEvaluator
from nas.accuracy.judges import SCORING, Fidelity, Proxy
from nas.accuracy.picture_task import PictureTask, usual_epochs
from nas.errors import DivergedError, MemoryShortError, MissingExtraError
from nas.images.reading import OnProgress, read_pictures
from nas.images.splits import split
from nas.space.architecture import Architecture
from nas.space.space import SearchSpace

if TYPE_CHECKING:
    from torch import nn

    from nas.accuracy.inherited import InheritedEvaluator
    from nas.accuracy.recipe import Recipe
    from nas.images.pictures import Pictures
    from nas.images.splits import Splits

_MOST_BLOWN_UP = 1.5


@final
@dataclass(frozen=True, eq=False)
class OwnPictures:
    """A person's pictures, split, and the space that suits them.

    Args:
        place: Where they were read.
        pictures: What was read.
        splits: Of the pictures.
        space: With as many classes as they have.
        largest: The resolution in pixels that they are kept for.
    """

    place: str
    pictures: Pictures
    splits: Splits
    space: SearchSpace
    largest: int

    def judged_by(
        self,
        judge: str,
        *,
        epochs: int | None,
        efficient: bool,
        trainings: int = 1,
        fidelity: Fidelity = "epochs",
    ) -> ExternalEvaluator:
        """What says how accurate the space's networks are, or scores them.

        Args:
            judge: One of `TRAINED` or `SCORING`.
            epochs: Passes over the training pictures; what suits their number if None.
            efficient: Whether training skips what is learnt well.
            trainings: Of each network, whose mean accuracy counts.
            fidelity: What early reports of them have less of.
        """
        task = PictureTask(
            judge=judge,
            data=self.place,
            content_sha256=self.pictures.content_hash,
            largest=self.largest,
            space=self.space.declaration,
            seed=self.splits.seed,
            epochs=usual_epochs(judge, len(self.splits.train)) if epochs is None else epochs,
            efficient=efficient,
            trainings=trainings,
            fidelity=fidelity,
        )
        return ExternalEvaluator(task.model_dump_json(), _judge(task, self.pictures, self.splits))


def read_own(
    data: str,
    space: SearchSpace,
    *,
    seed: int,
    expected_hash: str | None = None,
    on_progress: OnProgress,
) -> OwnPictures:
    """Read and split pictures, and suit a space to them.

    Raises:
        PicturesError: if the pictures cannot be used, or their content is not what was expected.
        ChoiceError: if the space cannot have so many classes.
        MissingExtraError: if what trains is not installed.
    """
    if (
        importlib.util.find_spec("torch") is None
        or importlib.util.find_spec("safetensors") is None
    ):
        raise MissingExtraError("measuring accuracy on pictures", "train")
    largest = max(space.declaration.input.resolution)
    pictures = read_pictures(
        data, largest=largest, expected_hash=expected_hash, on_progress=on_progress
    )
    place = data if not Path(data).exists() else str(Path(data).resolve())
    splits = split(pictures, seed=seed)
    return OwnPictures(place, pictures, splits, suited(space, pictures), largest)


def suited(space: SearchSpace, pictures: Pictures) -> SearchSpace:
    """The space with as many classes as the pictures have, and without needless resolutions.

    Pictures blown up further show no more, and take four times as long for twice the side.

    Raises:
        ChoiceError: if the space cannot have so many classes.
    """
    sized = space.up_to_resolution(round(_MOST_BLOWN_UP * pictures.crop))
    return sized.for_classes(len(pictures.classes))


def again(text: str) -> ExternalEvaluator:
    """The evaluator of a task in JSON, in another process.

    Raises:
        PicturesError: if the pictures are not what they were.
    """
    task = PictureTask.model_validate_json(text)
    pictures = read_pictures(task.data, largest=task.largest, expected_hash=task.content_sha256)
    return ExternalEvaluator(text, _judge(task, pictures, split(pictures, seed=task.seed)))


def _judge(task: PictureTask, pictures: Pictures, splits: Splits) -> NetworkEvaluator:
    from nas.accuracy.finetuned import FinetuningEvaluator
    from nas.accuracy.proxies import ProxyEvaluator
    from nas.accuracy.recipe import recipe_for, shared_recipe_for
    from nas.accuracy.trained import TrainedEvaluator

    if task.judge in SCORING:
        return ProxyEvaluator(Proxy(task.judge), pictures, splits)
    recipe = recipe_for(pictures, epochs=task.epochs, efficient=task.efficient)
    shared = task.supernet(len(splits.train))
    if shared is None:
        return TrainedEvaluator(pictures, splits, recipe, task.trainings, task.fidelity)
    shared_recipe = shared_recipe_for(pictures, epochs=shared.epochs, efficient=shared.efficient)
    supernet = SupernetEvaluator(shared, pictures, splits, shared_recipe)
    if shared == task:
        return supernet
    return FinetuningEvaluator(supernet, recipe, task.trainings, task.fidelity)


@final
@dataclass(frozen=True, eq=False)
class SupernetEvaluator:
    """Trains the shared weights of a space, unless that was done, and judges networks by them.

    Args:
        task: What is declared.
        pictures: The data.
        splits: Of the data; the test split is not looked at.
        recipe: Of the training.
    """

    task: PictureTask
    pictures: Pictures
    splits: Splits
    recipe: Recipe

    @property
    def provenance(self) -> Mapping[str, Any]:
        """JSON for the store: data, splits and recipe, the same before and after the training."""
        return {
            "kind": "inherited",
            "evaluator": "supernet",
            "data": self.pictures.provenance,
            "splits": self.splits.provenance,
            "recipe": self.recipe.model_dump(mode="json"),
            "seed": self.task.seed,
        }

    @property
    def cost_s(self) -> float:
        """A rough guess at the seconds of one evaluation; it decides where to run."""
        return self._inherited.cost_s

    @property
    def _space(self) -> SearchSpace:
        return SearchSpace.from_declaration(self.task.space)

    @cached_property
    def _inherited(self) -> InheritedEvaluator:
        from nas.accuracy.inherited import InheritedEvaluator
        from nas.accuracy.sandwich import FILE

        file = self.task.folder / FILE
        return InheritedEvaluator(self._space, file, self.pictures, self.splits)

    def prepare(self, on_progress: OnPreparation) -> Mapping[str, float]:
        """Train the supernet, or go on with it; one process at a time does.

        Where memory is short or the loss explodes, it goes on from the last checkpoint with half
        the batch or learning rate, as often as that may help.

        Returns:
            What the training took, by unit, over all processes; what is not known is absent.

        Raises:
            TrainingError: if that did not help.
        """
        from nas.accuracy.recipe import eased

        self.task.folder.mkdir(parents=True, exist_ok=True)
        recipe = self.recipe
        with FileLock(self.task.folder / "lock"):
            while True:
                try:
                    return self._train(recipe, on_progress)
                except (MemoryShortError, DivergedError) as error:
                    recipe = eased(recipe, error, at_first=self.recipe)

    def _train(self, recipe: Recipe, on_progress: OnPreparation) -> Mapping[str, float]:
        from nas.accuracy.sandwich import train_supernet, training_spent

        doing = "training the supernet"
        if recipe != self.recipe:
            doing += f" (batch {recipe.batch}, learning rate {recipe.learning_rate:g})"
        file = train_supernet(
            self._space,
            self.pictures,
            self.splits,
            recipe,
            seed=self.task.seed,
            folder=self.task.folder,
            on_progress=lambda at: on_progress(doing, at.seen / at.total),
        )
        return training_spent(file)

    def inherit(self, architecture: Architecture) -> nn.Module:
        """A network with its weights.

        Raises:
            ChoiceError: if the network is not one of the space.
        """
        return self._inherited.inherit(architecture)

    def evaluate(self, architecture: Architecture, *, seed: int, folder: Path) -> Iterator[Report]:
        """One report: the accuracy with the weights that the network inherits."""
        return self._inherited.evaluate(architecture, seed=seed, folder=folder)
