"""The supernet learns, ends the same when stopped and resumed, and says what stops it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from nas.accuracy import sandwich
from nas.accuracy.checkpoint import load_checkpoint, save_checkpoint
from nas.accuracy.extremes import extremes
from nas.accuracy.recipe import Recipe
from nas.accuracy.sandwich import (
    FILE,
    SupernetProgress,
    load_supernet,
    train_supernet,
    training_spent,
)
from nas.errors import ArtefactError, TrainingError
from nas.graph.lower import lower
from tests.accuracy.small_supernet import PICTURES, RECIPE, SPACE, SPLITS

SHORT = RECIPE.model_copy(update={"epochs": 2})


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def train(
    folder: Path,
    recipe: Recipe = SHORT,
    *,
    seed: int = 0,
    on_progress: Callable[[SupernetProgress], None] = lambda _: None,
) -> Path:
    return train_supernet(
        SPACE, PICTURES, SPLITS, recipe, seed=seed, folder=folder, on_progress=on_progress
    )


def stop_at(seen: int) -> Callable[[SupernetProgress], None]:
    def stop(progress: SupernetProgress) -> None:
        if progress.seen >= seen:
            raise KeyboardInterrupt

    return stop


def same(one: Path, other: Path) -> bool:
    """Whether two files are equal in all but the time that they took."""
    (tensors, about), (theirs, their_about) = map(_stored, (one, other))
    assert about["spent"].keys() == their_about["spent"].keys()
    equal = all(torch.equal(tensors[name], theirs[name]) for name in tensors | theirs)
    return equal and {**about, "spent": 0} == {**their_about, "spent": 0}


def _stored(file: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    stored = load_checkpoint(file)
    assert stored is not None
    return stored


@pytest.fixture
def stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a training that was stopped, each of its steps kept but the last."""
    monkeypatch.setattr(sandwich, "CHECKPOINT_EVERY_S", 0.0)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, on_progress=stop_at(len(SPLITS.train) + 20))
    return tmp_path


def test_a_training_that_was_stopped_ends_as_one_that_was_not(
    stopped: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    seen: list[int] = []
    resumed = train(stopped, on_progress=lambda progress: seen.append(progress.seen))
    assert len(SPLITS.train) < seen[0] < len(SPLITS.train) + 40
    whole = train(tmp_path_factory.mktemp("whole"))
    assert same(resumed, whole)
    (only,) = stopped.iterdir()
    assert only.name == FILE


def test_an_efficient_training_skips_pictures_and_ends_the_same_when_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = SHORT.model_copy(update={"epochs": 4, "efficient": True})
    seen: list[int] = []
    whole = train(tmp_path / "whole", recipe, on_progress=lambda told: seen.append(told.seen))
    steps = 4 * len(SPLITS.train) // recipe.batch
    assert seen == sorted(set(seen)) and len(seen) < 0.95 * steps
    monkeypatch.setattr(sandwich, "CHECKPOINT_EVERY_S", 0.0)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "cut", recipe, on_progress=stop_at(2 * len(SPLITS.train) + 20))
    assert same(train(tmp_path / "cut", recipe), whole)


def test_weights_say_what_they_took_over_all_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = SHORT.model_copy(update={"epochs": 4, "efficient": True})
    monkeypatch.setattr(sandwich, "CHECKPOINT_EVERY_S", 0.0)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, recipe, on_progress=stop_at(3 * len(SPLITS.train)))
    first = training_spent(tmp_path / FILE)
    whole = training_spent(train(tmp_path, recipe))
    assert set(whole) == {"wall_s", "cpu_s", "trained_samples", "skipped_samples"}
    assert all(whole[unit] > first[unit] > 0 for unit in ("wall_s", "cpu_s", "trained_samples"))
    pictures = 4 * len(SPLITS.train)
    left_out = 4 * recipe.batch  # what is too few for a batch at the end of each epoch
    assert 0 < whole["skipped_samples"] < pictures / 2
    assert pictures - left_out < whole["trained_samples"] + whole["skipped_samples"] <= pictures
    assert training_spent(tmp_path / "none") == {}


def test_weights_begun_by_a_version_that_kept_no_account_stay_of_unknown_cost(
    stopped: Path,
) -> None:
    tensors, about = _stored(stopped / FILE)
    del about["spent"]
    save_checkpoint(stopped / FILE, tensors, about)
    assert training_spent(train(stopped)) == {}


def test_a_finished_training_is_not_repeated(tmp_path: Path) -> None:
    train(tmp_path)
    train(tmp_path, on_progress=lambda _: pytest.fail("a step was made"))


def test_progress_rises_to_all_pictures(tmp_path: Path) -> None:
    told: list[SupernetProgress] = []
    train(tmp_path, on_progress=told.append)
    seen = [progress.seen for progress in told]
    assert seen == sorted(set(seen))
    assert seen[-1] == told[-1].total == 2 * len(SPLITS.train)


def test_it_goes_on_with_a_smaller_batch_and_learning_rate_and_says_so(stopped: Path) -> None:
    smaller = SHORT.model_copy(update={"batch": 8, "learning_rate": 0.1})
    stored = load_checkpoint(train(stopped, smaller))
    assert stored is not None
    used = [(recipe["batch"], recipe["learning_rate"]) for recipe in stored[1]["recipes"]]
    assert used == [(16, 0.8), (8, 0.1)]


@pytest.mark.parametrize(
    ("recipe", "seed", "word"),
    [(SHORT, 1, "seed"), (SHORT.model_copy(update={"momentum": 0.5}), 0, "momentum")],
)
def test_it_does_not_go_on_as_another_training(
    stopped: Path, recipe: Recipe, seed: int, word: str
) -> None:
    before = (stopped / FILE).read_bytes()
    with pytest.raises(TrainingError, match=f"another {word}; give another folder"):
        train(stopped, recipe, seed=seed)
    assert (stopped / FILE).read_bytes() == before


def test_a_loss_that_is_no_number_names_the_learning_rate(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="smaller `learning_rate` than 1e\\+30"):
        train(tmp_path, SHORT.model_copy(update={"learning_rate": 1e30}))
    assert list(tmp_path.iterdir()) == []


def test_another_number_of_classes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="number of classes, 3 in patches"):
        train_supernet(SPACE.for_classes(4), PICTURES, SPLITS, SHORT, seed=0, folder=tmp_path)


def test_weights_of_another_space_or_broken_ones_are_refused(tmp_path: Path) -> None:
    file = train(tmp_path, SHORT.model_copy(update={"epochs": 1}))
    with pytest.raises(TrainingError, match="must be of the space small"):
        load_supernet(file, SPACE.for_classes(4))
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(ArtefactError, match="train again"):
        load_supernet(file, SPACE)


def test_extremes_enclose_all_networks() -> None:
    smallest, largest = (lower(SPACE.architecture(code)) for code in extremes(SPACE))
    for code in SPACE.sample(50, seed=0):
        network = lower(SPACE.architecture(code))
        assert smallest.macs <= network.macs <= largest.macs
        assert smallest.parameters <= network.parameters <= largest.parameters
