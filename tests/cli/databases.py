"""A database file → its rows, read by SQL alone, so that tests see what is really stored."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any


def dump(file: Path) -> list[str]:
    """Every row of every table, as statements."""
    with closing(sqlite3.connect(file)) as connection:
        return list(connection.iterdump())


def evaluations(file: Path) -> list[dict[str, Any]]:
    """Every evaluation of every study, by study and number."""
    query = "SELECT * FROM evaluations ORDER BY study_id, number"
    with closing(sqlite3.connect(file)) as connection:
        connection.row_factory = sqlite3.Row
        return [
            {**row, "values": json.loads(row["values"])}
            for row in map(dict, connection.execute(query))
        ]


def complete(file: Path) -> int:
    """How many evaluations are complete so far; 0 where there is no table yet."""
    query = "SELECT COUNT(*) FROM evaluations WHERE state = 'complete'"
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            return int(connection.execute(query).fetchone()[0])
    except sqlite3.OperationalError:
        return 0
