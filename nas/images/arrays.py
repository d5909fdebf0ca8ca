"""Pictures that are stored as plain numbers → a listing: `.npz`, CIFAR's binary format, digits.

An `.npz` holds `images` and `labels` (or `x` and `y`), each with `train`, `val` or `test` before
or after where the data are split: `x_train`, `y_train`, `test_images`, `test_labels`, ...
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas.errors import MissingExtraError, PicturesError
from nas.images.listing import LeftOut, Listing, cannot_read, part_named
from nas.images.pictures import Part

DIGITS = "digits"

_PIXELS, _LABELS = ("images", "image", "x", "data", "pixels"), ("labels", "label", "y", "targets")
_CHANNELS = (1, 3, 4)
_CIFAR_SIDE, _CIFAR_PIXELS = 32, 3072
_WORDS = re.compile(r"[a-z]+")
_Pieces = list[tuple[NDArray[np.uint8], NDArray[Any], Part, str]]


def list_digits() -> Listing:
    """The 1,797 handwritten digits of 8 pixels that scikit-learn carries (Alpaydin & Kaynak)."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise MissingExtraError("`digits`", "train") from None
    digits = load_digits()
    pixels = np.round(digits.images * (255 / 16)).astype(np.uint8)
    colour = np.repeat(pixels[..., None], 3, axis=3)
    return _listing(DIGITS, [(colour, digits.target, Part.UNSAID, "picture")], None)


def list_npz(file: Path) -> Listing:
    """List the arrays of an `.npz`, which are read into memory.

    Raises:
        PicturesError: naming the array and the rule.
    """
    try:
        with np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise cannot_read(
            str(file), "must be an .npz of plain arrays", error, "write it with numpy.savez"
        ) from None
    found: dict[Part, dict[str, str]] = {}
    for name in arrays:
        words = _WORDS.findall(name.lower())
        part = next((part for word in words if (part := part_named(word))), Part.UNSAID)
        for role, names in (("pixels", _PIXELS), ("labels", _LABELS)):
            if any(word in names for word in words):
                found.setdefault(part, {})[role] = name
    pieces: _Pieces = []
    for part, roles in found.items():
        if set(roles) != {"pixels", "labels"}:
            raise cannot_read(
                str(file), "images must come with labels", ", ".join(arrays), "name both"
            )
        pixels, labels = arrays[roles["pixels"]], arrays[roles["labels"]]
        pieces.append((_bytes(pixels, file, roles["pixels"]), labels, part, roles["pixels"]))
    if not pieces:
        raise cannot_read(
            str(file),
            "must hold arrays named images and labels, or x_train and y_train",
            ", ".join(arrays) or "no array",
            "name them so",
        )
    return _listing(str(file), pieces, None)


