"""Networks with inherited weights: what they know, and that a number is theirs alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from nas.accuracy.augment import prepare
from nas.accuracy.evaluator import Report
from nas.accuracy.extremes import extremes
from nas.accuracy.inherited import InheritedEvaluator, fold_norms, recalibrate
from nas.accuracy.sandwich import train_supernet
from nas.accuracy.training_data import TrainingData, top1_accuracy
from nas.errors import ChoiceError
from nas.networks.build import build
from nas.space.architecture import Architecture, parse
from tests.accuracy.small_supernet import PICTURES, RECIPE, SPACE, SPLITS


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def evaluator(tmp_path_factory: pytest.TempPathFactory) -> InheritedEvaluator:
    folder = tmp_path_factory.mktemp("supernet")
    file = train_supernet(SPACE, PICTURES, SPLITS, RECIPE, seed=0, folder=folder)
    return InheritedEvaluator(SPACE, file, PICTURES, SPLITS, device="cpu")


def networks(count: int = 6) -> list[Architecture]:
    codes = [*extremes(SPACE), *SPACE.sample(count, seed=3)]
    return [SPACE.architecture(code) for code in codes]


def accuracy(evaluator: InheritedEvaluator, network: Architecture, seed: int = 0) -> float:
    (report,) = evaluator.evaluate(network, seed=seed, folder=Path("unused"))
    assert report == Report(1.0, report.accuracy)
    return report.accuracy


def test_networks_of_all_sizes_have_learnt(evaluator: InheritedEvaluator) -> None:
    found = [accuracy(evaluator, network) for network in networks()]
    assert min(found) > 60 and np.mean(found) > 80  # a third would be chance


def test_a_number_depends_on_the_network_alone(evaluator: InheritedEvaluator) -> None:
    first, *others = networks(2)
    alone = accuracy(evaluator, first)
    for other in others:
        accuracy(evaluator, other)
    assert accuracy(evaluator, first, seed=9) == alone


def test_it_is_the_accuracy_of_the_network_that_a_person_would_take(
    evaluator: InheritedEvaluator,
) -> None:
    for network in networks(1):
        taken = build(network)
        taken.load_state_dict(evaluator.inherit(network).state_dict())
        data = TrainingData(PICTURES, SPLITS.validation, network.image.height)
        assert top1_accuracy(taken, data) == accuracy(evaluator, network)


def test_recalibration_gives_the_statistics_of_the_pictures() -> None:
    network = build(networks()[1])
    data = TrainingData(PICTURES, SPLITS.train, 16)
    recalibrate(network, data)
    images = prepare(torch.from_numpy(PICTURES.pixels[SPLITS.train]), crop=12, resolution=16)
    with torch.no_grad():
        evaluated = network(images)
        network.train()
        torch.testing.assert_close(evaluated, network(images), rtol=1e-3, atol=1e-3)


def test_folded_norms_change_no_output(evaluator: InheritedEvaluator) -> None:
    for architecture in networks(2):
        network = evaluator.inherit(architecture)
        image = torch.randn(2, 3, 16, 16)
        with torch.no_grad():
            before = network(image)
            fold_norms(network)
            torch.testing.assert_close(network(image), before, rtol=1e-4, atol=1e-4)
        assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in network.modules())


def test_a_network_of_another_space_is_refused(evaluator: InheritedEvaluator) -> None:
    with pytest.raises(ChoiceError, match="small cannot build"):
        accuracy(evaluator, parse("image 3x12x12 | conv k3 c8 relu | pool | fc c3"))


def test_provenance_says_what_was_trained_and_on_what(evaluator: InheritedEvaluator) -> None:
    said = evaluator.provenance
    assert said["kind"] == "supernet" and said["trained_share"] == 1
    assert said["data"]["content_sha256"] == PICTURES.content_hash
    assert said["recipes"] == [RECIPE.model_dump(mode="json")]
