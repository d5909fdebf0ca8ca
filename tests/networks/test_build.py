"""Torch modules against the lowered networks, counted independently of the lowering."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from torch import nn

from nas.errors import ArchitectureError
from nas.graph.lower import LOWERING, lower
from nas.networks.build import BUILD, build, build_to_train
from nas.networks.layers import ChannelShuffle
from nas.resources import folder
from nas.space.architecture import Architecture, parse
from nas.space.blocks import BLOCK_TYPES, BlockKind
from nas.space.space import SearchSpace
from tests.strategies import BODY_KINDS, architectures

torch.set_num_threads(1)

SPACES = sorted(folder("search_spaces").glob("*.yaml"))


def small(architecture: Architecture, size: int = 32) -> Architecture:
    """The same blocks over a small image."""
    return parse(f"image 3x{size}x{size} | {architecture.text.partition(' | ')[2]}")


def counted_macs(network: nn.Module, images: torch.Tensor) -> tuple[int, torch.Size]:
    """Multiply-accumulates of one image, seen by hooks, and the shape of the logits."""
    macs = 0

    def count(module: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        nonlocal macs
        assert isinstance(module.weight, torch.Tensor)
        weights = module.weight[0].numel()  # that one output element reads
        macs += weights * output[0].numel()

    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(count)
    with torch.no_grad():
        logits = network.eval()(images)
    return macs, logits.shape


def assert_equals_lowered(architecture: Architecture) -> None:
    lowered, network = lower(architecture), build(architecture)
    image = architecture.image
    macs, shape = counted_macs(network, torch.randn(2, image.channels, image.height, image.width))
    assert macs == lowered.macs
    assert sum(weight.numel() for weight in network.parameters()) == lowered.parameters
    assert shape == (2, lowered.output_shape[0])


def test_every_table_has_every_kind() -> None:
    assert set(BUILD) == set(LOWERING) == set(BLOCK_TYPES) == set(BlockKind)


@pytest.mark.parametrize("kind", BODY_KINDS)
def test_each_kind_equals_the_lowered_network(kind: BlockKind) -> None:
    @settings(max_examples=15)
    @given(architecture=architectures(kinds=(kind,)))
    def check(architecture: Architecture) -> None:
        assert_equals_lowered(architecture)

    check()


@settings(max_examples=40)
@given(architecture=architectures())
def test_mixed_kinds_equal_the_lowered_network(architecture: Architecture) -> None:
    assert_equals_lowered(architecture)


@pytest.mark.parametrize("file", SPACES, ids=lambda file: file.stem)
def test_spaces_equal_the_lowered_networks(file) -> None:
    space = SearchSpace.from_file(file)
    for code in space.sample(2, seed=7):
        assert_equals_lowered(small(space.architecture(code)))


@settings(max_examples=30)
@given(architecture=architectures())
def test_every_parameter_gets_a_gradient(architecture: Architecture) -> None:
    network, image = build(architecture), architecture.image
    # The image wants one too, so that networks of poolings alone have something to go back to.
    images = torch.randn(4, image.channels, image.height, image.width, requires_grad=True)
    network(images).square().sum().backward()
    assert [name for name, weight in network.named_parameters() if weight.grad is None] == []


def test_gradients_are_not_zero_in_a_real_network() -> None:
    space = SearchSpace.from_file(folder("search_spaces") / "mobilenet_v3.yaml")
    network = build(small(space.architecture(space.sample(1, seed=1)[0]), 64))
    network(torch.randn(4, 3, 64, 64)).logsumexp(1).sum().backward()
    for name, weight in network.named_parameters():
        assert weight.grad is not None and weight.grad.abs().max() > 0, name


def mobilenet_v2() -> str:
    stages = [(24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2), (320, 1, 1)]
    blocks, channels = ["conv k3 s2 c32 relu6", "mb k3 c16 relu6"], 16
    for width, depth, stride in stages:
        for index in range(depth):
            step = 1 if index else stride
            blocks.append(f"mb k3 s{step} h{6 * channels} c{width} relu6")
            channels = width
    return " | ".join([*blocks, "conv k1 c1280 relu6 | pool | fc c1000"])


def resnet(block: str, widening: int, depths: tuple[int, ...]) -> str:
    blocks = ["conv k7 s2 c64 relu | maxpool k3 s2"]
    for stage, depth in enumerate(depths):
        width = 64 << stage
        for index in range(depth):
            stride = 2 if stage and not index else 1
            hidden = f"h{width} " if widening > 1 else ""
            blocks.append(f"{block} k3 s{stride} {hidden}c{width * widening}")
    return " | ".join([*blocks, "pool | fc c1000"])


def shufflenet_v2() -> str:
    blocks = ["conv k3 s2 c24 relu | maxpool k3 s2"]
    for width, depth in ((116, 4), (232, 8), (464, 4)):
        blocks += [f"shuffle k3 s{1 if index else 2} c{width}" for index in range(depth)]
    return " | ".join([*blocks, "conv k1 c1024 relu | pool | fc c1000"])


SQUEEZENET = (
    "conv k3 s2 p0 c64 relu bias | maxpool k3 s2 p0 | fire h16 c128 | fire h16 c128 | "
    "maxpool k3 s2 p0 | fire h32 c256 | fire h32 c256 | maxpool k3 s2 p0 | fire h48 c384 | "
    "fire h48 c384 | fire h64 c512 | fire h64 c512 | conv k1 c1000 relu bias | pool"
)


@pytest.mark.parametrize(
    ("text", "published"),
    [
        pytest.param(mobilenet_v2(), 3_504_872, id="mobilenet_v2"),
        pytest.param(resnet("basic", 1, (2, 2, 2, 2)), 11_689_512, id="resnet18"),
        pytest.param(resnet("bottleneck", 4, (3, 4, 6, 3)), 25_557_032, id="resnet50"),
        pytest.param(SQUEEZENET, 1_235_496, id="squeezenet1_1"),
        pytest.param(shufflenet_v2(), 2_278_604, id="shufflenet_v2_1_0"),
    ],
)
def test_published_parameter_counts(text: str, published: int) -> None:
    architecture = parse(f"image 3x64x64 | {text}")
    assert sum(weight.numel() for weight in build(architecture).parameters()) == published
    assert_equals_lowered(architecture)


def test_channel_shuffle_interleaves_the_groups() -> None:
    channels = torch.arange(6.0).reshape(1, 6, 1, 1)
    assert ChannelShuffle(2)(channels).flatten().tolist() == [0, 3, 1, 4, 2, 5]


def test_shuffle_unit_keeps_the_first_half() -> None:
    network = build(parse("image 4x5x5 | shuffle k3 c4 | pool"))
    image = torch.randn(1, 4, 5, 5)
    out = network.blocks[0](image)
    assert torch.equal(out[:, 0::2], image[:, :2])


def test_a_seed_decides_the_weights_and_leaves_the_global_generator_alone() -> None:
    architecture = parse("image 3x8x8 | conv k3 c8 relu | pool | fc c10")
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first, again, other = (build(architecture, seed=seed).state_dict() for seed in (1, 1, 2))
    assert torch.equal(torch.rand(3), expected)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["blocks.0.conv.weight"], other["blocks.0.conv.weight"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image 3x8x8 | conv k3 c8", "`architecture` must end in one vector per image; got 8x8x8"),
        ("image 3x8x8 | pool | fc c4 | pool", "block 3 ('pool'): `fc` must be followed by `fc`"),
        ("image 3x8x8 | maxpool k3 p2 | pool", "`padding` of maxpool must be at most half"),
        ("image 3x8x8 | conv k3 c8 g2 | pool", "block 1 ('conv k3 c8 g2'): `groups` must divide"),
    ],
)
def test_what_cannot_work_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ArchitectureError) as error:
        build(parse(text))
    assert message in str(error.value)


@pytest.mark.parametrize("block", ["mb k3 h16 c{} relu se4:relu:hsigmoid", "fmb k3 h16 c{} relu"])
def test_a_training_begins_as_if_blocks_beside_shortcuts_were_not_there(block: str) -> None:
    text, images = "image 3x8x8 | conv k3 c8 relu | {} | pool | fc c5", torch.randn(4, 3, 8, 8)
    deep = parse(text.format(f"{block.format(8)} | {block.format(8)}"))
    begun = build_to_train(deep, seed=1)
    shallow = build(parse(text.replace("{} | ", "")))
    for at in (0, -1):
        shallow.blocks[at].load_state_dict(begun.blocks[at].state_dict())
    assert torch.equal(begun(images), shallow(images))
    assert not torch.equal(build(deep, seed=1)(images), shallow(images))
    begun(images).sum().backward()
    assert all(begun.blocks[at].project.norm.weight.grad.abs().max() > 0 for at in (1, 2))
    wider = parse(text.format(block.format(16)))
    without = build(wider, seed=1)(images)
    assert torch.equal(build_to_train(wider, seed=1)(images), without), "it has no shortcut"
