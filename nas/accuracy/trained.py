"""A network → its accuracy after training on a person's own pictures, with reports on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from torch import nn

from nas.accuracy.devices import find_torch_device
from nas.accuracy.evaluator import Report
from nas.accuracy.growing_epochs import GrowingEpochs
from nas.accuracy.judges import Fidelity
from nas.accuracy.pruned_epochs import SKIPPED
from nas.accuracy.recipe import Recipe
from nas.accuracy.training import Training
from nas.accuracy.training_data import TrainingData, top1_accuracy
from nas.accuracy.training_progress import Epoch
from nas.errors import EvaluationFailedError, TrainingError
from nas.images.pictures import Pictures
from nas.images.splits import Splits
from nas.networks.build import build_to_train
from nas.space.architecture import Architecture

_MOST_REPORTS = 10
_SECONDS_A_SAMPLE = 3e-3  # of a small network on one core; only orders of magnitude matter


@final
@dataclass(frozen=True, eq=False)
class TrainedEvaluator:
    """Trains each network by a recipe and tests it on the validation split.

    Args:
        pictures: The data.
        splits: Of the data; the test split is not looked at.
        recipe: The same for every network.
        trainings: How many each accuracy is the mean of, with seeds of their own.
        fidelity: What early reports have less of.
        start: The network to go on from, such as one with inherited weights; a fresh one if None.
        device: Name of the processor; the GPU where there is one if None.
    """

    pictures: Pictures
    splits: Splits
    recipe: Recipe
    trainings: int = 1
    fidelity: Fidelity = "epochs"
    start: Callable[[Architecture], nn.Module] | None = None
    device: str | None = None

    @property
    def provenance(self) -> Mapping[str, Any]:
        """JSON for the store: data, splits and recipe."""
        return {
            "kind": "trained",
            "evaluator": "training",
            "data": self.pictures.provenance,
            "splits": self.splits.provenance,
            "recipe": self.recipe.model_dump(mode="json"),
            "trainings": self.trainings,
            "fidelity": self.fidelity,
            "from": "inherited weights" if self.start else "scratch",
            "torch": torch.__version__,
        }

    @property
    def cost_s(self) -> float:
        """A rough guess at the seconds of one evaluation; it decides where to run."""
        return _SECONDS_A_SAMPLE * len(self.splits.train) * self.recipe.epochs * self.trainings

    def evaluate(self, architecture: Architecture, *, seed: int, folder: Path) -> Iterator[Report]:
        """Train a network, with at most ten reports; the last has share 1.

        A folder with checkpoints of the same training is gone on from.

        Raises:
            EvaluationFailedError: if the loss is no number, or memory does not suffice.
        """
        try:
            yield from self._reports(architecture, seed, folder)
        except TrainingError as error:
            raise EvaluationFailedError(str(error)) from error

    def _reports(self, architecture: Architecture, seed: int, folder: Path) -> Iterator[Report]:
        device = find_torch_device(self.device)
        resolution = architecture.image.height
        networks, runs, curricula = [], [], []
        for number in range(self.trainings):
            one_seed = seed * self.trainings + number
            network = self._begun(architecture, one_seed)
            curriculum = self._curriculum(resolution, one_seed)
            training = Training(
                network,
                TrainingData(self.pictures, self.splits.train, resolution),
                self.recipe,
                seed=one_seed,
                device=device,
                folder=folder / f"seed{number}",
                curriculum=curriculum,
            )
            networks.append(network)
            curricula.append(curriculum)
            runs.append(training.epochs())
        for epochs in _in_step(runs):
            number, of = epochs[0].number, epochs[0].of
            if number * _MOST_REPORTS // of == (number - 1) * _MOST_REPORTS // of:
                continue
            seen_at = curricula[0].plan(number - 1).resolution
            held_out = TrainingData(self.pictures, self.splits.validation, seen_at)
            found = [top1_accuracy(network, held_out, device=device) for network in networks]
            samples = sum(sum(epoch.samples.values()) for epoch in epochs)
            spent = {"trained_samples": float(samples)}
            if self.recipe.efficient:
                whole = self.trainings * sum(map(curricula[0].pictures, range(number)))
                spent["skipped_samples"] = float(max(whole - samples, 0))
            yield Report(curricula[0].done(number), float(np.mean(found)), spent)

    def _curriculum(self, resolution: int, seed: int) -> GrowingEpochs:
        return GrowingEpochs(
            len(self.splits.train),
            fidelity=self.fidelity,
            epochs=self.recipe.epochs,
            resolution=resolution,
            seed=seed,
            skipped=SKIPPED if self.recipe.efficient else 0.0,
        )

    def _begun(self, architecture: Architecture, seed: int) -> nn.Module:
        if self.start is not None:
            return self.start(architecture)
        return build_to_train(architecture, seed=seed)


def _in_step(runs: list[Iterator[Epoch]]) -> Iterator[list[Epoch]]:
    """Several trainings, each epoch of all; what went further before a resume waits."""
    told = [next(run) for run in runs]
    while True:
        furthest = max(epoch.number for epoch in told)
        for place, run in enumerate(runs):
            while told[place].number < furthest:
                told[place] = next(run)
        yield told
        if furthest == told[0].of:
            return
        told = [next(run) for run in runs]
