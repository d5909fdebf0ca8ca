"""Values → what a terminal or a script reads: tables, JSON, and numbers with their units.

Results go to standard output, everything said about them to standard error, colours only to a
terminal.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from typing import Any, Literal

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

# A pipe has no width of its own: what goes to a file or a script is never wrapped or cut.
out = Console(highlight=False, width=None if sys.stdout.isatty() else 10_000)
err = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else 10_000)


def print_json(document: Any) -> None:
    """Print JSON for scripts."""
    print(json.dumps(document, indent=2))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "") -> None:
    """Print a table; columns whose cells are all numbers are aligned to the right."""
    table = Table(title=title or None, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for index, name in enumerate(columns):
        numeric = all(_is_number(row[index]) for row in rows)
        last = index == len(columns) - 1
        justify: Literal["left", "right"] = "right" if numeric else "left"
        table.add_column(name, justify=justify, overflow="fold", no_wrap=not last)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    out.print(table)


def _is_number(cell: str) -> bool:
    stripped = cell.replace(",", "").replace("%", "").strip(" -–")
    return not stripped or stripped.split(" ")[0].replace(".", "", 1).replace("e+", "").isdigit()


def note(text: str) -> None:
    """Say something about the result, on standard error."""
    err.print(Text(text))


def number(value: float | None, name: str) -> str:
    """A quantity for people, by the unit in its name."""
    if value is None:
        return "–"
    if name == "peak_memory_bytes":
        return f"{value / 2**20:.2f}"
    if name in ("macs", "parameters"):
        return f"{value / 1e6:.2f}"
    if name == "accuracy":
        return f"{value:.2f}"
    digits = max(0, 2 - int(math.floor(math.log10(abs(value))))) if value else 2
    return f"{value:.{min(digits, 4)}f}"


def heading(name: str) -> str:
    """A column heading for a quantity, with the unit that `number` prints it in."""
    return {
        "accuracy": "accuracy %",
        "train_time_s": "training s",
        "latency_ms": "latency ms",
        "energy_mj": "energy mJ",
        "peak_memory_bytes": "memory MiB",
        "macs": "MACs M",
        "parameters": "params M",
    }[name]
