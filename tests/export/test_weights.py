"""Shares with their intervals, and what README.md says of weights by where they come from."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from scipy.stats import binomtest

from nas.accuracy.recipe import Recipe
from nas.export.picture_readme import picture_sections
from nas.export.readme import readme_text
from nas.export.weights import PictureFacts, PictureWeights, Share
from nas.space.architecture import parse

FACTS = PictureFacts(
    source="my-images",
    classes=("cat", "dog", "owl"),
    side=37,
    crop=32,
    resolution=28,
    counts={"training": 1400, "validation": 300, "test": 310},
    seed=0,
)
TRAINED = PictureWeights(
    "trained",
    FACTS,
    Recipe(epochs=12, flip=True),
    {"weight": torch.zeros(1)},
    begun="inherited",
    validation=Share(280, 300),
    test=Share(270, 310),
    looks=1,
)


@pytest.mark.parametrize(("right", "of"), [(0, 5), (5, 5), (3, 4), (271, 310)])
def test_intervals_are_wilsons(right: int, of: int) -> None:
    expected = binomtest(right, of).proportion_ci(0.9, method="wilson")
    found = Share(right, of).interval
    assert found == pytest.approx((100 * expected.low, 100 * expected.high), abs=1e-9)
    assert found[0] - 1e-9 <= Share(right, of).percent <= found[1] + 1e-9


def told(given: PictureWeights) -> str:
    """What is said of weights, on one line."""
    return " ".join(picture_sections(given).weights.split())


def test_trained_weights_are_told_with_both_splits() -> None:
    said = told(TRAINED)
    assert "trained: 12 epochs from weights inherited" in said
    assert "| validation | 93.33% |" in said and "| test | 87.10% |" in said
    assert "looked at once, at the end" in said
    again = told(replace(TRAINED, looks=3))
    assert "for 3 trained networks so far" in again and "once, at the end" not in again
    scratch = replace(TRAINED, begun="scratch", recipe=Recipe(efficient=True, flip=False))
    assert "from nothing" in told(scratch) and "skipping pictures" in told(scratch)
    assert "mirrored" in picture_sections(TRAINED).training
    assert "mirrored" not in picture_sections(scratch).training


def test_fresh_weights_are_not_called_anything_else() -> None:
    fresh = PictureWeights("fresh", FACTS, Recipe())
    said = picture_sections(fresh)
    assert "freshly initialised, not trained" in told(fresh)
    assert "load_weights" not in said.python and "weights.safetensors" not in said.files


def test_what_pictures_go_through_is_told_in_order() -> None:
    said = told(TRAINED)
    places = [
        said.index(words)
        for words in ("resized to 37 pixels", "middle 32 x 32", "28 x 28", "antialiased", "0.229")
    ]
    assert places == sorted(places)
    assert "0 `cat`, 1 `dog`, 2 `owl`" in said
    small = replace(FACTS, side=28, crop=28)
    assert "middle 28" not in picture_sections(replace(TRAINED, facts=small)).weights


def test_lines_of_text_are_not_longer_than_a_page_is_wide() -> None:
    network = parse("image 3x28x28 | conv k3 s2 c8 relu | pool | fc c3")
    text = readme_text(network, "Owls", [], picture_sections(TRAINED))
    assert "\n\n\n" not in text
    assert max(map(len, text.splitlines())) <= 100
