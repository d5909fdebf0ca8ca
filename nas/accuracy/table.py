"""A CSV of networks and their accuracies → an evaluator that looks them up.

Columns: `accuracy` in %, and one of `architecture` (text, or a reference name), `id` (of an
architecture) or `code` (the index of each choice of the space in order, such as 0.2.1). Other
columns are left alone.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np

from nas.accuracy.evaluator import Evaluated
from nas.errors import AccuracyTableError, InputError
from nas.space.catalog import find_network
from nas.space.space import Codes, SearchSpace

KEYS = ("architecture", "id", "code")
# A table stands in for what its rows once cost, so each look is chosen with care.
_COST_S = 1e-3
_ID = re.compile(r"[0-9a-f]{16}")


@final
@dataclass(frozen=True)
class AccuracyTable:
    """Accuracies that were measured before, of some networks of a space.

    Args:
        space: Whose codes it takes.
        accuracies: In %, by `key_of` a code.
        by_code: Whether the keys are codes; else they are ids of architectures.
        file: Where they were read.
        sha256: Of the text of the table.
    """

    space: SearchSpace
    accuracies: Mapping[str, float]
    by_code: bool
    file: str
    sha256: str

    @property
    def provenance(self) -> Mapping[str, Any]:
        """JSON for the store: what the numbers are and where they come from."""
        return {
            "kind": "table",
            "source": self.file,
            "samples": len(self.accuracies),
            "table_sha256": self.sha256,
        }

    @property
    def cost_s(self) -> float:
        """What one look is declared to cost, in seconds."""
        return _COST_S

    def key_of(self, code: Codes) -> str:
        """What a canonical code stands under."""
        return _code_key(code) if self.by_code else self.space.architecture(code).id

    def evaluate(self, codes: Codes) -> Evaluated:
        """Look up canonical codes of shape (count, variables); NaN for what is not listed."""
        found = np.array([self.accuracies.get(self.key_of(code), math.nan) for code in codes])
        return Evaluated(found, found, found)


def read_table(file: Path, space: SearchSpace) -> AccuracyTable:
    """Read a table, plain or gzipped.

    Raises:
        AccuracyTableError: naming the line, the rule and the value at fault.
    """
    try:
        content = file.read_bytes()
        text = (gzip.decompress(content) if file.suffix == ".gz" else content).decode()
    except (OSError, UnicodeDecodeError, EOFError) as error:
        raise AccuracyTableError(f"{file}: the table must be a readable CSV; {error}") from None
    reader = csv.DictReader(io.StringIO(text))
    column = _key_column(reader.fieldnames or (), file)
    read_key = _reader(column, space)
    accuracies: dict[str, float] = {}
    for row in reader:
        where = f"{file}, line {reader.line_num}"
        try:
            key = read_key((row[column] or "").strip())
        except InputError as error:
            raise AccuracyTableError(f"{where}: {error}") from None
        if key in accuracies:
            raise AccuracyTableError(
                f"{where}: each network must be listed once; got {row[column]!r} again; "
                "give the mean of its repeats"
            )
        accuracies[key] = _accuracy(row["accuracy"], where)
    if not accuracies:
        raise AccuracyTableError(f"{file}: the table must list networks; got none")
    digest = hashlib.sha256(text.encode()).hexdigest()
    return AccuracyTable(space, accuracies, column == "code", file.name, digest)


def _key_column(columns: object, file: Path) -> str:
    names = list(columns) if isinstance(columns, list | tuple) else []
    keys = [name for name in KEYS if name in names]
    if "accuracy" not in names or len(keys) != 1:
        raise AccuracyTableError(
            f"{file}: the table needs a column `accuracy` and one of {', '.join(KEYS)}; "
            f"got {', '.join(map(str, names)) or 'none'}"
        )
    return keys[0]


def _reader(column: str, space: SearchSpace) -> Callable[[str], str]:
    def of_architecture(text: str) -> str:
        return find_network(text).id

    def of_id(text: str) -> str:
        if not _ID.fullmatch(text):
            raise InputError(f"`id` must be 16 hexadecimal digits; got {text!r}")
        return text

    def of_code(text: str) -> str:
        counts = space.cardinalities
        code = [int(part) for part in text.split(".") if part.isascii() and part.isdigit()]
        if len(code) != text.count(".") + 1 or len(code) != len(counts) or (code >= counts).any():
            raise InputError(
                f"`code` must be {len(counts)} indices of choices of {space.name}, joined by "
                f"dots; got {text!r}; `nas spaces show {space.name}` lists the choices"
            )
        return _code_key(space.canonical(np.array([code], dtype=np.int16))[0])

    return {"architecture": of_architecture, "id": of_id, "code": of_code}[column]


def _code_key(code: Codes) -> str:
    return ".".join(map(str, code.tolist()))


def _accuracy(text: str | None, where: str) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not 0 <= value <= 100:
        raise AccuracyTableError(f"{where}: `accuracy` must be a % from 0 to 100; got {text!r}")
    return value
