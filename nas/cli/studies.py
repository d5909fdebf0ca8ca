"""`nas studies` and `nas front`: what the database holds, as tables, JSON, CSV and pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nas.cli.fronts import (
    check_writable,
    csv_text,
    print_front,
    stored_view,
    write_page,
    write_picture,
)
from nas.cli.options import DEFAULT_DATABASE, Database, Json
from nas.cli.output import note, print_json, print_table
from nas.errors import InputError


def studies(as_json: Json = False, db: Database = DEFAULT_DATABASE) -> None:
    """List the studies in the database.

    Example: nas studies --db nas.db
    """
    from nas.store.store import Store

    with Store.open(db, create=False) as store:
        found = store.studies()
    if as_json:
        print_json(
            [
                {
                    "name": s.study.name,
                    "space": s.study.spec.get("space"),
                    "device": s.study.spec.get("device"),
                    "objectives": [o.name for o in s.study.objectives],
                    "evaluated": s.complete,
                    "over_limit": s.over_limit,
                    "failed": s.failed,
                    "front": s.front_size,
                    "created_at": s.study.created_at.isoformat(),
                    "finished_at": s.study.finished_at and s.study.finished_at.isoformat(),
                }
                for s in found
            ]
        )
        return
    print_table(
        ["study", "search", "objectives", "done", "over limit", "front", "state"],
        [
            [
                s.study.name,
                f"{s.study.spec.get('space')} on {s.study.spec.get('device')}",
                ", ".join(o.name for o in s.study.objectives),
                f"{s.complete:,}",
                f"{s.over_limit:,}",
                f"{s.front_size:,}",
                "finished" if s.study.finished_at else "interrupted",
            ]
            for s in found
        ],
    )
    if not all(s.study.finished_at for s in found):
        note("Run the search of an interrupted study again and it resumes.")


def front(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="A study (`nas studies`).")],
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write an interactive picture.")
    ] = None,
    image: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a still picture: .png, .svg or .pdf."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Show every row of the table.")] = False,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Show the front of a study: a table, JSON, CSV or a picture.

    Example: nas front quickstart --html front.html
    """
    from nas.store.store import Store

    if as_json and as_csv:
        raise InputError("one of `--json` and `--csv` may be given; got both; leave one out")
    pictures = {"--html": html, "--image": image}
    for option, file in pictures.items():
        if file is not None:
            check_writable(file, option)
    with Store.open(db, create=False) as store:
        view = stored_view(store, study)
    if html is not None:
        write_page(view, html)
        note(f"wrote {html}")
    if image is not None:
        write_picture(view, image)
        note(f"wrote {image}")
    if as_json:
        print_json(view.to_json())
    elif as_csv:
        print(csv_text(view), end="")
    elif not any(pictures.values()):
        print_front(view, whole=every)
