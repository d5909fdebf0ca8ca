"""Training: it learns, ends the same when killed and resumed, and tells what stops it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from nas.accuracy import training as module
from nas.accuracy.attempt import attempt
from nas.accuracy.checkpoint import load_checkpoint, save_checkpoint
from nas.accuracy.devices import find_torch_device, memory_guard
from nas.accuracy.pruned_epochs import Epochs
from nas.accuracy.recipe import Recipe, recipe_for, shared_recipe_for
from nas.accuracy.trained import TrainedEvaluator
from nas.accuracy.training import Training
from nas.accuracy.training_data import TrainingData, top1_accuracy
from nas.errors import EvaluationFailedError, OutputError, TrainingError
from nas.images.pictures import Pictures
from nas.networks.build import ClassificationNetwork, build
from nas.space.architecture import parse
from tests.accuracy.small_supernet import PICTURES, SPLITS

SMALL = parse("image 3x16x16 | conv k3 s2 c8 relu | mb k3 s2 h16 c8 relu | pool | fc c3")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


DATA = TrainingData(PICTURES, SPLITS.train, 16)
RECIPE = Recipe(epochs=4, batch=16, learning_rate=0.8, warm_up=0.2)


def train(
    folder: Path | None = None, *, recipe: Recipe = RECIPE, epochs: int | None = None
) -> ClassificationNetwork:
    """A network after that many epochs, all if None."""
    network = build(SMALL)
    for epoch in Training(network, DATA, recipe, seed=3, folder=folder).epochs():
        if epoch.number == epochs:
            break
    return network


def same(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_a_network_learns() -> None:
    recipe = RECIPE.model_copy(update={"epochs": 12})
    held_out = TrainingData(PICTURES, SPLITS.test, 16)
    assert top1_accuracy(build(SMALL), held_out) < 60
    assert top1_accuracy(train(recipe=recipe), held_out) > 90


@pytest.mark.parametrize("efficient", [False, True])
def test_what_goes_on_between_epochs_ends_as_if_never_stopped(
    tmp_path: Path, efficient: bool
) -> None:
    recipe = RECIPE.model_copy(update={"efficient": efficient})
    whole = train(recipe=recipe)
    train(tmp_path, recipe=recipe, epochs=2)
    numbers = [
        e.number for e in Training(build(SMALL), DATA, recipe, seed=3, folder=tmp_path).epochs()
    ]
    resumed = train(tmp_path, recipe=recipe)
    assert numbers == [2, 3, 4] and same(whole, resumed)


@pytest.mark.parametrize("efficient", [False, True])
def test_what_is_killed_within_an_epoch_ends_as_if_never_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, efficient: bool
) -> None:
    recipe = RECIPE.model_copy(update={"efficient": efficient})
    whole = train(recipe=recipe)
    monkeypatch.setattr(module, "_BETWEEN_CHECKPOINTS_S", 0.0)
    monkeypatch.setattr(module, "_STEPS_BETWEEN_LOOKS", 1)
    stopped = Training(build(SMALL), DATA, recipe, seed=3, folder=tmp_path)
    steps, step = 0, Training._step

    def dying(self: Training, *about: object) -> None:
        nonlocal steps
        steps += 1
        if steps == 7:
            raise KeyboardInterrupt
        step(self, *about)  # type: ignore[arg-type]

    monkeypatch.setattr(Training, "_step", dying)
    with pytest.raises(KeyboardInterrupt):
        list(stopped.epochs())
    stored = load_checkpoint(tmp_path / "training.safetensors")
    assert stored is not None and stored[1]["step"] > 0
    assert same(whole, train(tmp_path, recipe=recipe))


@pytest.mark.parametrize(
    "change", [{"seed": 4}, {"recipe": RECIPE.model_copy(update={"momentum": 0.5})}]
)
def test_a_checkpoint_of_another_training_is_not_gone_on_from(
    tmp_path: Path, change: dict[str, object]
) -> None:
    train(tmp_path, epochs=2)
    about = {"recipe": RECIPE, "seed": 3, "folder": tmp_path} | change
    recipe = about.pop("recipe")
    assert next(Training(build(SMALL), DATA, recipe, **about).epochs()).number == 1  # type: ignore[arg-type]


def test_a_damaged_checkpoint_is_as_none(tmp_path: Path) -> None:
    train(tmp_path, epochs=2)
    file = tmp_path / "training.safetensors"
    content = file.read_bytes()
    for damaged in (b"", content[: len(content) // 2], b"\x80\x04" + content):
        file.write_bytes(damaged)
        assert load_checkpoint(file) is None
    assert next(Training(build(SMALL), DATA, RECIPE, seed=3, folder=tmp_path).epochs()).number == 1


def test_a_checkpoint_that_cannot_be_written_leaves_the_last(tmp_path: Path) -> None:
    file = tmp_path / "one.safetensors"
    save_checkpoint(file, {"x": torch.ones(2)}, {"n": 1})
    (tmp_path / "one.safetensors.part").mkdir()
    with pytest.raises(OutputError, match="must be writable"):
        save_checkpoint(file, {"x": torch.zeros(2)}, {"n": 2})
    stored = load_checkpoint(file)
    assert stored is not None and stored[1] == {"n": 1} and stored[0]["x"].tolist() == [1, 1]


def test_a_loss_that_is_no_number_stops_with_the_fix() -> None:
    recipe = RECIPE.model_copy(update={"learning_rate": 1e30})
    with pytest.raises(
        TrainingError, match="must stay finite; got .* use a `learning_rate` below"
    ):
        train(recipe=recipe)
    evaluator = TrainedEvaluator(PICTURES, SPLITS, recipe)
    with pytest.raises(EvaluationFailedError, match="must stay finite"):
        list(attempt(evaluator, SMALL, seed=0, folder=Path("/tmp")))


def test_too_little_memory_names_what_to_change() -> None:
    with (
        pytest.raises(TrainingError, match="`batch` of 64 at 96 pixels; halve the batch"),
        memory_guard(64, 96, torch.device("cpu")),
    ):
        torch.empty(1 << 50)


@pytest.mark.parametrize("name", ["cuda:99", "gpu", "tpu", "meta"])
def test_a_device_that_is_not_there_is_told(name: str) -> None:
    with pytest.raises(TrainingError, match="the device to train on must"):
        find_torch_device(name)


def test_reports_rise_to_the_whole_and_seeds_are_averaged(tmp_path: Path) -> None:
    recipe = RECIPE.model_copy(update={"epochs": 12})
    reports = {
        seeds: list(
            attempt(
                TrainedEvaluator(PICTURES, SPLITS, recipe, trainings=seeds),
                SMALL,
                seed=0,
                folder=tmp_path / str(seeds),
            )
        )
        for seeds in (1, 2)
    }
    for seeds, found in reports.items():
        assert len(found) == 10 and found[-1].share == 1
        assert found[-1].spent["trained_samples"] == 12 * seeds * len(SPLITS.train)
        assert found[-1].accuracy > found[0].accuracy
    again = TrainedEvaluator(PICTURES, SPLITS, recipe, trainings=2)
    once_more = list(attempt(again, SMALL, seed=0, folder=tmp_path / "2"))
    assert [report.share for report in once_more] == [1]
    assert once_more[0].accuracy == reports[2][-1].accuracy


def test_a_start_is_gone_on_from(tmp_path: Path) -> None:
    learnt = train(recipe=RECIPE.model_copy(update={"epochs": 12}))
    evaluator = TrainedEvaluator(
        PICTURES,
        SPLITS,
        Recipe(epochs=1, batch=16, learning_rate=1e-6),
        start=lambda _: learnt,
    )
    assert next(evaluator.evaluate(SMALL, seed=0, folder=tmp_path)).accuracy > 90
    assert evaluator.provenance["from"] == "inherited weights"


def test_few_pictures_get_small_batches_and_digits_are_not_mirrored() -> None:
    assert recipe_for(PICTURES, epochs=3).batch == 32 and recipe_for(PICTURES, epochs=3).flip
    named = Pictures(**{**vars(PICTURES), "source": "digits"})
    assert not recipe_for(named, epochs=3).flip


def test_a_supernet_takes_more_and_larger_steps_than_a_network_alone() -> None:
    names = ("pixels", "labels", "parts")
    repeated = {name: np.repeat(getattr(PICTURES, name), 40, axis=0) for name in names}
    many = Pictures(**{**vars(PICTURES), **repeated})
    for pictures in (PICTURES, many):
        alone, shared = (make(pictures, epochs=3) for make in (recipe_for, shared_recipe_for))
        assert shared.batch <= alone.batch and shared.learning_rate > alone.learning_rate
        changed = {"batch": shared.batch, "learning_rate": shared.learning_rate}
        assert shared == alone.model_copy(update=changed), "all else is alike"
    assert shared.batch < alone.batch


def test_pruned_epochs_leave_the_gradient_unbiased() -> None:
    losses = np.random.default_rng(0).exponential(size=400).astype(np.float32)
    sums, seen = [], []
    for epoch in range(1, 300):
        epochs = Epochs(400, epochs=400, resolution=32, seed=0, skipped=0.5)
        epochs.learn(np.arange(400), losses)
        epochs.turn()
        plan = epochs.plan(epoch)
        weights = plan.weights if plan.weights is not None else np.ones(len(plan.positions))
        sums.append((weights * losses[plan.positions]).sum())
        seen.append(len(plan.positions))
    assert np.mean(sums) == pytest.approx(losses.sum(), rel=0.01)
    below = (losses < losses.mean()).sum()
    assert np.mean(seen) == pytest.approx(400 - below / 2, rel=0.02)


def test_the_last_epochs_are_whole() -> None:
    epochs = Epochs(50, epochs=20, resolution=48, seed=0, skipped=0.5)
    epochs.learn(np.arange(50), np.linspace(0, 1, 50, dtype=np.float32))
    assert len(epochs.plan(0).positions) == 50, "what is learnt counts from the next turn on"
    epochs.turn()
    plans = [epochs.plan(epoch) for epoch in range(20)]
    assert [len(plan.positions) == 50 for plan in plans] == [False] * 17 + [True] * 3
    assert sorted(plans[19].positions) == list(range(50))


def test_without_pruning_epochs_are_whole() -> None:
    epochs = Epochs(50, epochs=3, resolution=28, seed=0)
    for epoch in range(3):
        epochs.turn()
        plan = epochs.plan(epoch)
        assert (len(plan.positions), plan.weights, plan.resolution) == (50, None, 28)
        epochs.learn(plan.positions, np.zeros(50, np.float32))
