"""LiteRT, which was TensorFlow Lite, on the CPU: a workload → a session; int8 is full-integer.

Networks are written by ourselves: the converter from torch is 1.2 GB, needs an environment of its
own and takes some twenty seconds a network, for files that hold the same operators.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas.errors import InputError, MissingExtraError
from nas.graph.network import Network, Precision
from nas.measure.runtime import Workload, require_precision
from nas.measure.tflite_file import tflite_bytes
from nas.measure.tflite_graph import tflite_graph
from nas.measure.tflite_scales import Range, Scale, int8_scales
from nas.measure.tflite_writer import Graph
from nas.versions import versions


@dataclass(frozen=True, slots=True)
class LiteRT:
    """The XNNPACK kernels that it has by default."""

    name: str = "litert"
    precisions: tuple[Precision, ...] = (Precision.FP32, Precision.INT8)

    def versions(self) -> dict[str, str]:
        """Version of ai-edge-litert."""
        _import()
        return versions("ai-edge-litert")

    def load(
        self, workload: Workload, *, precision: Precision, batch: int, threads: int
    ) -> LiteRTSession:
        """A session over a random batch.

        Raises:
            InputError: if the workload is a file.
        """
        require_precision(self, precision)
        interpreter = _import()
        if workload.architecture is None:
            raise InputError(
                f"`network` must be architecture text for litert, which reads no ONNX; "
                f"got {workload.name}; measure files with onnxruntime, openvino or ncnn"
            )
        content = tflite_model(workload.network, precision, batch=batch)
        return LiteRTSession(interpreter.Interpreter(model_content=content, num_threads=threads))


class LiteRTSession:
    """An interpreter with its input in place."""

    def __init__(self, interpreter: Any) -> None:
        interpreter.allocate_tensors()
        (image,), (self._logits,) = (
            interpreter.get_input_details(),
            interpreter.get_output_details(),
        )
        images = _images(tuple(image["shape"]))
        if scale := _scale(image):
            images = scale.stored(images)
        interpreter.set_tensor(image["index"], images)
        self._interpreter = interpreter

    def run(self) -> list[NDArray[Any]]:
        """One inference of the batch; returns the logits in float32, as images × classes."""
        self._interpreter.invoke()
        logits = self._interpreter.get_tensor(self._logits["index"])
        scale = _scale(self._logits)
        return [logits if scale is None else scale.real(logits)]

    def close(self) -> None:
        """Drop the interpreter."""
        del self._interpreter


def tflite_model(network: Network, precision: Precision, *, batch: int = 1) -> bytes:
    """A lowered architecture as a TensorFlow Lite file with random weights.

    Raises:
        MissingExtraError: if LiteRT is not installed.
    """
    graph = tflite_graph(network, batch=batch)
    if precision is not Precision.INT8:
        return tflite_bytes(graph)
    return tflite_bytes(graph, int8_scales(graph, _ranges(graph)))


def _ranges(graph: Graph) -> dict[int, Range]:
    """What each activation spans in float32, over one random batch."""
    litert = _import()
    interpreter = litert.Interpreter(
        model_content=tflite_bytes(graph),
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    interpreter.set_tensor(0, _images(graph.tensors[0].shape))
    interpreter.invoke()
    ranges = {}
    for index, tensor in enumerate(graph.tensors):
        if tensor.values is None:
            values = interpreter.get_tensor(index)
            ranges[index] = (float(values.min()), float(values.max()))
    return ranges


def _images(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """The images that every runtime is run on, channels last."""
    batch, height, width, channels = shape
    images = np.random.default_rng(0).standard_normal((batch, channels, height, width), np.float32)
    return np.ascontiguousarray(images.transpose(0, 2, 3, 1))


def _scale(details: dict[str, Any]) -> Scale | None:
    """How an input or output is stored; None for float32."""
    if details["dtype"] is not np.int8:
        return None
    scale, zero = details["quantization"]
    return Scale(np.array([scale], np.float32), zero)


def _import() -> Any:
    try:
        from ai_edge_litert import interpreter
    except ImportError:
        raise MissingExtraError("measuring with LiteRT", "litert") from None
    return interpreter
