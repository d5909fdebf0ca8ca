"""The ONNX file: quiet, checked, one file, any batch size, as a trained network's would be."""

from __future__ import annotations

from collections import Counter

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from nas.errors import OutputError
from nas.graph.lower import lower
from nas.networks import onnx_export
from nas.networks.build import build
from nas.networks.onnx_export import MAX_ABS_ERROR, settle, write_onnx
from nas.resources import folder
from nas.space.architecture import Architecture, Image, parse
from nas.space.space import SearchSpace

torch.set_num_threads(1)

# One block of every kind.
EVERY_KIND = parse(
    "image 3x20x16 | conv k3 s2 c8 relu6 | maxpool k3 | ds k3 c8 relu | "
    "mb k3 h16 c8 g2 hswish se4:relu:hsigmoid | fmb k3 h16 c8 swish se2:swish:sigmoid | "
    "basic k3 s2 c12 | bottleneck k3 h4 c12 | fire h4 c16 | shuffle k3 c16 | "
    "shuffle k3 s2 c20 | pool | fc c12 hswish nobias | fc c5"
)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    file = tmp_path_factory.mktemp("onnx") / "network.onnx"
    network = build(EVERY_KIND)
    settle(network, EVERY_KIND.image)
    error = write_onnx(network, EVERY_KIND.image, file)
    return network, file, error


def test_it_is_one_file_that_gives_torchs_logits_at_any_batch_size(exported) -> None:
    network, file, error = exported
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert 0 <= error <= MAX_ABS_ERROR
    session = onnxruntime.InferenceSession(file)
    assert [item.name for item in session.get_inputs()] == ["image"]
    assert [item.name for item in session.get_outputs()] == ["logits"]
    for batch in (1, 3):
        images = torch.randn(batch, 3, 20, 16)
        (logits,) = session.run(None, {"image": images.numpy()})
        with torch.no_grad():
            np.testing.assert_allclose(logits, network(images).numpy(), atol=1e-4)


@pytest.mark.parametrize("name", ["efficientnet", "fbnet", "mobilenet_v3", "mnasnet"])
def test_settled_networks_tell_images_apart(name: str) -> None:
    """Else comparing logits would prove nothing: unsettled, they are from 1e-5 to 1e3."""
    space = SearchSpace.from_file(folder("search_spaces") / f"{name}.yaml")
    blocks = space.architecture(space.sample(1, seed=3)[0]).blocks
    image = Image(3, 64, 64)
    network = build(Architecture(image, blocks))
    settle(network, image)
    with torch.no_grad():
        logits = network(torch.randn(2, 3, 64, 64))
    assert 100 * MAX_ABS_ERROR < (logits[0] - logits[1]).abs().max() < 10


def test_its_convolutions_are_those_of_the_lowered_network(exported) -> None:
    _, file, _ = exported
    graph = onnx.load(file).graph
    found = Counter(node.op_type for node in graph.node)
    kinds = Counter(kernel.signature.kind.value for kernel in lower(EVERY_KIND).kernels)
    assert found["Conv"] == kinds["conv"] + kinds["depthwise_conv"]
    assert found["Gemm"] + found["MatMul"] == kinds["linear"]
    assert found["BatchNormalization"] == 0
    assert all(len(node.input) == 3 for node in graph.node if node.op_type == "Conv"), "no bias"


def test_it_says_nothing_about_the_machine_that_wrote_it(exported, repository) -> None:
    _, file, _ = exported
    content = file.read_bytes()
    assert str(repository).encode() not in content
    assert b"nas.networks" not in content


def test_a_file_that_disagrees_is_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(onnx_export, "max_abs_error", lambda *_: float("nan"))
    tiny = parse("image 1x4x4 | conv k3 c2 | pool")
    with pytest.raises(OutputError, match="must give torch's logits to 0.0001 in onnxruntime"):
        write_onnx(build(tiny).eval(), tiny.image, tmp_path / "network.onnx")


def test_settling_gives_every_norm_the_statistics_of_its_input() -> None:
    architecture = parse("image 3x64x64 | conv k1 c4 | pool")
    network = build(architecture)
    settle(network, architecture.image)
    norm, images = network.blocks[0].norm, torch.randn(8, 3, 64, 64)
    spread = network.blocks[0].conv(images).var((0, 2, 3)).detach()
    torch.testing.assert_close(norm.running_var, spread, rtol=0.1, atol=0)
    assert norm.momentum == 0.1
    assert not network.training
