"""model.py as text: the same network as the built one, and nothing that it does not need."""

from __future__ import annotations

import ast
from types import ModuleType

import pytest
import torch
from hypothesis import given, settings

from nas.export.model_file import model_source
from nas.networks.build import build
from nas.space.architecture import Architecture, parse
from nas.space.blocks import BlockKind
from tests.strategies import BODY_KINDS, architectures

torch.set_num_threads(1)


def module_of(source: str) -> ModuleType:
    module = ModuleType("model")
    exec(compile(source, "model.py", "exec"), module.__dict__)
    return module


def assert_same_network(architecture: Architecture) -> None:
    exported = module_of(model_source(architecture, "A network")).Network().eval()
    network = build(architecture, seed=3).eval()
    assert list(exported.state_dict()) == list(network.state_dict())
    exported.load_state_dict(network.state_dict(), strict=True)
    image = architecture.image
    images = torch.randn(2, image.channels, image.height, image.width)
    with torch.no_grad():
        assert torch.equal(exported(images), network(images))


@pytest.mark.parametrize("kind", BODY_KINDS)
def test_each_kind_is_the_built_network(kind: BlockKind) -> None:
    @settings(max_examples=4)
    @given(architecture=architectures(kinds=(kind,)))
    def check(architecture: Architecture) -> None:
        assert_same_network(architecture)

    check()


@settings(max_examples=10)
@given(architecture=architectures())
def test_mixed_kinds_are_the_built_network(architecture: Architecture) -> None:
    assert_same_network(architecture)


def test_equal_seeds_give_equal_weights() -> None:
    architecture = parse("image 3x9x9 | mb k3 h8 c6 relu se2:relu:sigmoid | pool | fc c5")
    module = module_of(model_source(architecture, "A network"))
    torch.manual_seed(11)
    exported = module.Network().state_dict()
    for name, weight in build(architecture, seed=11).state_dict().items():
        assert torch.equal(exported[name], weight), name


def test_it_imports_torch_only_and_holds_only_what_it_needs() -> None:
    tree = ast.parse(model_source(parse("image 3x9x9 | conv k3 c8 relu | pool | fc c5"), "Small"))
    imports = {
        node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert imports == {"__future__", "torch"}
    names = [node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)]
    assert names == ["make_activation", "ConvNormAct", "LinearAct", "initialize", "Network"]


def test_every_block_is_one_line_with_its_shape() -> None:
    source = model_source(parse("image 3x9x9 | conv k3 s2 c8 relu | pool | fc c5"), "Small")
    assert (
        "            ConvNormAct(in_channels=3, out_channels=8, kernel=3, stride=2, "
        'activation="relu"),  # 8x5x5\n'
        "            nn.AdaptiveAvgPool2d(output_size=1),  # 8x1x1\n"
        "            LinearAct(in_features=8, out_features=5),  # 5x1x1\n"
    ) in source


@pytest.mark.parametrize(
    "title", ['"""', 'ends in "', "back\\slash\\", "two\nlines", "{braces}", ""]
)
def test_no_title_breaks_the_file(title: str) -> None:
    source = model_source(parse("image 3x9x9 | conv k3 c8 | pool"), title)
    assert (module_of(source).__doc__ or "").startswith(" ".join(title.split()))
