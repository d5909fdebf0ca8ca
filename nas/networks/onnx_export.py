"""torch module → ONNX file that onnxruntime has been seen to run to the same results."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from nas.errors import OutputError
from nas.space.architecture import Image

MAX_ABS_ERROR = 1e-4
"""Largest difference allowed between any logit of onnxruntime and of torch."""

_OPSET = 18
_SETTLING_PIXELS = 4 * 224 * 224
_SETTLING_IMAGES = 64
_SETTLED_BIAS = 0.01


def settle(network: nn.Module, image: Image, *, seed: int = 0) -> None:
    """Give a fresh network what a trained one has, so that its ONNX file looks like theirs.

    Batch-norms get the statistics of random images, biases small values, and the network is left
    in evaluation mode. Why: with initial statistics the outputs of deep networks vanish or
    explode, so that comparing them would prove nothing; and the exporter drops biases of zero.
    """
    generator = torch.Generator().manual_seed(seed)
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 1.0  # the statistics of the next batch alone
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
            nn.init.normal_(module.bias, 0.0, _SETTLED_BIAS, generator=generator)
    # Small images leave few positions in the last maps: more of them make up for it.
    count = max(4, min(_SETTLING_IMAGES, _SETTLING_PIXELS // (image.height * image.width)))
    network.train()
    with torch.no_grad():
        network(_random_images(count, image, generator))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    network.eval()


def write_onnx(network: nn.Module, image: Image, file: Path) -> float:
    """Write a classification network in evaluation mode as one ONNX file, its batch size free.

    Returns:
        The largest absolute difference between onnxruntime and torch on random images.

    Raises:
        OutputError: if they differ by more than `MAX_ABS_ERROR`; the file must not be used.
    """
    assert not network.training, "dropout and batch-norm would be exported as in training"
    generator = torch.Generator().manual_seed(0)
    with _quiet():
        program = torch.onnx.export(
            network,
            (_random_images(2, image, generator),),  # 1 would become a fixed size
            input_names=["image"],
            output_names=["logits"],
            dynamic_shapes=({0: torch.export.Dim("batch", min=1)},),
            opset_version=_OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None, "the dynamo exporter returns the program that it made"
    onnx.save(_without_metadata(program.model_proto), file)
    onnx.checker.check_model(file, full_check=True)
    batches = [_random_images(count, image, generator) for count in (1, 2)]
    error = max_abs_error(network, batches, file)
    if not error <= MAX_ABS_ERROR:  # also where it is not a number
        raise OutputError(
            f"`{file.name}` must give torch's logits to {MAX_ABS_ERROR:g} in onnxruntime; "
            f"got a difference of {error:g}; nothing was exported"
        )
    return error


def max_abs_error(network: nn.Module, batches: list[Tensor], file: Path) -> float:
    """The largest difference between a module's and an ONNX file's logits over the batches."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors only: nothing else belongs on a user's terminal
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    errors = []
    for images in batches:
        with torch.no_grad():
            expected = network(images).numpy()
        (found,) = session.run(None, {"image": images.numpy()})
        errors.append(float(np.abs(found - expected).max()))
    return float(np.max(errors))


def _random_images(count: int, image: Image, generator: torch.Generator) -> Tensor:
    shape = (count, image.channels, image.height, image.width)
    return torch.randn(shape, generator=generator)


def _without_metadata(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model without the exporter's notes, which name files of the machine it ran on."""
    graph = model.graph
    for item in (model, graph, *graph.node, *graph.input, *graph.output, *graph.value_info):
        item.ClearField("metadata_props")
        item.ClearField("doc_string")
    for initializer in graph.initializer:
        initializer.ClearField("metadata_props")
        initializer.ClearField("doc_string")
    return model


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's progress notes and its deprecation warnings to itself."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
