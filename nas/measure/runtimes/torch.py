"""torch on the CPU and on NVIDIA GPUs: a workload → a session, eager, channels last or compiled.

Networks are the modules that are trained, batch-norms and all. On a GPU a run ends when the GPU
has finished: what a caller waits for, launches included. Half precision has the channels last,
as tensor cores read them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nas.errors import InputError, MissingExtraError
from nas.graph.network import Precision
from nas.measure.runtime import Workload, require_precision
from nas.versions import versions

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Torch:
    """One way to run a module.

    Args:
        name: What a model's key calls it.
        precisions: What it executes.
        device: `cpu` or `cuda`.
        channels_last: Whether weights and images have the channels innermost.
        compiled: Whether torch.compile rewrites it, its weights frozen.
    """

    name: str
    precisions: tuple[Precision, ...] = (Precision.FP32,)
    device: str = "cpu"
    channels_last: bool = False
    compiled: bool = False

    def versions(self) -> dict[str, str]:
        """Version of torch and, on a GPU, its name and the driver's interface.

        Raises:
            InputError: if there is no such device.
        """
        torch = _import()
        if self.device == "cpu":
            return versions("torch")
        if not torch.cuda.is_available():
            raise InputError(
                f"`{self.name}` needs an NVIDIA GPU that torch can use; "
                f"got torch {torch.__version__} without one; use the runtime torch"
            )
        gpu = {"gpu": torch.cuda.get_device_name(), "cuda": str(torch.version.cuda)}
        return versions("torch") | gpu

    def load(
        self, workload: Workload, *, precision: Precision, batch: int, threads: int
    ) -> TorchSession:
        """A session over a random batch.

        Raises:
            InputError: if the workload is a file, or there is no such device.
        """
        require_precision(self, precision)
        self.versions()
        if workload.architecture is None:
            raise InputError(
                f"`network` must be architecture text for {self.name}, which reads no ONNX; "
                f"got {workload.name}; measure files with onnxruntime or openvino"
            )
        torch = _import()
        from nas.networks.build import build

        torch.set_num_threads(threads)
        dtype = torch.float16 if precision is Precision.FP16 else torch.float32
        last = self.channels_last or precision is Precision.FP16
        layout = torch.channels_last if last else torch.contiguous_format
        where = {"device": self.device, "dtype": dtype, "memory_format": layout}
        torch.manual_seed(0)
        network = build(workload.architecture).eval().to(**where)
        network.requires_grad_(False)
        image = workload.architecture.image
        images = torch.randn(batch, image.channels, image.height, image.width).to(**where)
        if self.device == "cuda":
            # Convolutions of what is called float32 would round their inputs to 10 bits.
            torch.backends.cudnn.conv.fp32_precision = "ieee"
        if self.compiled:
            network = torch.compile(network, options={"freezing": True})
        finish = torch.cuda.synchronize if self.device == "cuda" else _nothing
        return TorchSession(network, images, finish)


class TorchSession:
    """A module and its images."""

    def __init__(self, network: nn.Module, images: Tensor, finish: Callable[[], None]) -> None:
        self._inference = _import().inference_mode
        self._network, self._images, self._finish = network, images, finish

    def run(self) -> list[Any]:
        """One inference of the batch; returns the logits."""
        with self._inference():
            logits = self._network(self._images)
        self._finish()
        return [logits]

    def close(self) -> None:
        """Drop the module, and what was compiled for it."""
        del self._network, self._images
        _import().compiler.reset()


def eager() -> Torch:
    """Operator by operator."""
    return Torch("torch")


def channels_last() -> Torch:
    """The same, with the layout that its convolutions prefer."""
    return Torch("torch-channels-last", channels_last=True)


def compiled() -> Torch:
    """Rewritten by torch.compile, which needs a C++ compiler and some ten seconds a network."""
    return Torch("torch-compile", channels_last=True, compiled=True)


def cuda() -> Torch:
    """On the first NVIDIA GPU."""
    return Torch("torch-cuda", (Precision.FP32, Precision.FP16), device="cuda")


def _nothing() -> None:
    """A processor has finished when the call returns."""


def _import() -> Any:
    try:
        import torch
    except ImportError:
        raise MissingExtraError("measuring with torch", "torch") from None
    return torch
