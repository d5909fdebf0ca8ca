"""A person's list of networks (text, CSV, JSON or JSON lines) → codes of a space.

Text has one network a line, as a reference name or architecture text; `#` begins a comment. CSV
has a column `architecture`, or a column for each choice of the space. JSON is a list of texts,
architectures or choices, or what `nas front --json` prints.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nas.errors import InputError
from nas.space.architecture import from_json
from nas.space.catalog import find_network
from nas.space.membership import locate
from nas.space.space import Codes, SearchSpace

ENDINGS = (".txt", ".csv", ".json", ".jsonl")


def read_networks(file: Path, space: SearchSpace) -> Codes:
    """The codes of the listed networks in their order, each once; shape (count, variables).

    Raises:
        InputError: naming the file, the place in it, and why that is no network of the space.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise InputError(f"`{file}` must be a readable list of networks; {reason}") from None
    codes: dict[bytes, Codes] = {}
    for place, item in _items(file, text, space):
        try:
            code = _code(item, space)
        except (InputError, RecursionError) as error:
            raise InputError(f"{file}: {place}: {error}") from None
        codes.setdefault(code.tobytes(), code)
    if not codes:
        raise InputError(f"`{file}` must list at least one network; got none")
    return np.array(list(codes.values()), dtype=np.int16)


def _items(file: Path, text: str, space: SearchSpace) -> Iterator[tuple[str, Any]]:
    """What is listed, and where."""
    if file.suffix == ".csv":
        yield from _csv_items(file, text, space)
    elif file.suffix == ".json":
        listed = _listed(_json(file, "", text))
        yield from ((f"network {number}", item) for number, item in enumerate(listed, start=1))
    else:
        for number, line in enumerate(text.splitlines(), start=1):
            place, line = f"line {number}", line.partition("#")[0].strip()
            if line:
                yield place, _json(file, place, line) if file.suffix == ".jsonl" else line


def _json(file: Path, place: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f"{file}: {place}" if place else f"{file}"
        raise InputError(f"{where}: must be valid JSON; {error}") from None


def _listed(document: Any) -> list[Any]:
    if isinstance(document, Mapping) and isinstance(document.get("front"), list):
        return list(document["front"])
    return document if isinstance(document, list) else [document]


def _csv_items(file: Path, text: str, space: SearchSpace) -> Iterator[tuple[str, Any]]:
    reader = csv.DictReader(io.StringIO(text))
    columns = set(reader.fieldnames or ())
    variables = {variable.name: variable for variable in space.variables}
    if "architecture" not in columns and not columns & variables.keys():
        raise InputError(
            f"{file}: line 1: must name a column `architecture`, or the choices of {space.name} "
            f"({', '.join(list(variables)[:3])}, ...); got {', '.join(sorted(columns)) or 'none'}"
        )
    for row in reader:
        place = f"line {reader.line_num}"
        if row.get("architecture"):
            yield place, row["architecture"]
            continue
        chosen: dict[str, Any] = {}
        for name in columns & variables.keys():
            if written := row[name]:
                values = {str(value): value for value in variables[name].values}
                chosen[name] = values.get(written, written)
        yield place, chosen


def _code(item: Any, space: SearchSpace) -> Codes:
    """The code of a listed network."""
    if isinstance(item, str):
        return locate(space, find_network(item))
    if isinstance(item, Mapping):
        if "format" in item:
            return locate(space, from_json(item))
        if isinstance(item.get("choices"), Mapping):
            return space.encode(item["choices"])
        if isinstance(item.get("architecture"), str):
            return locate(space, find_network(item["architecture"]))
        return space.encode(item)
    raise InputError(f"a network must be text, an architecture or its choices; got {item!r:.80}")
