"""Architecture: text and JSON round trips, identity by content, errors that name the place."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from nas.errors import ArchitectureError
from nas.space.architecture import Architecture, from_json, parse, read_json
from nas.space.blocks import BLOCK_TYPES, BlockKind
from tests.strategies import architectures

TEXT = "image 3x32x32 | conv k3 s2 c8 relu6 | mb k5 h24 c8 swish se2:relu:hsigmoid | pool | fc c4"


@given(architectures())
def test_text_and_json_round_trip(architecture: Architecture) -> None:
    assert parse(str(architecture)) == architecture
    assert read_json(json.dumps(architecture.to_json())) == architecture
    assert parse(str(architecture)).id == architecture.id


def test_text_is_canonical_whatever_the_spacing_and_order_of_words() -> None:
    loose = TEXT.replace("k3 s2 c8 relu6", " relu6  c8 k3 s2 g1 ")
    assert str(parse(loose)) == TEXT
    assert parse(loose).id == parse(TEXT).id


def test_a_different_network_has_a_different_id() -> None:
    assert parse(TEXT).id != parse(TEXT.replace("c4", "c5")).id


def test_every_kind_has_a_type() -> None:
    assert set(BLOCK_TYPES) == set(BlockKind)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["must start with `image CxHxW |`"]),
        ("image 3x32x32", ["at least one block"]),
        ("image 0x32x32 | pool", ["at least 1", "0x32x32"]),
        ("image 3x32x32 | cnv k3 c8", ["block 1", "'cnv'", "did you mean 'conv'"]),
        ("image 3x32x32 | conv k3", ["block 1", "needs width"]),
        ("image 3x32x32 | conv k4 c8", ["`kernel` must be odd", "got 4"]),
        ("image 3x32x32 | conv k3 c0", ["`width` must be at least 1", "got 0"]),
        ("image 3x32x32 | pool | conv k3 c8 relu7", ["block 2", "word 4", "'relu7'", "'relu'"]),
        ("image 3x32x32 | conv k3 k3 c8", ["word 3 sets `kernel` twice"]),
        ("image 3x32x32 | pool k3", ["`kernel`, which `pool` does not have"]),
        ("image 3x32x32 | mb k3 c8 se0:relu:sigmoid", ["`se` width must be at least 1"]),
    ],
)
def test_bad_text_names_the_block_the_word_and_the_rule(text: str, words: list[str]) -> None:
    with pytest.raises(ArchitectureError) as caught:
        parse(text)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": "other"}, ["`format`", "'other'"]),
        ({"image": {"channels": 3}}, ["`image`"]),
        ({"image": {"channels": 3, "height": "a", "width": 1}}, ["`image.height`", "'a'"]),
        ({"blocks": {}}, ["`blocks` must be a list"]),
        ({"blocks": [{"kind": "none"}]}, ["blocks.0", "`kind`"]),
        ({"blocks": [{"kind": ["conv"]}]}, ["blocks.0", "`kind`"]),
        ({"blocks": [{"kind": "conv", "kernel": 3, "widht": 8}]}, ["'widht'", "'width'"]),
        ({"blocks": [{"kind": "conv", "kernel": True, "width": 8}]}, ["blocks.0.kernel", "True"]),
        ({"blocks": [{"kind": "fc", "width": 8, "bias": 1}]}, ["blocks.0.bias"]),
        ({"blocks": [{"kind": "fc", "width": 8, "activation": "x"}]}, ["blocks.0.activation"]),
    ],
)
def test_bad_json_names_the_place(change: dict[str, object], words: list[str]) -> None:
    with pytest.raises(ArchitectureError) as caught:
        from_json({**parse(TEXT).to_json(), **change})
    for word in words:
        assert word in str(caught.value)


def test_json_that_does_not_parse_is_an_architecture_error() -> None:
    with pytest.raises(ArchitectureError, match="must parse"):
        read_json("{")
