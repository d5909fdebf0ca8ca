"""ONNX files for tests: small graphs made by hand, and exports of real torch modules."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import NodeProto, TensorProto, helper, numpy_helper

from nas.networks.build import build
from nas.networks.onnx_export import settle
from nas.space.architecture import Architecture

Shape = Sequence[int | str | None]


def node(op: str, inputs: str, outputs: str, **attributes: Any) -> NodeProto:
    """A node named after its operator; blanks separate names, `-` is one left out."""
    names = ["" if name == "-" else name for name in inputs.split()]
    results = ["" if name == "-" else name for name in outputs.split()]
    return helper.make_node(op, names, results, name=op.lower(), **attributes)


def model(
    nodes: Sequence[NodeProto],
    *,
    weights: Mapping[str, Sequence[int]] | None = None,
    constants: Mapping[str, Any] | None = None,
    image: Shape = (1, 3, 8, 8),
    opset: int = 18,
    output: str = "y",
) -> onnx.ModelProto:
    """A graph from `x` to `output`; weights are zeros of a shape, constants are values."""
    tensors = [
        numpy_helper.from_array(np.zeros(tuple(shape), np.float32), name)
        for name, shape in (weights or {}).items()
    ]
    tensors += [
        numpy_helper.from_array(np.asarray(value), name)
        for name, value in (constants or {}).items()
    ]
    graph = helper.make_graph(
        list(nodes),
        "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(image))],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)],
        tensors,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def conv(inputs: str, output: str, **attributes: Any) -> NodeProto:
    """A convolution that keeps the size where its window is 3 × 3, unless told otherwise."""
    return node("Conv", inputs, output, **{"pads": [1, 1, 1, 1], **attributes})


def export(architecture: Architecture, file: Path, *, batch: int = 2, **options: Any) -> None:
    """Write the torch module of an architecture by one of torch's two exporters."""
    image, network = architecture.image, build(architecture)
    settle(network, image)
    images = torch.randn(batch, image.channels, image.height, image.width)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one exporter is deprecated, and they warn of each other
        torch.onnx.export(network, (images,), file, verbose=False, **options)
