"""Some pictures at a resolution: what a network is trained on, or told right from wrong on."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from nas.accuracy.augment import prepare
from nas.accuracy.devices import memory_guard, mixed_precision, on_device
from nas.images.pictures import Indices, Pictures

_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Pictures and which of them to train on, seen at a resolution.

    Args:
        pictures: All pictures.
        indices: Of those trained on.
        resolution: That of the network, in pixels.
    """

    pictures: Pictures
    indices: Indices
    resolution: int


@torch.inference_mode()
def top1_accuracy(
    network: nn.Module, data: TrainingData, *, device: torch.device | None = None
) -> float:
    """Share of pictures classified right, in %, by a network in evaluation mode."""
    device = device or torch.device("cpu")
    load, right = on_device(data.pictures, device), 0
    labels = torch.from_numpy(data.pictures.labels)
    network.eval()
    for start in range(0, len(data.indices), _AT_ONCE):
        indices = torch.from_numpy(data.indices[start : start + _AT_ONCE])
        images = prepare(load(indices), crop=data.pictures.crop, resolution=data.resolution)
        with memory_guard(_AT_ONCE, data.resolution, device), mixed_precision(device):
            found = network(images).argmax(dim=1)
        right += int((found.cpu() == labels[indices]).sum())
    return 100.0 * right / len(data.indices)
