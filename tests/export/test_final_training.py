"""Inherited and trained weights: what is said of them is what they do, and tests are counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from safetensors.torch import load_file

from nas.accuracy import training as module
from nas.accuracy.augment import prepare
from nas.accuracy.sandwich import train_supernet
from nas.accuracy.training import Training
from nas.export import PictureWeights, export
from nas.export.final_training import inherited_weights, trained_weights
from nas.export.picture_study import PictureStudy
from nas.networks.build import build
from nas.space.architecture import Architecture
from tests.accuracy.small_supernet import PICTURES, RECIPE, SPACE, SPLITS

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def supernet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("supernet")
    return train_supernet(SPACE, PICTURES, SPLITS, RECIPE, seed=0, folder=folder)


@pytest.fixture
def study(supernet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PictureStudy:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return PictureStudy("small", SPACE, PICTURES, SPLITS, supernet)


def network(index: int = 0) -> Architecture:
    return SPACE.architecture(SPACE.sample(4, seed=1)[index])


def train(study: PictureStudy, architecture: Architecture, **settings: object) -> PictureWeights:
    wanted = {"epochs": 4, "efficient": False, "from_scratch": False, **settings}
    told: list[float] = []
    found = trained_weights(
        study,
        architecture,
        on_progress=lambda _, share: told.append(share),
        **wanted,  # type: ignore[arg-type]
    )
    assert told == sorted(told) and told[-1] == 1
    return found


def right(weights: PictureWeights, architecture: Architecture, indices: np.ndarray) -> int:
    """Counted by hand: one picture after the other."""
    module = build(architecture)
    module.load_state_dict(weights.weights or {})
    module.eval()
    found = 0
    for index in indices:
        pixels = torch.from_numpy(PICTURES.pixels[index][None])
        image = prepare(pixels, crop=PICTURES.crop, resolution=architecture.image.height)
        with torch.no_grad():
            found += int(module(image).argmax()) == PICTURES.labels[index]
    return found


def test_accuracies_are_those_of_the_weights(study: PictureStudy) -> None:
    inherited = inherited_weights(study, network())
    assert inherited.origin == "inherited" and inherited.test is None
    assert inherited.validation is not None
    assert inherited.validation.right == right(inherited, network(), SPLITS.validation)
    trained = train(study, network())
    assert (trained.origin, trained.begun, trained.looks) == ("trained", "inherited", 1)
    assert trained.validation is not None and trained.test is not None
    assert trained.validation.right == right(trained, network(), SPLITS.validation)
    assert (trained.test.right, trained.test.of) == (
        right(trained, network(), SPLITS.test),
        len(SPLITS.test),
    )


def test_the_test_split_is_looked_at_once_for_each_network(
    study: PictureStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = train(study, network(0))
    assert train(study, network(1)).looks == 2
    assert train(study, network(0), from_scratch=True).looks == 3

    def refuse(*_: object, **__: object) -> float:
        raise AssertionError("it was looked at again")

    monkeypatch.setattr("nas.export.final_training.top1_accuracy", refuse)
    again = train(study, network(0))
    assert (again.test, again.validation, again.looks) == (first.test, first.validation, 3)
    assert again.accounts == first.accounts, "it spent nothing"
    assert [one.purpose for one in first.accounts] == ["training"]
    assert first.accounts[0].spent["cpu_s"] > 0
    for name, tensor in (first.weights or {}).items():
        assert torch.equal(tensor, (again.weights or {})[name]), name


def test_what_is_killed_ends_as_if_never_stopped(
    study: PictureStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train(study, network())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another"))
    monkeypatch.setattr(module, "_BETWEEN_CHECKPOINTS_S", 0.0)
    monkeypatch.setattr(module, "_STEPS_BETWEEN_LOOKS", 1)
    steps, step = [], Training._step

    def dying(self: Training, *arguments: object) -> None:
        if len(steps) == 5:
            raise KeyboardInterrupt
        steps.append(0)
        step(self, *arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(Training, "_step", dying)
        with pytest.raises(KeyboardInterrupt):
            train(study, network())
    assert not list((tmp_path / "another").rglob("result.json"))
    resumed = train(study, network())
    assert resumed.test == whole.test
    for name, tensor in (whole.weights or {}).items():
        assert torch.equal(tensor, (resumed.weights or {})[name]), name


def test_what_explodes_is_begun_again_with_smaller_steps(
    study: PictureStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps so large that the first of them leaves no finite weights, then half as large."""
    tried: list[float] = []
    step = Training._step

    def exploding(self: Training, *arguments: object) -> None:
        tried.append(self._recipe.learning_rate)
        if self._recipe.learning_rate > 0.15:
            for parameter in self._network.parameters():
                parameter.data.fill_(torch.nan)
        step(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Training, "_step", exploding)
    found = trained_weights(
        study, network(), epochs=2, efficient=False, from_scratch=True, on_progress=lambda *_: None
    )
    assert (found.recipe.learning_rate, set(tried)) == (0.1, {0.2, 0.1})
    assert found.looks == 1


def test_without_a_supernet_weights_are_fresh_or_trained_from_scratch(
    study: PictureStudy, tmp_path: Path
) -> None:
    gone = PictureStudy("small", SPACE, PICTURES, SPLITS, tmp_path / "supernet.safetensors")
    assert gone.supernet is None and "no longer at" in gone.missing
    fresh = inherited_weights(gone, network())
    assert (fresh.origin, fresh.weights, fresh.validation) == ("fresh", None, None)
    assert train(gone, network(), epochs=1).begun == "scratch"
    never = PictureStudy("small", SPACE, PICTURES, SPLITS, None)
    assert never.supernet is None and "kept no weights" in never.missing


def test_files_hold_the_very_weights(study: PictureStudy, tmp_path: Path) -> None:
    given, folder = inherited_weights(study, network()), tmp_path / "out"
    report = export(network(), folder, title="Small", objectives=[], given=given)
    stored = load_file(folder / "weights.safetensors")
    assert stored.keys() == (given.weights or {}).keys()
    module = build(network())
    module.load_state_dict(stored)
    module.eval()
    pixels = torch.from_numpy(PICTURES.pixels[SPLITS.test])
    images = prepare(pixels, crop=PICTURES.crop, resolution=network().image.height)
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    (logits,) = session.run(["logits"], {"image": images.contiguous().numpy()})
    with torch.no_grad():
        assert np.abs(logits - module(images).numpy()).max() < 1e-4
    assert {file.name for file in report.files} == {path.name for path in folder.iterdir()}
