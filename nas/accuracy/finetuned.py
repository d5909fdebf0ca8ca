"""A supernet + a short training of each network → its accuracy from inherited weights on.

Why the usual recipe and no smaller steps: five small networks of `digits` were right in 80.6% of
cases with the weights that they inherit. Three epochs made 84.4% of it at its learning rate,
81.3% at a quarter and 80.1% at a sixteenth; from scratch they made 41.2%.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from nas.accuracy.evaluator import OnPreparation, Report
from nas.accuracy.judges import Fidelity
from nas.accuracy.recipe import Recipe
from nas.accuracy.trained import TrainedEvaluator
from nas.space.architecture import Architecture

if TYPE_CHECKING:
    from nas.accuracy.on_pictures import SupernetEvaluator


@final
@dataclass(frozen=True, eq=False)
class FinetuningEvaluator:
    """Trains each network a little further than the weights that all networks share.

    Args:
        supernet: Whose weights they begin with, on the same pictures.
        recipe: Of the training of each network.
        trainings: How many each accuracy is the mean of.
        fidelity: What early reports have less of.
    """

    supernet: SupernetEvaluator
    recipe: Recipe
    trainings: int = 1
    fidelity: Fidelity = "epochs"

    @property
    def provenance(self) -> Mapping[str, Any]:
        """JSON for the store: what every network is trained by, and what it begins with."""
        begun = self.supernet.provenance
        return {
            **self._trained.provenance,
            "evaluator": "finetuning",
            "supernet": {key: begun[key] for key in ("recipe", "seed")},
        }

    @property
    def cost_s(self) -> float:
        """A rough guess at the seconds of one evaluation; it decides where to run."""
        return self._trained.cost_s

    @cached_property
    def _trained(self) -> TrainedEvaluator:
        return TrainedEvaluator(
            self.supernet.pictures,
            self.supernet.splits,
            self.recipe,
            trainings=self.trainings,
            fidelity=self.fidelity,
            start=self.supernet.inherit,
        )

    def prepare(self, on_progress: OnPreparation) -> Mapping[str, float]:
        """Train the supernet, or go on with it, unless that was done.

        Raises:
            TrainingError: if its training cannot go on.
        """
        return self.supernet.prepare(on_progress)

    def evaluate(self, architecture: Architecture, *, seed: int, folder: Path) -> Iterator[Report]:
        """Train a network on, with at most ten reports.

        Raises:
            ChoiceError: if the network is not one of the space.
            EvaluationFailedError: if the loss is no number, or memory does not suffice.
        """
        return self._trained.evaluate(architecture, seed=seed, folder=folder)
