from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.errors import PicturesError
from nas.images.pictures import Part, Pictures
from nas.images.splits import split


def pictures(labels: list[int], parts: list[Part] | None = None, classes: int = 3) -> Pictures:
    count = len(labels)
    return Pictures(
        pixels=np.zeros((count, 4, 4, 3), np.uint8),
        labels=np.array(labels, dtype=np.int64),
        classes=tuple(f"class {i}" for i in range(classes)),
        parts=np.array(parts or [Part.UNSAID] * count, dtype=np.uint8),
        crop=4,
        content_hash="0" * 64,
        source="made",
    )


@given(st.lists(st.integers(3, 60), min_size=3, max_size=3), st.integers(0, 9))
def test_splits_are_disjoint_whole_and_stratified(counts: list[int], seed: int) -> None:
    labels = [label for label, count in enumerate(counts) for _ in range(count)]
    found = split(pictures(labels), seed=seed)
    together = np.concatenate([found.train, found.validation, found.test])
    assert sorted(together) == list(range(len(labels)))
    for part in (found.validation, found.test):
        shares = np.bincount(np.array(labels)[part], minlength=3)
        assert (np.abs(shares - 0.15 * np.array(counts)) <= 1).all()
    assert split(pictures(labels), seed=seed).provenance == found.provenance


def test_another_seed_is_another_split() -> None:
    made = pictures([0, 1, 2] * 30)
    assert split(made, seed=0).provenance["sha256"] != split(made, seed=1).provenance["sha256"]


@pytest.mark.parametrize(
    "given_parts", [(Part.VALIDATION,), (Part.TEST,), (Part.VALIDATION, Part.TEST)]
)
def test_the_layout_of_the_data_is_respected(given_parts: tuple[Part, ...]) -> None:
    labels, parts = [0, 1, 2] * 40, [Part.TRAIN] * 120
    for place, part in enumerate(given_parts):
        for index in range(10 * place, 10 * place + 10):
            parts[index] = part
    found = split(pictures(labels, parts))
    expected = {part: [i for i, p in enumerate(parts) if p == part] for part in given_parts}
    if Part.VALIDATION in given_parts:
        assert found.validation.tolist() == expected[Part.VALIDATION]
    if Part.TEST in given_parts:
        assert found.test.tolist() == expected[Part.TEST]
    assert min(map(len, (found.train, found.validation, found.test))) > 0
    assert not set(found.train) & (set(found.validation) | set(found.test))


def test_a_class_missing_from_a_split_is_told() -> None:
    with pytest.raises(PicturesError, match=r"training|validation|test.*class 2"):
        split(pictures([0] * 9 + [1] * 9 + [2]))
    parts = [Part.TRAIN] * 9 + [Part.TEST] * 3
    with pytest.raises(PicturesError, match="in the training split; got none of class 2"):
        split(pictures([0, 1] * 4 + [0] + [0, 1, 2], parts))
