"""Shipped spaces and reference networks by name: published counts, width rules, errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from nas.errors import ArchitectureError, UnknownNameError
from nas.graph.lower import lower
from nas.space.architecture import parse
from nas.space.catalog import find_network, find_space, reference_networks, space_names

MACS = {"mobilenet_v2": 300.8e6, "mobilenet_v3_large": 216.6e6}
SCALED = {
    "mobilenet_v2@1.4": 6_108_776,
    "mobilenet_v2@0.5": 1_968_680,
    "mobilenet_v1@0.25": 470_072,
}


@pytest.mark.parametrize("name", sorted(reference_networks()))
def test_parameters_are_those_published(name: str) -> None:
    network = lower(find_network(name))
    network.check()
    assert network.parameters == reference_networks()[name].parameters
    assert network.output_shape == (1000, 1, 1)


@pytest.mark.parametrize("name", sorted(MACS))
def test_macs_are_those_published(name: str) -> None:
    assert lower(find_network(name)).macs == pytest.approx(MACS[name], rel=0.001)


@pytest.mark.parametrize("name", sorted(SCALED))
def test_scaled_widths_have_the_published_parameters(name: str) -> None:
    assert lower(find_network(name)).parameters == SCALED[name]


def test_resolution_changes_the_image_alone() -> None:
    small, large = find_network("mobilenet_v2@0.75/160"), find_network("mobilenet_v2@0.75")
    assert small.image.height == 160
    assert small.blocks == large.blocks
    assert lower(small).macs < lower(large).macs


def test_a_network_is_found_by_text_and_by_json_file(tmp_path: Path) -> None:
    import json

    network = find_network("squeezenet_1_1")
    assert find_network(str(network)) == network
    file = tmp_path / "architecture.json"
    file.write_text(json.dumps(network.to_json()))
    assert find_network(str(file)) == network


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("mobilnet_v2", UnknownNameError, ["'mobilenet_v2'"]),
        ("resnet18@0.5", ArchitectureError, ["no published width rule", "mobilenet_v2"]),
        ("mobilenet_v2@99", ArchitectureError, ["at most 10"]),
        ("missing.json", ArchitectureError, ["readable JSON file"]),
    ],
)
def test_unknown_networks_are_named(text: str, error: type[Exception], words: list[str]) -> None:
    with pytest.raises(error) as caught:
        find_network(text)
    for word in words:
        assert word in str(caught.value)


def test_every_shipped_space_has_the_name_of_its_file() -> None:
    assert [find_space(name).name for name in space_names()] == space_names()
    with pytest.raises(UnknownNameError, match="did you mean 'mnasnet'"):
        find_space("mnasnt")


def test_reference_text_is_canonical() -> None:
    for name, reference in reference_networks().items():
        assert str(parse(reference.text)) == reference.text, name
