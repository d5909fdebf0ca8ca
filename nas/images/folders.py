"""A folder of class folders, with or without train, val and test around them → a listing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from nas.images.decoding import SUFFIXES
from nas.images.listing import LeftOut, Listing, cannot_read, part_named
from nas.images.pictures import Part

_LAYOUT = (
    "put each picture in a folder named after its class, such as cats/1.jpg; folders train, val "
    "and test may lie around those"
)

_TABLES = (".csv", ".parquet", ".npz")


def list_folder(folder: Path) -> Listing:
    """List the pictures of a folder.

    Raises:
        PicturesError: if it is not laid out by classes.
    """
    left_out = LeftOut()
    top = _folders(folder)
    parts = {path: part for path in top if (part := part_named(path.name)) is not None}
    if Part.TRAIN not in parts.values():
        parts = {}
    others = [path.name for path in top if path not in parts]
    if parts and others:
        raise cannot_read(
            str(folder),
            f"beside {', '.join(sorted(p.name for p in parts))} must lie no other folder",
            ", ".join(others[:3]),
            f"move it away, or {_LAYOUT}",
        )
    classes = [
        (kind, part)
        for root, part in (parts or {folder: Part.UNSAID}).items()
        for kind in _folders(root)
    ]
    for root in [folder, *parts]:
        for path in sorted(root.iterdir()):
            if path.suffix.lower() in SUFFIXES and not path.is_dir():
                left_out.add("in no class folder", _shown(path, folder))
    files = [
        (file, kind, part) for kind, part in classes for file in _files(kind, folder, left_out)
    ]
    if not files:
        tables = [p.name for p in sorted(folder.iterdir()) if p.suffix.lower() in _TABLES]
        fix = f"name {folder / tables[0]}, or " if tables else ""
        raise cannot_read(
            str(folder), "must hold folders of pictures", "none", f"{fix}{_LAYOUT}; {_formats()}"
        )
    return Listing(
        source=str(folder),
        names=[_shown(file, folder) for file, _, _ in files],
        labels=[kind.name for _, kind, _ in files],
        parts=[part for _, _, part in files],
        load=lambda index: files[index][0].read_bytes(),
        left_out=left_out,
    )


def _folders(path: Path) -> list[Path]:
    return sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith("."))


def _files(kind: Path, folder: Path, left_out: LeftOut) -> Iterator[Path]:
    """Pictures in a class folder at any depth, in order; hidden files are no business of ours."""
    empty = True
    for path, inner, names in os.walk(kind):
        inner.sort()
        for name in sorted(names):
            if name.startswith("."):
                continue
            file = Path(path) / name
            if file.suffix.lower() in SUFFIXES:
                empty = False
                yield file
            else:
                left_out.add("not a picture by its name", _shown(file, folder))
    if empty:
        left_out.add("a class folder without pictures", _shown(kind, folder))


def _shown(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _formats() -> str:
    return f"pictures are files that end in {', '.join(SUFFIXES)}"
