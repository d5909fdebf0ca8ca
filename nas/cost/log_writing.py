"""Measurements → rows of a log, appended one at a time so that an interruption loses none."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from nas.cost.log import Measured
from nas.cost.log_columns import COLUMNS
from nas.errors import OutputError

Cell = str | float | None


def write_log(file: Path, rows: Iterable[Measured]) -> None:
    """Write a log of networks that `read_log` reads back to equal rows."""
    with file.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(COLUMNS[:4])
        for row in rows:
            writer.writerow(map(_text, (row.name, row.latency_ms, row.energy_mj, row.group)))


def append_row(file: Path, values: Mapping[str, Cell]) -> None:
    """Append one measurement, on disk on return; a torn last line gives way.

    Args:
        file: The log, made if it does not exist.
        values: By column; absent ones, and those that are None, stay empty.

    Raises:
        OutputError: if the file cannot be written, or has other columns.
    """
    assert set(values) <= set(COLUMNS), "a column of the log"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a+b") as handle:
            handle.seek(0)
            content = handle.read()
            text = _line([values.get(column) for column in COLUMNS])
            if not content:
                text = _line(COLUMNS) + text
            elif not content.startswith(_line(COLUMNS)):
                raise OutputError(
                    f"{file}: the columns must be {','.join(COLUMNS)}; "
                    f"got {content.splitlines()[0].decode(errors='replace')}; name another log"
                )
            torn = content[content.rfind(b"\n") + 1 :]
            if torn and len(next(csv.reader([torn.decode(errors="replace")]))) == len(COLUMNS):
                text = b"\n" + text  # whole, but for its end
            elif torn:
                handle.truncate(len(content) - len(torn))
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
    except OSError as error:
        raise OutputError(f"`{file}` must be writable; {error.strerror or error}") from None


def _line(cells: Iterable[Cell]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(map(_text, cells))
    return buffer.getvalue().encode()


def _text(cell: Cell) -> str:
    return "" if cell is None else str(cell)
