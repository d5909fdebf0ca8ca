"""`nas studies`: merge two, and what goes to files and comes from them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nas.cli.fronts import check_writable
from nas.cli.options import DEFAULT_DATABASE, Database, StoredStudy
from nas.cli.output import note


def merge(
    first: Annotated[str, typer.Argument(metavar="A", help="A study (`nas studies`).")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another one.")],
    into: Annotated[str, typer.Option(metavar="NAME", help="The name of the new study.")],
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Make one study of two that were asked the same; both stay as they are.

    Of a network that both evaluated, the evaluation that got further is kept (complete before
    stopped, over a limit, failed); where both got as far, that of A.

    Example: nas studies merge monday tuesday --into both
    """
    from nas.store.curation import merge_studies
    from nas.store.store import Store

    with Store.open(db, create=False) as store:
        merge_studies(store, first, second, into=into)
        found = store.summary(into)
    note(f"{into!r}: {found.complete:,} evaluated, {found.front_size:,} on the front")


def export(
    study: StoredStudy,
    to: Annotated[Path, typer.Option(metavar="FILE", help="The file to write.")],
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Write a study to a file: JSON lines, a header and then one evaluation a line.

    Example: nas studies export quickstart --to quickstart.jsonl
    """
    from nas.store.exchange import export_study
    from nas.store.store import Store

    check_writable(to, "--to")
    with Store.open(db, create=False) as store:
        count = export_study(store, study, to)
    note(f"wrote {to}: {count:,} evaluations")


def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `export` wrote.")],
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Another name than that in the file.")
    ] = None,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Read a study from a file, all of it or, where a line is wrong, nothing.

    Example: nas studies import quickstart.jsonl --name from-ana
    """
    from nas.store.exchange import check_study_file, import_study
    from nas.store.store import Store

    check_study_file(file)  # Before there is a database, which a refusal must not leave behind.
    with Store.open(db, create=True) as store:
        study = import_study(store, file, name=name)
        found = store.summary(study.name)
    note(f"{study.name!r}: {found.complete:,} evaluated, {found.front_size:,} on the front")


def to_optuna_study(
    study: StoredStudy,
    url: Annotated[
        str, typer.Argument(metavar="URL", help="A SQLite file, or a PostgreSQL URL, of Optuna.")
    ],
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Write a study into a database of Optuna, for optuna-dashboard and everything that reads it.

    Example: nas studies to-optuna quickstart optuna.db
    """
    from nas.search.to_optuna import to_optuna
    from nas.store.store import Store

    with Store.open(db, create=False) as store:
        found = store.study(study)
        count = to_optuna(found, store.evaluations(found.id), url)
    place = "URL" if "://" in url else f"sqlite:///{url}"  # A URL may hold a password.
    note(f"wrote {count:,} trials; next: optuna-dashboard {place}")
