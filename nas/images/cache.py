"""Decoded pictures ↔ a folder in a person's cache, read back as a memory map.

Decoding is paid once for each content and size, and worker processes share one copy. The folder
may be deleted at any time.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np
from platformdirs import user_cache_path

from nas.errors import OutputError
from nas.images.pictures import Pictures, Pixels, Skipped

LARGE_BYTES = 64 * 2**20
"""Size from which pictures that need no decoding are kept as well."""

_FORMAT = "nas-pictures/1"
_PIXELS, _LABELS, _PARTS, _REST = "pixels.bin", "labels.npy", "parts.npy", "pictures.json"


def place_of(content_hash: str, largest: int) -> Path:
    """The folder for pictures of that content, made for networks up to that resolution."""
    root = user_cache_path("nas", appauthor=False) / "images"
    return root / f"{content_hash[:32]}-{largest}"


@contextmanager
def writing(folder: Path) -> Iterator[Path]:
    """A folder to write to, which takes its name when everything went well.

    Raises:
        OutputError: if it cannot be written.
    """
    unfinished = folder.with_name(f"{folder.name}.{os.getpid()}.part")
    try:
        unfinished.mkdir(parents=True, exist_ok=True)
        yield unfinished
        if load(folder, "", ()) is None:  # else another process was faster
            shutil.rmtree(folder, ignore_errors=True)
            unfinished.rename(folder)
    except OSError as error:
        raise OutputError(
            f"`{folder.parent}` must have room for decoded pictures; {error.strerror}; "
            "free some, or set XDG_CACHE_HOME to another folder"
        ) from None
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def write_pixels(folder: Path, squares: Iterable[Pixels], side: int) -> Pixels:
    """Write squares one after the other, and map them."""
    file, count = folder / _PIXELS, 0
    with file.open("wb") as out:
        for square in squares:
            out.write(np.ascontiguousarray(square).data)
            count += 1
    return _mapped(file, (count, side, side, 3))


def write_rest(folder: Path, pictures: Pictures, skipped: tuple[Skipped, ...]) -> None:
    """Write all but the pixels; `skipped` is what decoding left out."""
    np.save(folder / _LABELS, pictures.labels)
    np.save(folder / _PARTS, pictures.parts)
    rest = {
        "format": _FORMAT,
        "shape": pictures.pixels.shape,
        "classes": pictures.classes,
        "crop": pictures.crop,
        "content_sha256": pictures.content_hash,
        "skipped": [asdict(item) for item in skipped],
        "converted": dict(pictures.converted),
    }
    (folder / _REST).write_text(json.dumps(rest), encoding="utf-8")


def load(folder: Path, source: str, skipped: tuple[Skipped, ...]) -> Pictures | None:
    """Read what was written, None where there is nothing whole.

    Args:
        folder: As `place_of` names it.
        source: The place that the pictures come from.
        skipped: What was left out before decoding.
    """
    try:
        rest = json.loads((folder / _REST).read_text(encoding="utf-8"))
        if rest["format"] != _FORMAT:
            return None
        kept = [Skipped(s["reason"], s["count"], tuple(s["examples"])) for s in rest["skipped"]]
        return Pictures(
            pixels=_mapped(folder / _PIXELS, tuple(rest["shape"])),
            labels=np.load(folder / _LABELS, allow_pickle=False),
            classes=tuple(rest["classes"]),
            parts=np.load(folder / _PARTS, allow_pickle=False),
            crop=rest["crop"],
            content_hash=rest["content_sha256"],
            source=source,
            skipped=(*skipped, *kept),
            converted=rest["converted"],
        )
    except (OSError, ValueError, KeyError, TypeError, AssertionError):
        return None


def _mapped(file: Path, shape: tuple[int, ...]) -> Pixels:
    if 0 in shape:
        return np.zeros(shape, dtype=np.uint8)
    return np.memmap(file, dtype=np.uint8, mode="r", shape=shape)
