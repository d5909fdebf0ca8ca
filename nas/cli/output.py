"""Values → what a terminal or a script reads: tables, JSON, and numbers with their units.

Results go to standard output, everything said about them to standard error, colours only to a
terminal.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nas.report.words import heading, interval, number

__all__ = ["err", "heading", "interval", "note", "number", "out", "print_json", "print_table"]

# A pipe has no width of its own: what goes to a file or a script is never wrapped or cut.
out = Console(highlight=False, width=None if sys.stdout.isatty() else 10_000)
err = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else 10_000)

_NUMBER = re.compile(r"–?|[\d.,]+(e[+-]?\d+)?%?(–[\d.,]+)?")
_GAP = 2
_NARROW_TEXT = 8


def print_json(document: Any) -> None:
    """Print JSON for scripts."""
    print(json.dumps(document, indent=2, allow_nan=False))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "") -> None:
    """Print a table and an empty line; columns of numbers are aligned to the right."""
    if title:
        out.print(Text(title, style="bold"))
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    cells = [[name, *(row[index] for row in rows)] for index, name in enumerate(columns)]
    numeric = [all(map(_NUMBER.fullmatch, column[1:])) for column in cells]
    widths = _widths(cells, numeric, out.width - _GAP * (len(columns) - 1))
    for name, is_number, width in zip(columns, numeric, widths, strict=True):
        justify = "right" if is_number else "left"
        table.add_column(name, justify=justify, overflow="fold", width=width)  # type: ignore[arg-type]
    for row in rows:
        table.add_row(*map(Text, row))
    out.print(table)
    out.print()


def _widths(cells: Sequence[Sequence[str]], numeric: Sequence[bool], available: int) -> list[int]:
    """Widths of columns that fit, the widest giving way first.

    Text wraps between words, then within them; a number is never broken.
    """
    widths = [max(map(cell_len, column)) for column in cells]
    words = [
        max((cell_len(word) for cell in column for word in cell.split()), default=0)
        for column in cells
    ]
    narrow = [
        word if is_number else min(word, _NARROW_TEXT)
        for word, is_number in zip(words, numeric, strict=True)
    ]
    for least in (words, narrow):
        while sum(widths) > available:
            widest = max(range(len(widths)), key=lambda i: (widths[i] > least[i], widths[i]))
            if widths[widest] <= least[widest]:
                break
            widths[widest] -= 1
    return widths


def note(text: str) -> None:
    """Say something about the result, on standard error."""
    err.print(Text(text))
