"""The processor that trains: found by name, fed with pictures, its limits told in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from nas.errors import MemoryShortError, TrainingError
from nas.images.pictures import Pictures

_SHARE_OF_GPU_MEMORY = 0.25
_SHORT_OF_MEMORY = ("can't allocate memory", "could not create a primitive")
"""What torch and its oneDNN say where a CPU's memory does not suffice."""


def find_torch_device(name: str | None = None) -> torch.device:
    """A device for training; without a name, the GPU where there is one.

    Raises:
        TrainingError: if there is no such device.
    """
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    there = torch.cuda.device_count()
    if (
        device is None
        or device.type not in ("cpu", "cuda")
        or (device.index or 0) >= max(there, 1)
    ):
        raise TrainingError(
            f"the device to train on must be cpu or cuda{':N' * (there > 1)}; got {name!r}"
        )
    if device.type == "cuda" and there == 0:
        raise TrainingError(
            f"the device to train on must exist; got {name!r}, and torch finds no GPU here; "
            "train on cpu, or install a build of torch with CUDA"
        )
    return device


def on_device(pictures: Pictures, device: torch.device) -> Callable[[Tensor], Tensor]:
    """Loads pictures by their indices onto a device; those that fit a GPU are kept there."""
    pixels = pictures.pixels
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        if pixels.nbytes < _SHARE_OF_GPU_MEMORY * free:
            there = torch.from_numpy(np.array(pixels)).to(device)
            return lambda indices: there[indices.to(device)]
    return lambda indices: torch.from_numpy(pixels[indices.numpy()]).to(device)


@contextmanager
def mixed_precision(device: torch.device) -> Iterator[None]:
    """Bfloat16 where a GPU computes in it; single precision elsewhere."""
    fast = device.type == "cuda" and torch.cuda.is_bf16_supported()
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=fast):
        yield


@contextmanager
def memory_guard(batch: int, resolution: int, device: torch.device) -> Iterator[None]:
    """What torch says of too little memory → an error that names the setting to change."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise _too_large(batch, resolution, device) from error
    except RuntimeError as error:
        if not any(words in str(error) for words in _SHORT_OF_MEMORY):
            raise
        raise _too_large(batch, resolution, device) from error


def _too_large(batch: int, resolution: int, device: torch.device) -> MemoryShortError:
    return MemoryShortError(
        f"training must fit into the memory of {device}; got too little for a `batch` of {batch} "
        f"at {resolution} pixels; halve the batch, or use smaller resolutions"
    )
