"""A measurement log (CSV) ↔ measured networks: the only thing that models are fitted on.

Columns: `architecture` (architecture text or a reference name), `latency_ms`, and optionally
`energy_mj` and `group` (rows of one group are held out together). Rows of the same architecture
are repeats, and count by their median.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from nas.errors import InputError, MeasurementLogError
from nas.graph.lower import lower
from nas.graph.network import Network
from nas.space.architecture import Architecture
from nas.space.catalog import find_network

COLUMNS = ("architecture", "latency_ms", "energy_mj", "group")


@dataclass(frozen=True, slots=True)
class Measured:
    """What one network took, the median over its repeats.

    Args:
        name: Architecture text.
        network: What was executed.
        latency_ms: Time of one inference.
        energy_mj: Energy of one inference, where it was measured.
        group: Rows of one group are held out together.
        spread: Relative run-to-run spread, where it was logged.
    """

    name: str
    network: Network
    latency_ms: float
    energy_mj: float | None
    group: str
    spread: float | None = None

    @classmethod
    def of(
        cls, architecture: Architecture, latency_ms: float, energy_mj: float | None, group: str
    ) -> Measured:
        """What an architecture took."""
        return cls(architecture.text, lower(architecture), latency_ms, energy_mj, group)


@dataclass(frozen=True, slots=True)
class MeasurementLog:
    """Measured networks and the SHA-256 of the file that they were read from."""

    rows: tuple[Measured, ...]
    sha256: str


def read_log(file: Path) -> MeasurementLog:
    """Read a log, plain or gzipped.

    Raises:
        MeasurementLogError: naming the line, the rule and the value at fault.
    """
    try:
        content = file.read_bytes()
        text = (gzip.decompress(content) if file.suffix == ".gz" else content).decode()
    except (OSError, UnicodeDecodeError, EOFError) as error:
        raise MeasurementLogError(f"{file}: the log must be a readable CSV; {error}") from None
    reader = csv.DictReader(io.StringIO(text))
    columns = reader.fieldnames or ()
    for needed in ("architecture", "latency_ms"):
        if needed not in columns:
            raise MeasurementLogError(
                f"{file}: the log needs a column `{needed}`; got {', '.join(columns) or 'none'}"
            )
    if unknown := set(columns) - set(COLUMNS):
        raise MeasurementLogError(
            f"{file}: columns must be among {', '.join(COLUMNS)}; got {', '.join(sorted(unknown))}"
        )
    rows = [_read_row(row, f"{file}, line {reader.line_num}") for row in reader]
    merged = _merge_repeats(rows, file)
    return MeasurementLog(merged, hashlib.sha256(text.encode()).hexdigest())


def write_log(file: Path, rows: Iterable[Measured]) -> None:
    """Write a log that `read_log` reads back to equal rows."""
    with file.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(COLUMNS)
        for row in rows:
            energy = "" if row.energy_mj is None else repr(row.energy_mj)
            writer.writerow([row.name, repr(row.latency_ms), energy, row.group])


def _read_row(row: dict[str, str], where: str) -> Measured:
    try:
        architecture = find_network(row["architecture"] or "")
    except InputError as error:
        raise MeasurementLogError(f"{where}: {error}") from None
    latency = _positive(row["latency_ms"], "latency_ms", where)
    text = row.get("energy_mj") or ""
    energy = _positive(text, "energy_mj", where) if text else None
    return Measured.of(architecture, latency, energy, row.get("group") or architecture.id)


def _positive(text: str | None, column: str, where: str) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise MeasurementLogError(f"{where}: `{column}` must be a number above 0; got {text!r}")
    return value


def _merge_repeats(rows: list[Measured], file: Path) -> tuple[Measured, ...]:
    repeats: dict[str, list[Measured]] = {}
    for row in rows:
        repeats.setdefault(row.name, []).append(row)
    if len(repeats) < 2:
        raise MeasurementLogError(
            f"{file}: a log needs at least two different networks; got {len(repeats)}"
        )
    merged = []
    for name, same in repeats.items():
        energies = [row.energy_mj for row in same if row.energy_mj is not None]
        merged.append(
            Measured(
                name,
                same[0].network,
                statistics.median(row.latency_ms for row in same),
                statistics.median(energies) if energies else None,
                same[0].group,
            )
        )
    return tuple(merged)
