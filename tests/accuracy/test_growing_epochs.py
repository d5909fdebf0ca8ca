"""Epochs that grow: what joins stays, all is there at the end, and the work is told truly."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from nas.accuracy.growing_epochs import GrowingEpochs
from nas.accuracy.judges import Fidelity
from nas.accuracy.pruned_epochs import Epochs
from nas.accuracy.recipe import Recipe
from nas.accuracy.trained import TrainedEvaluator
from nas.space.architecture import parse
from tests.accuracy.small_supernet import PICTURES, SPLITS

FIDELITIES: tuple[Fidelity, ...] = get_args(Fidelity)
EPOCHS, SIDE = 7, 48
SMALL = parse("image 3x24x24 | conv k3 s2 c8 relu | mb k3 s2 h16 c8 relu | pool | fc c3")


def growing(fidelity: Fidelity, skipped: float = 0.0) -> GrowingEpochs:
    return GrowingEpochs(
        200, fidelity=fidelity, epochs=EPOCHS, resolution=SIDE, seed=1, skipped=skipped
    )


def test_pictures_join_and_stay() -> None:
    plans = [growing("pictures").plan(epoch) for epoch in range(EPOCHS)]
    seen = [set(plan.positions.tolist()) for plan in plans]
    assert all(before <= after for before, after in zip(seen, seen[1:], strict=False))
    assert len(seen[0]) == 72 and seen[-1] == set(range(200))
    assert {plan.resolution for plan in plans} == {SIDE}


def test_pictures_grow() -> None:
    sides = [growing("resolution").plan(epoch).resolution for epoch in range(EPOCHS)]
    assert sides == sorted(sides) and sides[0] == 28 and sides[-1] == SIDE
    assert all(len(growing("resolution").plan(epoch).positions) == 200 for epoch in range(EPOCHS))


@pytest.mark.parametrize("fidelity", FIDELITIES)
@pytest.mark.parametrize("epochs", [1, 2, EPOCHS])
def test_the_share_that_is_done_is_that_of_pixels(fidelity: Fidelity, epochs: int) -> None:
    made = GrowingEpochs(200, fidelity=fidelity, epochs=epochs, resolution=SIDE, seed=1)
    plans = [made.plan(epoch) for epoch in range(epochs)]
    pixels = np.cumsum([len(plan.positions) * plan.resolution**2 for plan in plans])
    done = [made.done(number) for number in range(1, epochs + 1)]
    assert done == pytest.approx(pixels / pixels[-1]) and done[-1] == 1


def test_epochs_alone_are_the_usual_ones_pruned_alike() -> None:
    usual = Epochs(200, epochs=EPOCHS, resolution=SIDE, seed=1, skipped=0.5)
    losses = np.linspace(0, 1, 200, dtype=np.float32)
    made = growing("epochs", skipped=0.5)
    for one in (usual, made):
        one.learn(np.arange(200), losses)
        one.turn()
    for epoch in range(EPOCHS):
        expected, found = usual.plan(epoch), made.plan(epoch)
        assert np.array_equal(expected.positions, found.positions)
        assert expected.resolution == found.resolution


@pytest.mark.parametrize("fidelity", FIDELITIES)
def test_reports_come_after_less_work_and_end_with_all_of_it(
    tmp_path: Path, fidelity: Fidelity
) -> None:
    recipe = Recipe(epochs=10, batch=16, learning_rate=0.8)
    evaluator = TrainedEvaluator(PICTURES, SPLITS, recipe, fidelity=fidelity)
    reports = list(evaluator.evaluate(SMALL, seed=0, folder=tmp_path))
    shares = [report.share for report in reports]
    assert shares == sorted(shares) and shares[-1] == 1 and len(shares) == 10
    assert (shares[0] < 0.09) == (fidelity != "epochs")
    trained = reports[-1].spent["trained_samples"]
    assert (trained < 10 * len(SPLITS.train)) == (fidelity == "pictures")
    assert reports[-1].accuracy > 50, "one in three is right by chance"
    assert evaluator.provenance["fidelity"] == fidelity
