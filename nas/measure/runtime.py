"""A workload, a precision, a batch size and a thread count → a session that runs it: the seam.

A runtime is one file in `nas.measure.runtimes` that fills `Runtime`; `find_runtime` knows them by
name and imports one only when it is asked for. The name is what a model's key says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from nas.errors import InputError, UnknownNameError
from nas.graph.lower import lower
from nas.graph.network import Network, Precision
from nas.graph.onnx import from_onnx
from nas.graph.onnx.reading import read_model
from nas.measure.onnx_file import image_of, onnx_model
from nas.space.architecture import Architecture, parse

if TYPE_CHECKING:
    from onnx import ModelProto


@dataclass(frozen=True, slots=True)
class Workload:
    """What is measured: an architecture, also of a single kernel, or an ONNX file.

    Args:
        name: Architecture text, or the path of the file: what the log's row says.
        network: Its kernels.
        architecture: None where it came as a file.
        file: None where it is an architecture.
    """

    name: str
    network: Network
    architecture: Architecture | None = None
    file: Path | None = None

    @classmethod
    def of(cls, architecture: Architecture) -> Workload:
        """An architecture, named by its text."""
        return cls(architecture.text, lower(architecture), architecture)

    @classmethod
    def named(cls, name: str) -> Workload:
        """The inverse of `name`.

        Raises:
            InputError: if the text is no architecture or the file no network.
        """
        if name.endswith(".onnx"):
            return cls(name, from_onnx(Path(name)), None, Path(name))
        return cls.of(parse(name))

    def onnx(self, batch: int) -> ModelProto:
        """The float32 model for batches of that size, with random weights for an architecture.

        Raises:
            InputError: if a file is for another batch size.
            MissingExtraError: if `onnx` is not installed.
        """
        if self.file is None:
            return onnx_model(self.network, batch=batch)
        model = read_model(self.file)
        first = image_of(model).type.tensor_type.shape.dim[0]
        if first.dim_value not in (0, batch):
            raise InputError(
                f"{self.file}: `batch` must be the {first.dim_value} that the file fixes; "
                f"got {batch}; export it with a free batch size"
            )
        first.dim_value = batch
        return model


class Session(Protocol):
    """A loaded network with an input in place."""

    def run(self) -> object:
        """One inference of a whole batch, finished on return; returns the outputs."""
        ...

    def close(self) -> None:
        """Free what the session holds; it is not run again."""
        ...


class Runtime(Protocol):
    """Executes workloads on this machine. Instances keep no state between sessions."""

    @property
    def name(self) -> str:
        """What a model's key calls it, such as `onnxruntime`."""
        ...

    @property
    def precisions(self) -> Sequence[Precision]:
        """What it can execute here."""
        ...

    def versions(self) -> dict[str, str]:
        """Versions of everything that decides the time.

        Raises:
            MissingExtraError: if it is not installed.
        """
        ...

    def load(
        self, workload: Workload, *, precision: Precision, batch: int, threads: int
    ) -> Session:
        """A session ready to run.

        Raises:
            InputError: if the runtime cannot execute this.
            MissingExtraError: if it is not installed.
        """
        ...


RUNTIMES = {
    "onnxruntime": "nas.measure.runtimes.onnx_runtime:OnnxRuntime",
    "openvino": "nas.measure.runtimes.openvino:OpenVINO",
    "litert": "nas.measure.runtimes.litert:LiteRT",
    "ncnn": "nas.measure.runtimes.ncnn:Ncnn",
    "torch": "nas.measure.runtimes.torch:eager",
    "torch-channels-last": "nas.measure.runtimes.torch:channels_last",
    "torch-compile": "nas.measure.runtimes.torch:compiled",
    "torch-cuda": "nas.measure.runtimes.torch:cuda",
}
"""Name → what makes it."""


def find_runtime(name: str) -> Runtime:
    """The runtime of that name; whether it is installed shows when it is used.

    Raises:
        UnknownNameError: naming those that exist.
    """
    if name not in RUNTIMES:
        raise UnknownNameError("runtime", name, RUNTIMES)
    module, _, attribute = RUNTIMES[name].partition(":")
    runtime: Runtime = getattr(import_module(module), attribute)()
    return runtime


def require_precision(runtime: Runtime, precision: Precision) -> None:
    """Refuse a precision that a runtime does not execute.

    Raises:
        InputError: naming those that it does.
    """
    if precision not in runtime.precisions:
        known = ", ".join(item.value for item in runtime.precisions)
        raise InputError(
            f"`precision` must be one of {known} for {runtime.name}; got {precision.value}"
        )
