"""Real picture files of known content, for the tests."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image


def noise(seed: int, height: int = 12, width: int = 12, channels: int = 3) -> np.ndarray:
    """Different pixels for each seed."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (height, width, channels), dtype=np.uint8)


def png(pixels: np.ndarray) -> bytes:
    """Encoded without loss."""
    out = io.BytesIO()
    grey = pixels.ndim == 3 and pixels.shape[2] == 1
    Image.fromarray(pixels[..., 0] if grey else pixels).save(out, "PNG")
    return out.getvalue()


def class_folders(root: Path, counts: dict[str, int], *, side: int = 12) -> Path:
    """A folder with so many different pictures in each class folder."""
    seed = 0
    for name, count in counts.items():
        (root / name).mkdir(parents=True, exist_ok=True)
        for index in range(count):
            seed += 1
            content = png(noise(seed + 1000 * len(root.parts), side, side))
            (root / name / f"{index}.png").write_bytes(content)
    return root
