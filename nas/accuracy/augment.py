"""A batch of uint8 squares → what a network takes: cropped, flipped, resized, normalised.

Crop, shift over a reflected border and flip are one gather of the stored bytes, and only what the
network sees is turned into floats: 55 µs for a picture of 32 pixels on one core.

Why no library: torchvision has no build for CPUs that goes with this torch; kornia 0.9 took half
as long again for the same crop, flip and normalisation, and brings a compiled package of its own.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

MEAN = (0.485, 0.456, 0.406)
STANDARD_DEVIATION = (0.229, 0.224, 0.225)
"""Of the three channels of pixels in 0..1, as most published networks take them."""

_SHIFT_SHARE = 1 / 8  # of the crop: 4 pixels for 32, as is usual for CIFAR


def prepare(pixels: Tensor, *, crop: int, resolution: int) -> Tensor:
    """The middle of each picture, as networks are evaluated.

    Args:
        pixels: Uint8 of shape (count, side, side, 3), on any device.
        crop: Side of the middle that is seen, in pixels.
        resolution: Side that the network takes, in pixels.

    Returns:
        Floats of shape (count, 3, resolution, resolution), channels last in memory.
    """
    offset = (pixels.shape[1] - crop) // 2
    seen = pixels[:, offset : offset + crop, offset : offset + crop]
    return _normalised(seen, resolution)


def augment(
    pixels: Tensor, *, crop: int, resolution: int, flip: bool, rng: np.random.Generator
) -> Tensor:
    """A random crop of each picture, mirrored half of the time if `flip`; else as `prepare`.

    Crops lie anywhere in the margin of resized pictures; where there is less than an eighth of
    margin, they reach over the border, which is reflected.
    """
    count, side = pixels.shape[:2]
    margin = max((side - crop) / 2, round(crop * _SHIFT_SHARE))
    low = round((side - crop) / 2 - margin)
    offsets = rng.integers(low, side - crop - low, (2, count, 1), endpoint=True)
    rows, columns = _reflected(offsets + np.arange(crop), side)
    if flip:
        mirrored = rng.random(count) < 0.5
        columns[mirrored] = columns[mirrored, ::-1]
    device = pixels.device
    seen = pixels[
        torch.arange(count, device=device)[:, None, None],
        torch.from_numpy(rows).to(device)[:, :, None],
        torch.from_numpy(columns).to(device)[:, None, :],
    ]
    return _normalised(seen, resolution)


def _reflected(positions: np.typing.NDArray[np.int64], side: int) -> np.typing.NDArray[np.int64]:
    """Positions beyond a border, mirrored back in."""
    last = side - 1
    inside: np.typing.NDArray[np.int64] = last - np.abs(last - np.abs(positions))
    return np.clip(inside, 0, last)


def _normalised(seen: Tensor, resolution: int) -> Tensor:
    images = seen.permute(0, 3, 1, 2).float()
    if resolution != images.shape[-1]:
        images = functional.interpolate(
            images,
            (resolution, resolution),
            mode="bilinear",
            antialias=resolution < images.shape[-1],  # it costs as much where it changes nothing
        )
    mean = torch.tensor(MEAN, device=images.device).view(1, 3, 1, 1) * 255
    deviation = torch.tensor(STANDARD_DEVIATION, device=images.device).view(1, 3, 1, 1) * 255
    return (images - mean) / deviation
