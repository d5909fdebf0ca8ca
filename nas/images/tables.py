"""A CSV or Parquet file of labels and of paths or encoded pictures → a listing.

Columns are found by name: the label in `label`, `class`, `category` or `target`, the picture in
`path`, `file`, `filename`, `file_name` or `image`, the part in `split`, `part` or `subset`. In
Parquet the first column of bytes (or of records with `bytes`) holds the pictures, whatever its
name. Paths are relative to the file.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nas.errors import MissingExtraError
from nas.images.listing import LeftOut, Listing, Loaded, cannot_read, part_named
from nas.images.pictures import Part

_LABEL = ("label", "labels", "class", "category", "target")
_PATH = ("path", "file", "filename", "file_name", "filepath", "image", "image_path")
_PART = ("split", "part", "subset")

_Columns = Mapping[str, Sequence[Any]]


def list_csv(file: Path) -> Listing:
    """List the rows of a CSV file with a header.

    Raises:
        PicturesError: naming the file, the line and the rule.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            header, *rows = list(csv.reader(lines)) or [[]]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise cannot_read(
            str(file), "must be a CSV file in UTF-8", error, "save it as such"
        ) from None
    rows = [row for row in rows if row]
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise cannot_read(
                f"{file}: row {number}",
                f"must have {len(header)} cells, as the header has",
                len(row),
                "quote cells that hold commas",
            )
    columns = {name.strip().lower(): [row[i] for row in rows] for i, name in enumerate(header)}
    return _listed(file, columns, None, None)


def list_parquet(file: Path) -> Listing:
    """List the rows of a Parquet file; what it holds is read into memory.

    Raises:
        PicturesError: naming the file, the row and the rule.
    """
    try:
        import pyarrow
        import pyarrow.compute
        import pyarrow.parquet
    except ImportError:
        raise MissingExtraError("a Parquet file", "train") from None
    try:
        table = pyarrow.parquet.read_table(file)
    except (OSError, pyarrow.ArrowException) as error:
        raise cannot_read(
            str(file),
            "must be a Parquet file",
            " ".join(str(error).split())[:200],
            "write it anew",
        ) from None
    encoded, columns = None, {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pyarrow.types.is_struct(column.type) and "bytes" in column.type.names:
            column = pyarrow.compute.struct_field(column, "bytes")
        if pyarrow.types.is_binary(column.type) or pyarrow.types.is_large_binary(column.type):
            encoded = column if encoded is None else encoded
        elif not pyarrow.types.is_nested(column.type):
            columns[name.lower()] = column.to_pylist()
    load = None if encoded is None else lambda index: encoded[index].as_py() or b""
    return _listed(file, columns, load, _declared_classes(table.schema.metadata))


def _declared_classes(metadata: Mapping[bytes, bytes] | None) -> tuple[str, ...] | None:
    """Class names that the `datasets` library of Hugging Face notes in a file."""
    try:
        features = json.loads((metadata or {})[b"huggingface"])["info"]["features"]
        found = [features[name]["names"] for name in _LABEL if "names" in features.get(name, {})]
    except (KeyError, ValueError, TypeError):
        return None
    return tuple(map(str, found[0])) if found else None


def _listed(
    file: Path,
    columns: _Columns,
    load: Callable[[int], Loaded] | None,
    classes: tuple[str, ...] | None,
) -> Listing:
    """The rows that have a label, with the loader that fits."""
    left_out = LeftOut()
    raw = _column(file, columns, _LABEL, "its label")
    paths = next((columns[name] for name in _PATH if name in columns), None)
    if load is None:
        paths = _column(file, columns, _PATH, "the path of its picture")
        load = _path_loader(file, paths)
    names = [
        f"row {row} ({paths[row - 1]})" if paths else f"row {row}"
        for row in range(1, len(raw) + 1)
    ]
    labels = [_label(value, classes) for value in raw]
    kept = [index for index, label in enumerate(labels) if label is not None]
    for index in sorted(set(range(len(raw))) - set(kept)):
        left_out.add(f"its label is no class: {raw[index]!r:.30}", names[index])
    parts = _parts(file, columns, len(raw))
    loader = load
    return Listing(
        source=str(file),
        names=[names[index] for index in kept],
        labels=[str(labels[index]) for index in kept],
        parts=[parts[index] for index in kept],
        load=lambda index: loader(kept[index]),
        left_out=left_out,
        classes=classes,
    )


def _column(file: Path, columns: _Columns, names: Sequence[str], what: str) -> Sequence[Any]:
    found = next((columns[name] for name in names if name in columns), None)
    if found is None:
        raise cannot_read(
            str(file),
            f"must give each picture {what} in a column named one of {', '.join(names)}",
            f"columns {', '.join(columns) or '(none)'}",
            "rename the column",
        )
    return found


def _label(value: Any, classes: tuple[str, ...] | None) -> str | None:
    """The class of a cell, None where it names none."""
    if value is None or isinstance(value, float) and not (math.isfinite(value) and value % 1 == 0):
        return None
    text = str(int(value)) if isinstance(value, float) else str(value).strip()
    if classes is not None and isinstance(value, int):
        return classes[value] if 0 <= value < len(classes) else None
    return None if text.lower() in ("", "nan", "none", "null", "-1") else text


def _parts(file: Path, columns: _Columns, count: int) -> list[Part]:
    values = next((columns[name] for name in _PART if name in columns), None)
    if values is None:
        return [Part.UNSAID] * count
    parts = []
    for row, value in enumerate(values, start=1):
        part = part_named(str(value))
        if part is None:
            raise cannot_read(
                f"{file}: row {row}",
                "the part must be train, val or test",
                repr(value),
                "name it so",
            )
        parts.append(part)
    return parts


def _path_loader(file: Path, paths: Sequence[Any]) -> Callable[[int], Loaded]:
    return lambda index: (file.parent / str(paths[index])).read_bytes()
