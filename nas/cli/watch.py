"""`nas watch`: a study in the store → how far it is, kept up to date from another terminal."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nas.cli.options import DEFAULT_DATABASE, Database
from nas.cli.output import note
from nas.cli.progress import one_line, show_progress

if TYPE_CHECKING:
    from nas.search.watching import Watched


def watch(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="A study (`nas studies`).")],
    once: Annotated[bool, typer.Option("--once", help="Look once.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a line of JSON for each look.")
    ] = False,
    every_s: Annotated[float, typer.Option(min=0.1, help="Seconds between looks.")] = 1.0,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Follow a study that another process runs, until that process ends.

    Example: nas watch quickstart
    """
    from nas.search.watching import look
    from nas.store.store import Store

    with Store.open(db, create=False) as store:
        watched = look(store, study)
        title = f"{study} ({watched.driver})" if watched.driver else study
        if as_json:
            print(_json_line(watched), flush=True)
            while watched.driver is not None and not once:
                time.sleep(every_s)
                watched = look(store, study)
                print(_json_line(watched), flush=True)
            return
        with show_progress(title) as show:
            show(watched.progress)
            while watched.driver is not None and not once:
                time.sleep(every_s)
                watched = look(store, study)
                show(watched.progress)
    if watched.state == "interrupted":
        note(f"nobody runs it: {one_line(study, watched.progress)}; the same search goes on")


def _json_line(watched: Watched) -> str:
    document: dict[str, Any] = {
        "study": watched.study,
        "state": watched.state,
        "driver": None,
        "progress": watched.progress.to_json(),
    }
    if watched.driver is not None:
        document["driver"] = {
            "user": watched.driver.user,
            "host": watched.driver.host,
            "pid": watched.driver.pid,
            "since": watched.driver.since.isoformat(),
        }
    return json.dumps(document, allow_nan=False)