def _bytes(pixels: NDArray[Any], file: Path, name: str) -> NDArray[np.uint8]:
    """Pictures of any usual layout and range as uint8 of shape (count, height, width, 3)."""
    if pixels.ndim == 3:
        pixels = pixels[..., None]
    if pixels.ndim == 4 and pixels.shape[3] not in _CHANNELS and pixels.shape[1] in _CHANNELS:
        pixels = pixels.transpose(0, 2, 3, 1)
    if pixels.ndim != 4 or pixels.shape[3] not in _CHANNELS or min(pixels.shape) < 1:
        raise cannot_read(
            f"{file}: `{name}`",
            "must be of shape (count, height, width) with 1, 3 or 4 channels first or last",
            pixels.shape,
            "reshape it",
        )
    if pixels.dtype == np.bool_ or pixels.dtype.kind == "f":
        if not np.isfinite(pixels).all() or pixels.min() < 0 or pixels.max() > 255:
            raise cannot_read(
                f"{file}: `{name}`", "must lie in 0..1 or 0..255", "other numbers", "scale it"
            )
        pixels = np.round(pixels * (255.0 if pixels.max() <= 1 else 1.0)).astype(np.uint8)
    elif pixels.dtype == np.uint16:
        pixels = (pixels // 257).astype(np.uint8)
    elif pixels.dtype != np.uint8:
        if pixels.dtype.kind not in "iu" or pixels.min() < 0 or pixels.max() > 255:
            raise cannot_read(f"{file}: `{name}`", "must be bytes", pixels.dtype, "use uint8")
        pixels = pixels.astype(np.uint8)
    if pixels.shape[3] == 4:
        alpha = pixels[..., 3:] / 255.0
        return np.round(pixels[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
    return np.broadcast_to(pixels, (*pixels.shape[:3], 3))


def is_cifar(place: Path) -> bool:
    """Whether a file, or what lies in a folder, is in CIFAR's binary format."""
    return bool(_cifar_files(place))


def _cifar_files(place: Path) -> list[Path]:
    return [place] if place.suffix == ".bin" else sorted(place.glob("*.bin"))


def list_cifar(place: Path) -> Listing:
    """List CIFAR's binary format: one file or the folder, of 10 classes or of 100.

    Raises:
        PicturesError: if a file is cut short or a label is none.
    """
    files = _cifar_files(place)
    folder = place if place.is_dir() else place.parent
    fine = (folder / "fine_label_names.txt").is_file() or {"train", "test"} <= {
        file.stem for file in files
    }
    names_file = folder / ("fine_label_names.txt" if fine else "batches.meta.txt")
    classes = None
    if names_file.is_file():
        text = names_file.read_text(encoding="utf-8", errors="replace")
        classes = tuple(line.strip() for line in text.splitlines() if line.strip())
    row, known = (2 if fine else 1) + _CIFAR_PIXELS, 100 if fine else 10
    pieces: _Pieces = []
    for file in files:
        content = np.fromfile(file, dtype=np.uint8)
        if len(content) == 0 or len(content) % row:
            raise cannot_read(
                str(file), f"must be rows of {row:,} bytes", f"{len(content):,}", "get it anew"
            )
        rows = content.reshape(-1, row)
        labels = rows[:, 1 if fine else 0]
        if labels.max() >= (len(classes) if classes else known):
            first = int(np.flatnonzero(labels >= known)[0])
            raise PicturesError(
                f"{file}: row {first + 1}: the label must be below {known}; got {labels[first]}; "
                "this is not CIFAR's binary format, or it is damaged"
            )
        pixels = rows[:, -_CIFAR_PIXELS:].reshape(-1, 3, _CIFAR_SIDE, _CIFAR_SIDE)
        part = Part.TEST if file.stem.startswith("test") else Part.TRAIN
        pieces.append((pixels.transpose(0, 2, 3, 1), labels, part, file.name))
    return _listing(str(place), pieces, classes)


def _listing(source: str, pieces: _Pieces, classes: tuple[str, ...] | None) -> Listing:
    """One listing of pieces, each an array of pictures with its labels."""
    left_out = LeftOut()
    rows: list[tuple[NDArray[np.uint8], int]] = []
    names: list[str] = []
    labels: list[str] = []
    parts: list[Part] = []
    for pixels, raw, part, name in pieces:
        flat = _flat(raw, len(pixels), source, name)
        for index, value in enumerate(flat.tolist()):
            label = _label(value, classes)
            if label is None:
                left_out.add(f"its label is no class: {value!r:.30}", f"{name} {index}")
                continue
            rows.append((pixels, index))
            names.append(f"{name} {index}")
            labels.append(label)
            parts.append(part)

    def load(index: int) -> NDArray[np.uint8]:
        pixels, row = rows[index]
        return np.ascontiguousarray(pixels[row])

    return Listing(source, names, labels, parts, load, left_out, classes)


def _flat(labels: NDArray[Any], count: int, source: str, name: str) -> NDArray[Any]:
    """One label for each picture, also out of a column or of rows with a single 1."""
    if labels.ndim == 2 and labels.shape[1] > 1 and (np.sum(labels != 0, axis=1) == 1).all():
        labels = labels.argmax(axis=1)
    if labels.size != count or labels.dtype.kind not in "iufUb":
        raise cannot_read(
            source,
            f"`{name}` needs one label for each of its {count:,} pictures",
            f"{labels.dtype} of shape {labels.shape}",
            "store as many as there are pictures",
        )
    return labels.reshape(-1)


def _label(value: Any, classes: tuple[str, ...] | None) -> str | None:
    if isinstance(value, str):
        return value.strip() or None
    if value != value or value % 1 or value < 0:
        return None
    return classes[int(value)] if classes else str(int(value))
