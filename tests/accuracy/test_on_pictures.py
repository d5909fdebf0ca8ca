"""What judges networks by pictures: made again elsewhere, and eased where it cannot train."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nas.accuracy.finetuned import FinetuningEvaluator
from nas.accuracy.on_pictures import OwnPictures, SupernetEvaluator, again, read_own
from nas.errors import DivergedError, MemoryShortError
from nas.space.space import SearchSpace
from tests.accuracy.small_supernet import PICTURES, SPACE


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    np.savez(tmp_path / "patches.npz", images=PICTURES.pixels, labels=PICTURES.labels)
    return str(tmp_path / "patches.npz")


def read(file: str, space: SearchSpace = SPACE) -> OwnPictures:
    return read_own(file, space, seed=3, on_progress=lambda *told: None)


def supernet(own: OwnPictures, **settings: object) -> SupernetEvaluator:
    made = own.judged_by("supernet", epochs=2, efficient=False).made
    assert isinstance(made, SupernetEvaluator)
    recipe = made.recipe.model_copy(update=settings)
    return SupernetEvaluator(made.task, made.pictures, made.splits, recipe)


def test_another_process_judges_as_the_first(file: str, tmp_path: Path) -> None:
    own = read(file)
    told: list[float] = []
    first = own.judged_by("supernet", epochs=2, efficient=False)
    assert isinstance(first.made, SupernetEvaluator)
    first.made.prepare(lambda doing, share: told.append(share))
    assert told == sorted(told) and told[-1] == 1
    second = again(first.name)
    assert second.provenance == first.provenance
    for code in own.space.sample(3, seed=0):
        network = own.space.architecture(code)
        (one,), (other,) = (
            list(judge.evaluate(network, seed=0, folder=tmp_path)) for judge in (first, second)
        )
        assert one == other


def test_finetuning_goes_on_from_the_supernet_that_a_search_by_it_keeps(
    file: str, tmp_path: Path
) -> None:
    own = read(file)
    judge = own.judged_by("finetuning", epochs=2, efficient=False, trainings=2)
    assert isinstance(judge.made, FinetuningEvaluator)
    alone = own.judged_by("supernet", epochs=None, efficient=False).made
    assert isinstance(alone, SupernetEvaluator)
    # What is spent on weights is looked for in one place, so a short training of them will do.
    shared = judge.made.supernet
    assert shared.task == alone.task and shared.recipe == alone.recipe
    short = FinetuningEvaluator(supernet(own), judge.made.recipe, trainings=2)
    short.prepare(lambda *told: None)
    network = own.space.architecture(own.space.sample(1, seed=0)[0])
    first, last = short.evaluate(network, seed=0, folder=tmp_path)
    assert (first.share, last.share) == (0.5, 1)
    assert last.spent["trained_samples"] == 2 * 2 * len(own.splits.train)
    assert again(judge.name).provenance == judge.provenance
    said = judge.provenance
    assert (said["evaluator"], said["from"]) == ("finetuning", "inherited weights")
    assert said["supernet"]["recipe"] == shared.recipe.model_dump(mode="json")


def test_what_is_declared_decides_where_the_weights_are_kept(file: str) -> None:
    own = read(file)
    folders = {
        supernet_folder(own, epochs, efficient) for epochs in (1, 2) for efficient in (False, True)
    }
    assert len(folders) == 4
    assert supernet_folder(read(file), 1, efficient=False) in folders


def supernet_folder(own: OwnPictures, epochs: int, efficient: bool) -> Path:
    made = own.judged_by("supernet", epochs=epochs, efficient=efficient).made
    assert isinstance(made, SupernetEvaluator)
    return made.task.folder


def test_short_memory_is_met_with_smaller_batches_until_that_is_in_vain(file: str) -> None:
    image = SPACE.declaration.input.model_copy(update={"resolution": (2**16,)})
    declared = SPACE.declaration.model_copy(update={"input": image, "name": "huge"})
    own = OwnPictures(
        file, PICTURES, read(file).splits, SearchSpace.from_declaration(declared), 16
    )
    with pytest.raises(MemoryShortError, match="`batch` of 4 at 65536 pixels"):
        supernet(own, batch=64).prepare(lambda *told: pytest.fail("no step can be made"))


def test_a_loss_that_explodes_is_met_with_a_smaller_learning_rate(file: str) -> None:
    with pytest.raises(DivergedError, match="smaller `learning_rate` than 6.25e\\+28"):
        supernet(read(file), learning_rate=1e30).prepare(lambda *told: None)
