"""ONNX Runtime on the CPU: a workload → a session; int8 is static QDQ, unsigned activations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nas.errors import MissingExtraError
from nas.graph.network import Precision
from nas.measure.quantize import quantized
from nas.measure.runtime import Workload, require_precision
from nas.versions import versions

_ERRORS_ONLY = 3


@dataclass(frozen=True, slots=True)
class OnnxRuntime:
    """The CPU execution provider, every graph optimisation on."""

    name: str = "onnxruntime"
    precisions: tuple[Precision, ...] = (Precision.FP32, Precision.INT8)

    def versions(self) -> dict[str, str]:
        """Version of onnxruntime."""
        _import()
        return versions("onnxruntime")

    def load(
        self, workload: Workload, *, precision: Precision, batch: int, threads: int
    ) -> OnnxRuntimeSession:
        """A session over a random batch."""
        require_precision(self, precision)
        runtime = _import()
        model = workload.onnx(batch)
        if precision is Precision.INT8:
            model = quantized(model)
        options = runtime.SessionOptions()
        options.log_severity_level = _ERRORS_ONLY
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        session = runtime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        return OnnxRuntimeSession(session)


class OnnxRuntimeSession:
    """A loaded model and the images that it is run on."""

    def __init__(self, session: Any) -> None:
        (image,) = session.get_inputs()
        images = np.random.default_rng(0).standard_normal(image.shape, np.float32)
        self._session = session
        self._feed = {image.name: images}

    def run(self) -> list[Any]:
        """One inference of the batch; returns the outputs."""
        outputs: list[Any] = self._session.run(None, self._feed)
        return outputs

    def close(self) -> None:
        """Drop the session."""
        del self._session


def _import() -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise MissingExtraError("measuring with ONNX Runtime", "measure") from None
    return onnxruntime
