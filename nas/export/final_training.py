"""A network of a study on pictures → its weights, inherited or trained, and how good they are.

The test split is looked at once for each trained network: what was seen there is kept beside the
weights, and the same network exported again looks it up. A training is found again by all that
decides it, so that the same command goes on after an interruption.

Why inherited weights are trained with the same learning rate as fresh ones: half and a quarter of
it ended 0.2 and 1.3 points lower after 30 epochs of `digits` (one network; fresh weights 0.2).
"""

from __future__ import annotations

import hashlib
import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Literal

import torch
from filelock import FileLock
from platformdirs import user_cache_path
from torch import Tensor, nn

from nas.accuracy.devices import find_torch_device
from nas.accuracy.evaluator import OnPreparation
from nas.accuracy.inherited import InheritedEvaluator
from nas.accuracy.recipe import Recipe, eased, recipe_for
from nas.accuracy.training import Training
from nas.accuracy.training_data import TrainingData, top1_accuracy
from nas.errors import DivergedError, MemoryShortError, OutputError
from nas.export.picture_study import PictureStudy
from nas.export.weights import PictureWeights, Share
from nas.images.pictures import Indices
from nas.ledger.kept import kept_account, kept_accounts
from nas.networks.build import build_to_train
from nas.space.architecture import Architecture

EPOCHS = 30
"""Passes over the training pictures in the training of the network that was chosen."""

_RESULT = "result.json"
_DOING = "training the network"


def inherited_weights(study: PictureStudy, architecture: Architecture) -> PictureWeights:
    """The weights that a network has in the study's supernet; fresh ones where there is none.

    Raises:
        ChoiceError: if the network is not one of the space.
        TrainingError: if memory does not suffice.
    """
    facts = study.facts(architecture)
    recipe = recipe_for(study.pictures, epochs=EPOCHS)
    if study.supernet is None:
        return PictureWeights("fresh", facts, recipe)
    network = study.supernet.inherit(architecture)
    validation = _right(network, study, study.splits.validation, architecture)
    return PictureWeights("inherited", facts, recipe, _plain(network), validation=validation)


def trained_weights(
    study: PictureStudy,
    architecture: Architecture,
    *,
    epochs: int | None,
    efficient: bool,
    from_scratch: bool,
    on_progress: OnPreparation,
) -> PictureWeights:
    """Train a network on the study's training split, or go on with it, and test it once.

    Where memory is short or the loss explodes, it begins again with half the batch or learning
    rate, as often as that may help.

    Args:
        study: Whose pictures.
        architecture: The network.
        epochs: Passes over the training pictures; `EPOCHS` if None.
        efficient: Whether to skip pictures that are learnt.
        from_scratch: Whether to leave inherited weights aside.
        on_progress: Told how far it is.

    Raises:
        ChoiceError: if the network is not one of the space.
        TrainingError: if that did not help.
        OutputError: if what was trained cannot be kept.
    """
    recipe = at_first = recipe_for(study.pictures, epochs=epochs or EPOCHS, efficient=efficient)
    supernet = None if from_scratch else study.supernet
    while True:
        try:
            return _trained(study, architecture, supernet, recipe, on_progress)
        except (MemoryShortError, DivergedError) as error:
            recipe = eased(recipe, error, at_first=at_first)


def _trained(
    study: PictureStudy,
    architecture: Architecture,
    supernet: InheritedEvaluator | None,
    recipe: Recipe,
    on_progress: OnPreparation,
) -> PictureWeights:
    begun: Literal["inherited", "scratch"] = "scratch" if supernet is None else "inherited"
    folder = _folder(study, architecture, recipe, begun)
    seed = study.splits.seed
    over = (folder / _RESULT).exists()
    keeping = nullcontext() if over else kept_account(folder, "training")
    with FileLock(folder / "lock"), keeping as account:

        def told(done: float) -> None:
            if account is not None:
                account.save()
            on_progress(_DOING, done)

        network = (
            build_to_train(architecture, seed=seed)
            if supernet is None
            else supernet.inherit(architecture)
        )
        training = Training(
            network,
            TrainingData(study.pictures, study.splits.train, architecture.image.height),
            recipe,
            seed=seed,
            device=find_torch_device(),
            folder=folder,
            on_progress=lambda at: told(at.done),
        )
        for epoch in training.epochs():
            told(epoch.number / epoch.of)  # where they are too short to be told of
        validation, test = _tested(network, study, architecture, folder)
    return PictureWeights(
        "trained",
        study.facts(architecture),
        recipe,
        _plain(network),
        begun=begun,
        validation=validation,
        test=test,
        looks=_looks(study),
        took_s=epoch.wall_s,
        accounts=kept_accounts(folder),
    )


def _root() -> Path:
    return user_cache_path("nas", appauthor=False) / "trainings"


def _folder(study: PictureStudy, architecture: Architecture, recipe: Recipe, begun: str) -> Path:
    """Where a training is kept, named after everything that decides it; made if need be."""
    said = [architecture.text, recipe.model_dump(mode="json"), study.splits.provenance, begun]
    if begun == "inherited":
        said.append(str(study.kept))
    folder = _root() / hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"`{folder}` must be writable; {error.strerror}") from None
    return folder


def _tested(
    network: nn.Module, study: PictureStudy, architecture: Architecture, folder: Path
) -> tuple[Share, Share]:
    """How often a trained network is right on the validation and on the test split."""
    file = folder / _RESULT
    result = _read(file)
    if result is None:
        shares = {
            "validation": _right(network, study, study.splits.validation, architecture),
            "test": _right(network, study, study.splits.test, architecture),
        }
        result = {name: [share.right, share.of] for name, share in shares.items()}
        result |= {"splits": study.splits.provenance["sha256"], "network": architecture.id}
        unfinished = file.with_name(f"{file.name}.part")
        unfinished.write_text(json.dumps(result), encoding="utf-8")
        unfinished.replace(file)
    return Share(*result["validation"]), Share(*result["test"])


def _looks(study: PictureStudy) -> int:
    """For how many trained networks the test split was looked at on this machine."""
    found = (_read(file) for file in _root().glob(f"*/{_RESULT}"))
    own = study.splits.provenance["sha256"]
    return sum(one is not None and one["splits"] == own for one in found)


def _read(file: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found


def _right(
    network: nn.Module, study: PictureStudy, indices: Indices, architecture: Architecture
) -> Share:
    data = TrainingData(study.pictures, indices, architecture.image.height)
    percent = top1_accuracy(network, data, device=find_torch_device())
    return Share(round(percent * len(indices) / 100), len(indices))


def _plain(network: nn.Module) -> dict[str, Tensor]:
    """The weights in main memory, in the usual order of dimensions."""
    return {
        name: tensor.detach().to("cpu", memory_format=torch.contiguous_format)
        for name, tensor in network.state_dict().items()
    }
