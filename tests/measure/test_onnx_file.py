"""The files that are measured: the network's kernels, and the same graph as torch's export."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import ModelProto

from nas.graph.lower import lower
from nas.graph.network import Network
from nas.graph.onnx import from_onnx
from nas.measure.onnx_file import onnx_model
from nas.networks.build import build
from nas.networks.onnx_export import settle, write_onnx
from nas.space.architecture import parse
from nas.space.catalog import find_space, space_names

EVERY_BLOCK = (
    "image 3x96x96 | conv k3 s2 c24 relu | maxpool k3 s2 | shuffle k3 s2 c48 | shuffle k3 c48 | "
    "mb k3 h96 c48 g2 relu6 | ds k5 c48 hswish | mb k3 s2 h96 c64 swish se24:relu:hsigmoid | "
    "fmb k3 h96 c64 swish se24:swish:sigmoid | fire c64 h16 | basic k3 s2 c64 | "
    "bottleneck k3 h32 c96 | conv k3 s2 c96 p0 bias relu | pool | fc c64 hswish | fc c10"
)


def shape_of(network: Network) -> list[object]:
    """What a network computes: which blocks and batch-norms it came from left out."""
    return [(kernel.signature, kernel.reads, kernel.writes) for kernel in network.kernels]


def write(model: ModelProto, folder: Path) -> Path:
    file = folder / "model.onnx"
    onnx.save(model, file)
    return file


def optimised(file: Path, folder: Path) -> Counter[str]:
    """The operators that ONNX Runtime executes."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.optimized_model_filepath = str(folder / "optimised.onnx")
    onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    graph = onnx.load(folder / "optimised.onnx").graph
    return Counter(f"{node.domain}.{node.op_type}" for node in graph.node)


@pytest.mark.parametrize("space", space_names())
def test_a_file_holds_the_kernels_of_its_network(space: str, tmp_path: Path) -> None:
    drawn = find_space(space)
    for code in drawn.sample(2, seed=1):
        network = lower(drawn.architecture(code))
        file = write(onnx_model(network), tmp_path)
        assert shape_of(from_onnx(file)) == shape_of(network)


@pytest.mark.parametrize("batch", [1, 3])
def test_every_block_is_written_and_runs(batch: int, tmp_path: Path) -> None:
    network = lower(parse(EVERY_BLOCK))
    model = onnx_model(network, batch=batch)
    onnx.checker.check_model(model, full_check=True)
    file = write(model, tmp_path)
    assert shape_of(from_onnx(file)) == shape_of(network)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    images = np.random.default_rng(0).standard_normal((batch, 3, 96, 96), np.float32)
    (logits,) = session.run(None, {"image": images})
    assert logits.shape == (batch, 10)
    assert np.isfinite(logits).all()
    assert logits.std() > 0


@pytest.mark.parametrize(
    "text",
    [
        "image 32x56x56 | conv k1 c64 relu",
        "image 32x56x56 | maxpool k3 s2",
        "image 3x225x225 | conv k7 s2 c64 p3 relu",
        "image 24x15x15 | conv k5 s2 c24 g24 p0 swish",
        "image 96x7x7 | pool",
    ],
)
def test_a_single_kernel_is_a_network(text: str, tmp_path: Path) -> None:
    network = lower(parse(text))
    assert shape_of(from_onnx(write(onnx_model(network), tmp_path))) == shape_of(network)


def test_the_runtime_executes_what_it_would_of_torchs_export(tmp_path: Path) -> None:
    architecture = parse(EVERY_BLOCK)
    network = build(architecture)
    settle(network, architecture.image)
    exported = tmp_path / "exported.onnx"
    write_onnx(network, architecture.image, exported)
    ours = write(onnx_model(lower(architecture)), tmp_path)
    assert optimised(ours, tmp_path) == optimised(exported, tmp_path)


def test_equal_seeds_give_equal_weights() -> None:
    network = lower(parse("image 8x4x4 | conv k3 c8"))
    assert onnx_model(network, seed=1) == onnx_model(network, seed=1)
    assert onnx_model(network, seed=1) != onnx_model(network, seed=2)
