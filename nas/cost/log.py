"""A measurement log (CSV) ↔ measured networks: the only thing that models are fitted on.

One row is one measurement; rows of the same network are repeats, and count by their median.
`network` says what ran (see `nas.cost.log_networks`), `latency_ms` and `energy_mj` what one
inference of a batch took, `group` which rows are held out together. `device`, `runtime`,
`precision`, `batch` and `threads` say for which model, and must be the same in all rows; the rest
is how well it was measured. All but `network` and `latency_ms` may be absent.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nas.cost.log_columns import CONTEXT, checked_columns
from nas.cost.log_networks import Logged, Stored, logged_network
from nas.errors import InputError, MeasurementLogError
from nas.graph.lower import lower
from nas.graph.network import Network
from nas.space.architecture import Architecture

_CONTRADICTION = 2.0
"""Repeats further apart than this factor are not of the same thing."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one network took, the median over its repeats.

    Args:
        name: Architecture text, or the path of an ONNX file.
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
    """Measured networks, what the log says of how, and the SHA-256 of its text.

    Args:
        rows: One for each network.
        sha256: Of the file, unzipped.
        context: What the columns of `CONTEXT` say, those that are filled.
        versions: Versions of what measured, by package.
        measurements: Rows in the file.
        took_s: Time that they took, loading included, as far as the rows say.
    """

    rows: tuple[Measured, ...]
    sha256: str
    context: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    measurements: int = 0
    took_s: float = 0.0


def read_log(file: Path, *, stored: Stored | None = None, least: int = 2) -> MeasurementLog:
    """Read a log, plain or gzipped; the torn last line of an interrupted writer is left out.

    Args:
        file: The log.
        stored: What the id of a stored network stands for.
        least: Different networks that there must be.

    Raises:
        MeasurementLogError: naming the line, the rule and the value at fault.
    """
    text = _read_text(file)
    header, *lines = _lines(text, file)
    columns = checked_columns(header[1], file)
    entries = []
    networks: dict[str, Logged] = {}
    for number, cells in lines:
        where = f"{file}, line {number}"
        row = _by_column(columns, cells, where)
        measured = _read_row(row, where, file.parent, networks, stored)
        took = row.get("took_s")
        took_s = _positive(took, "took_s", where, zero=True) if took else 0.0
        entries.append(_Entry(number, row, measured, took_s))
    if len({entry.measured.name for entry in entries}) < least:
        raise MeasurementLogError(
            f"{file}: a log needs at least {least} different networks; "
            f"got {len({entry.measured.name for entry in entries})}; measure more"
        )
    return MeasurementLog(
        _merge_repeats(entries, file),
        hashlib.sha256(text.encode()).hexdigest(),
        _common_context(entries, file),
        _versions(entries),
        len(entries),
        sum(entry.took_s for entry in entries),
    )


@dataclass(frozen=True, slots=True)
class _Entry:
    line: int
    row: Mapping[str, str]
    measured: Measured
    took_s: float


def _read_text(file: Path) -> str:
    try:
        content = file.read_bytes()
        return (gzip.decompress(content) if file.suffix == ".gz" else content).decode()
    except (OSError, UnicodeDecodeError, EOFError) as error:
        raise MeasurementLogError(f"{file}: the log must be a readable CSV; {error}") from None


def _lines(text: str, file: Path) -> list[tuple[int, list[str]]]:
    """Header and rows with the numbers of their lines, without a torn last row."""
    reader = csv.reader(io.StringIO(text))
    try:
        lines = [(reader.line_num, cells) for cells in reader if cells]
    except csv.Error as error:
        raise MeasurementLogError(f"{file}: the log must be a readable CSV; {error}") from None
    if not lines:
        raise MeasurementLogError(
            f"{file}: the log needs a header with `network` and `latency_ms`; got an empty file"
        )
    if not text.endswith("\n") and len(lines) > 1 and len(lines[-1][1]) < len(lines[0][1]):
        lines.pop()
    return lines


def _by_column(columns: Sequence[str], cells: Sequence[str], where: str) -> dict[str, str]:
    if len(cells) != len(columns):
        raise MeasurementLogError(
            f"{where}: a row must have {len(columns)} values, as the header has; got {len(cells)}"
        )
    return dict(zip(columns, (cell.strip() for cell in cells), strict=True))


def _read_row(
    row: Mapping[str, str],
    where: str,
    folder: Path,
    networks: dict[str, Logged],
    stored: Stored | None,
) -> Measured:
    text = row["network"]
    try:
        if text not in networks:
            networks[text] = logged_network(text, folder, stored)
    except InputError as error:
        raise MeasurementLogError(f"{where}: {error}") from None
    name, network = networks[text]
    energy, spread = row.get("energy_mj"), row.get("spread")
    return Measured(
        name,
        network,
        _positive(row["latency_ms"], "latency_ms", where),
        _positive(energy, "energy_mj", where) if energy else None,
        row.get("group") or name,
        _positive(spread, "spread", where, zero=True) if spread else None,
    )


def _positive(text: str, column: str, where: str, *, zero: bool = False) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and (value > 0 or (zero and value == 0))):
        least = "of at least 0" if zero else "above 0"
        raise MeasurementLogError(f"{where}: `{column}` must be a number {least}; got {text!r}")
    return value


def _common_context(entries: Sequence[_Entry], file: Path) -> dict[str, str]:
    """What every row says of device, runtime, precision, batch and threads."""
    context = {}
    for column in CONTEXT:
        first: dict[str, int] = {}
        for entry in entries:
            if value := entry.row.get(column):
                first.setdefault(value, entry.line)
        if len(first) > 1:
            (one, line), (other, line_of_other) = list(first.items())[:2]
            raise MeasurementLogError(
                f"{file}: `{column}` must be the same in all rows; got {one!r} in line {line} "
                f"and {other!r} in line {line_of_other}; make it one log for each"
            )
        if first:
            context[column] = next(iter(first))
    return context


def _versions(entries: Sequence[_Entry]) -> dict[str, str]:
    """Versions by package, the last measurement's."""
    found: dict[str, str] = {}
    for entry in entries:
        for word in (entry.row.get("versions") or "").split():
            package, _, version = word.partition("=")
            found[package] = version
    return found


def _merge_repeats(entries: Sequence[_Entry], file: Path) -> tuple[Measured, ...]:
    repeats: dict[str, list[_Entry]] = {}
    for entry in entries:
        repeats.setdefault(entry.measured.name, []).append(entry)
    return tuple(_merged(same, file) for same in repeats.values())


def _merged(same: Sequence[_Entry], file: Path) -> Measured:
    rows = [entry.measured for entry in same]
    ordered = sorted(same, key=lambda entry: entry.measured.latency_ms)
    low, high = ordered[0], ordered[-1]
    if high.measured.latency_ms > _CONTRADICTION * low.measured.latency_ms:
        raise MeasurementLogError(
            f"{file}: repeats of a network must agree within a factor of {_CONTRADICTION:g}; got "
            f"{low.measured.latency_ms:g} ms in line {low.line} and "
            f"{high.measured.latency_ms:g} ms in line {high.line}; remove the wrong one"
        )
    energies = [row.energy_mj for row in rows if row.energy_mj is not None]
    spreads = [row.spread for row in rows if row.spread is not None]
    return Measured(
        rows[0].name,
        rows[0].network,
        statistics.median(row.latency_ms for row in rows),
        statistics.median(energies) if energies else None,
        rows[0].group,
        statistics.median(spreads) if spreads else None,
    )
