"""A slice of the weight-sharing network against the network itself, in every shipped space."""

from __future__ import annotations

from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from nas.errors import ChoiceError
from nas.networks.build import build
from nas.networks.supernet import Supernet, steps
from nas.space.architecture import parse
from nas.space.catalog import find_space, space_names
from nas.space.schema import SpaceDeclaration
from nas.space.space import SearchSpace

torch.set_num_threads(1)

EVERYTHING = {
    "name": "everything",
    "title": "every key of a space that is a choice, and every block",
    "source": "this test",
    "input": {"resolution": [8, 12]},
    "width_multiplier": [0.5, 1.0],
    "rules": {"width_divisor": 4, "se": {"of": "hidden"}},
    "operations": {
        "skip": {"block": "skip"},
        "mb": {"block": "mb", "kernel": 5, "expansion": 2},
        "grouped": {"block": "mb", "kernel": 3, "expansion": 2, "groups": 2},
        "fused": {"block": "fmb", "kernel": 3, "expansion": 2},
        "plain": {"block": "conv", "kernel": 3, "bias": True},
    },
    "stem": ({"block": "conv", "kernel": [3, 5], "width": [4, 8]},),
    "stages": (
        {"name": "a", "block": "ds", "width": 8, "kernel": [3, 5], "depth": [1, 2]},
        {"name": "b", "operation": "all", "width": 8, "stride": 2, "depth": 3,
         "choose_per": "block"},
        {"name": "c", "block": "mb", "width": [8, 12], "stride": [1, 2], "depth": [1, 2],
         "kernel": [3, 5], "expansion": [1, 2, 3], "se": [0, 0.25],
         "activation": ["relu", "hswish"]},
        {"name": "d", "block": "maxpool", "kernel": [1, 3]},
    ),
    "head": ({"block": "pool"}, {"block": "fc", "width": 5}),
}  # fmt: skip


@cache
def supernet(name: str) -> Supernet:
    """A supernet whose every weight and running statistic is a number of its own."""
    network = Supernet(find_space(name))
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for tensor_name, tensor in network.state_dict().items():
            if tensor.is_floating_point():
                noise = torch.rand(tensor.shape, generator=generator) / 10
                # About zero, or sums over many channels would grow from layer to layer.
                tensor += noise if tensor_name.endswith("running_var") else noise - 0.05
    return network


def images(count: int = 2, side: int = 32) -> Tensor:
    return torch.randn(count, 3, side, side, generator=torch.Generator().manual_seed(2))


def assert_equal_outputs(found: Tensor, expected: Tensor) -> None:
    scale = float(expected.detach().abs().max())
    assert 0 < scale < float("inf")
    torch.testing.assert_close(found / scale, expected / scale, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", space_names())
def test_a_slice_is_what_build_makes_and_computes_what_the_supernet_does(name: str) -> None:
    whole = supernet(name)

    @settings(max_examples=2)
    @given(seed=st.integers(0, 2**32 - 1))
    def check(seed: int) -> None:
        code = whole.space.sample(1, seed=seed)[0]
        architecture = whole.space.architecture(code)
        network = whole.eval().slice(architecture)
        expected = build(architecture).state_dict()
        found = network.state_dict()
        assert list(found) == list(expected)
        for key, tensor in expected.items():
            assert found[key].shape == tensor.shape and found[key].dtype == tensor.dtype
        with torch.no_grad():
            assert_equal_outputs(network(images()), whole(images(), code))

    check()


def test_in_training_a_slice_normalises_by_the_batch_as_the_supernet_does() -> None:
    whole = Supernet(find_space("mobilenet_v2")).train()
    code = whole.space.sample(1, seed=4)[0]
    network = whole.slice(whole.space.architecture(code))
    assert_equal_outputs(network(images(8)), whole(images(8), code))


def test_every_shared_weight_is_of_use_to_some_network() -> None:
    space = SearchSpace.from_declaration(SpaceDeclaration.model_validate(EVERYTHING))
    whole = Supernet(space)
    used = {key: [0] * tensor.dim() for key, tensor in whole.state_dict().items()}
    met = [step for code in space.sample(600, seed=0) for step in steps(space, code)]
    for place, call in {str(step): step for step in met}.values():
        with torch.device("meta"):
            layer = call.make()
        for key, tensor in layer.state_dict().items():
            sizes = used[f"places.{place}.{key}"]
            sizes[:] = map(max, sizes, tensor.shape)
    assert used == {key: list(tensor.shape) for key, tensor in whole.state_dict().items()}


def test_every_kind_of_choice_is_sliced() -> None:
    space = SearchSpace.from_declaration(SpaceDeclaration.model_validate(EVERYTHING))
    whole = Supernet(space).eval()
    for code in space.sample(20, seed=1):
        network = whole.slice(space.architecture(code))
        with torch.no_grad():
            assert_equal_outputs(network(images(side=8)), whole(images(side=8), code))


def test_choices_that_give_one_network_give_one_set_of_weights() -> None:
    whole = supernet("nas_bench_macro").eval()
    choices = {variable.name: "k3_e3" for variable in whole.space.variables}
    early = whole.space.encode({**choices, "stage3.block2.operation": "identity"})
    late = whole.space.encode({**choices, "stage3.block3.operation": "identity"})
    assert whole.space.architecture(early) == whole.space.architecture(late)
    with torch.no_grad():
        assert torch.equal(whole(images(), early), whole(images(), late))


def test_kernels_are_cut_from_their_centre_and_channels_from_the_first() -> None:
    whole = supernet("nas_bench_macro")
    choices = {variable.name: "k5_e6" for variable in whole.space.variables}
    name = "stage1.block1.operation"
    largest = whole.slice(whole.space.architecture(whole.space.encode(choices)))
    smaller = whole.slice(whole.space.architecture(whole.space.encode({**choices, name: "k3_e3"})))
    key = "blocks.1.depthwise.conv.weight"
    expected = largest.state_dict()[key][:96, :, 1:4, 1:4]
    assert torch.equal(smaller.state_dict()[key], expected)


def test_a_slice_is_a_copy() -> None:
    whole = supernet("nas_bench_macro")
    network = whole.slice(whole.space.architecture(whole.space.sample(1, seed=0)[0]))
    before = {key: tensor.clone() for key, tensor in whole.state_dict().items()}
    with torch.no_grad():
        for tensor in network.state_dict().values():
            tensor.zero_()
    assert all(torch.equal(before[key], tensor) for key, tensor in whole.state_dict().items())


def test_seeds_decide_the_weights() -> None:
    space = find_space("nas_bench_macro")
    first, again, other = (Supernet(space, seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


def test_a_network_of_another_space_is_refused() -> None:
    network = parse("image 3x32x32 | conv k3 c8 relu | pool | fc c10")
    with pytest.raises(ChoiceError, match="nas_bench_macro cannot build this network"):
        supernet("nas_bench_macro").slice(network)
