"""OpenVINO on the CPU: a workload → a session; int8 executes the file that ONNX Runtime does.

OpenVINO's low-precision passes turn the quantise-dequantise pairs of that file into integer
kernels, so one quantised network serves both runtimes and no second quantiser is needed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any, cast

import numpy as np

from nas.errors import MissingExtraError
from nas.graph.network import Precision
from nas.measure.quantize import quantized
from nas.measure.runtime import Workload, require_precision
from nas.versions import versions


@dataclass(frozen=True, slots=True)
class OpenVINO:
    """The CPU plugin, one stream, tuned for latency."""

    name: str = "openvino"
    precisions: tuple[Precision, ...] = (Precision.FP32, Precision.INT8)

    def versions(self) -> dict[str, str]:
        """Version of openvino."""
        _import()
        return versions("openvino")

    def load(
        self, workload: Workload, *, precision: Precision, batch: int, threads: int
    ) -> OpenVINOSession:
        """A session over a random batch."""
        require_precision(self, precision)
        core = _import().Core()
        model = workload.onnx(batch)
        if precision is Precision.INT8:
            model = quantized(model)
        compiled = core.compile_model(
            core.read_model(model.SerializeToString()),
            "CPU",
            {
                # Processors with bfloat16 units would use them for what is called float32.
                "INFERENCE_PRECISION_HINT": "f32",
                "INFERENCE_NUM_THREADS": threads,
                "NUM_STREAMS": 1,
                "PERFORMANCE_HINT": "LATENCY",
                "ENABLE_CPU_PINNING": False,  # the process itself is kept on its processors
            },
        )
        return OpenVINOSession(compiled)


class OpenVINOSession:
    """A compiled network and the request that holds its input."""

    def __init__(self, compiled: Any) -> None:
        images = np.random.default_rng(0).standard_normal(
            tuple(compiled.input(0).shape), np.float32
        )
        self._compiled = compiled
        self._request = compiled.create_infer_request()
        self._request.get_input_tensor(0).data[:] = images

    def run(self) -> list[Any]:
        """One inference of the batch; returns the outputs."""
        self._request.infer()
        return [self._request.get_output_tensor(0).data]

    def close(self) -> None:
        """Drop the compiled network."""
        del self._request, self._compiled


def _import() -> Any:
    try:
        with _unreported():
            import openvino
    except ImportError:
        raise MissingExtraError("measuring with OpenVINO", "openvino") from None
    return openvino


@contextmanager
def _unreported() -> Iterator[None]:
    """Hide the package by which OpenVINO tells its makers that it was imported."""
    reporter = "openvino_telemetry"
    modules = cast("dict[str, ModuleType | None]", sys.modules)
    seen = modules.get(reporter)
    modules[reporter] = None
    try:
        yield
    finally:
        if seen is None:
            del modules[reporter]
        else:
            modules[reporter] = seen
