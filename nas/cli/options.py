"""Options that several verbs share, declared once."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Database = Annotated[
    str,
    typer.Option(
        "--db",
        metavar="PLACE",
        help="Where studies and their networks are: a SQLite file, or a PostgreSQL URL.",
    ),
]
Grid = Annotated[
    str | None,
    typer.Option(
        metavar="WHERE",
        help="Whose electricity: a country's ISO code, such as DEU, or its gCO2e/kWh; else what "
        "the search was told, or the world's average.",
    ),
]
StoredStudy = Annotated[str, typer.Argument(metavar="STUDY", help="A study (`nas studies`).")]
DEFAULT_DATABASE = "nas.db"
