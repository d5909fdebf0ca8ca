"""ncnn on the CPU: a workload → a session; int8 is ncnn's own scheme.

Networks are written by ourselves: the converter, pnnx, starts a process of several seconds for
each network and brings torch, for files that hold the same layers.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas.errors import InputError, MissingExtraError
from nas.graph.network import Network, Precision
from nas.measure.ncnn_file import ncnn_model
from nas.measure.ncnn_writer import NcnnModel
from nas.measure.onnx_file import IMAGE, LOGITS
from nas.measure.runtime import Workload, require_precision
from nas.versions import versions


@dataclass(frozen=True, slots=True)
class Ncnn:
    """ncnn's defaults, in the precision that is asked for and no narrower one."""

    name: str = "ncnn"
    precisions: tuple[Precision, ...] = (Precision.FP32, Precision.INT8)

    def versions(self) -> dict[str, str]:
        """Version of ncnn."""
        _import()
        return versions("ncnn")

    def load(
        self, workload: Workload, *, precision: Precision, batch: int, threads: int
    ) -> NcnnSession:
        """A session over a random image.

        Raises:
            InputError: if the workload is a file, or the batch is not 1.
        """
        require_precision(self, precision)
        if workload.architecture is None:
            raise InputError(
                f"`network` must be architecture text for ncnn, which reads no ONNX; "
                f"got {workload.name}; measure files with onnxruntime or openvino"
            )
        if batch != 1:
            raise InputError(f"`batch` must be 1 for ncnn, which runs single images; got {batch}")
        network = workload.network
        if precision is Precision.FP32:
            return NcnnSession(network, ncnn_model(network), threads)
        magnitudes = NcnnSession(network, ncnn_model(network), threads).magnitudes()
        return NcnnSession(network, ncnn_model(network, magnitudes), threads)


class NcnnSession:
    """A loaded network and its image."""

    def __init__(self, network: Network, model: NcnnModel, threads: int) -> None:
        self._ncnn = _import()
        self._net = self._ncnn.Net()
        options = self._net.opt
        options.num_threads = threads
        options.use_vulkan_compute = False
        # Arm processors would compute what is called float32 in half precision.
        options.use_fp16_packed = options.use_fp16_storage = options.use_fp16_arithmetic = False
        options.use_bf16_storage = False
        _read(self._net, model)
        self._image = np.random.default_rng(0).standard_normal(network.tensors[0], np.float32)
        self._input = self._ncnn.Mat(self._image)

    def run(self) -> list[NDArray[Any]]:
        """One inference; returns the logits."""
        extractor = self._net.create_extractor()
        extractor.input(IMAGE, self._input)
        code, logits = extractor.extract(LOGITS)
        if code:
            raise RuntimeError(f"ncnn gave up with code {code}")
        return [np.array(logits)]

    def magnitudes(self) -> dict[str, float]:
        """Greatest magnitude of each blob on the image."""
        extractor = self._net.create_extractor()
        extractor.set_light_mode(False)
        extractor.input(IMAGE, self._input)
        return {
            blob.name: float(np.abs(np.array(extractor.extract(blob.name)[1])).max())
            for blob in self._net.blobs()
        }

    def close(self) -> None:
        """Free the network."""
        self._net.clear()


def _read(net: Any, model: NcnnModel) -> None:
    with tempfile.TemporaryDirectory(prefix="nas-ncnn-") as folder:
        layers, weights = Path(folder) / "network.param", Path(folder) / "network.bin"
        layers.write_text(model.layers, encoding="ascii")
        weights.write_bytes(model.weights)
        if net.load_param(str(layers)) or net.load_model(str(weights)):
            raise RuntimeError("ncnn does not read the network that was written for it")


def _import() -> Any:
    try:
        import ncnn
    except ImportError:
        raise MissingExtraError("measuring with ncnn", "ncnn") from None
    return ncnn
