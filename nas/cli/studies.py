"""`nas studies`: list, show, rename and delete what the database holds."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nas.cli import studies_files
from nas.cli.options import DEFAULT_DATABASE, Database, Json, StoredStudy
from nas.cli.output import err, note, number, out, print_json, print_table
from nas.errors import InputError

if TYPE_CHECKING:
    from nas.store.records import ObjectiveRecord, StudySummary

app = typer.Typer()
app.command()(studies_files.merge)
app.command()(studies_files.export)
app.command("import")(studies_files.import_file)
app.command("to-optuna")(studies_files.to_optuna_study)


@app.callback(invoke_without_command=True)
def studies(
    context: typer.Context, as_json: Json = False, db: Database = DEFAULT_DATABASE
) -> None:
    """List the studies in the database, or do something with one.

    Example: nas studies --db nas.db

    Example: nas studies export quickstart --to quickstart.jsonl
    """
    if context.invoked_subcommand is None:
        _list(db, as_json=as_json)
    elif as_json or db != DEFAULT_DATABASE:
        verb = context.invoked_subcommand
        raise InputError(
            f"`--db` and `--json` must follow the verb; got them before it; say: nas studies "
            f"{verb} ... --db PLACE"
        )


@app.command("list")
def list_all(as_json: Json = False, db: Database = DEFAULT_DATABASE) -> None:
    """List the studies in the database.

    Example: nas studies list --json
    """
    _list(db, as_json=as_json)


@app.command()
def show(study: StoredStudy, as_json: Json = False, db: Database = DEFAULT_DATABASE) -> None:
    """Show what a study was asked, where its numbers come from and how far it is.

    Example: nas studies show quickstart
    """
    from nas.store.store import Store

    with Store.open(db, create=False) as store:
        found = store.summary(study)
    if as_json:
        print_json(_json(found) | {"spec": found.study.spec})
        return
    spec = found.study.spec
    out.print(f"{found.study.name}: {spec.get('space')} on {spec.get('device')}", markup=False)
    out.print(f"{_state(found)}; begun {_time(found.study.created_at)}", markup=False)
    out.print(_counts(found) + "\n", markup=False)
    limits = {key: value for key, value in (spec.get("limits") or {}).items() if value is not None}
    print_table(
        ["objective", "better", "limit", "from"],
        [_objective_row(objective, limits) for objective in found.study.objectives],
    )


@app.command()
def rename(
    study: StoredStudy,
    to: Annotated[str, typer.Argument(metavar="NAME", help="Its new name.")],
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Give a study another name.

    Example: nas studies rename quickstart first-try
    """
    from nas.store.curation import rename_study
    from nas.store.store import Store

    with Store.open(db, create=False) as store:
        rename_study(store, study, to)
    note(f"{study!r} is {to!r} now")


@app.command()
def delete(
    study: StoredStudy,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Delete a study and everything it evaluated, after asking.

    Example: nas studies delete quickstart
    """
    from nas.store.curation import delete_study
    from nas.store.store import Store

    with Store.open(db, create=False) as store:
        found = store.summary(study)
        if not yes:
            _confirm(f"delete {study!r} from {store.location}: {_counts(found)}?")
        delete_study(store, study)
    note(f"deleted {study!r}")


def _confirm(question: str) -> None:
    if not sys.stdin.isatty():
        raise InputError("`nas studies delete` must be confirmed; got no terminal; give --yes")
    err.print(f"{question} [y/N] ", end="", markup=False)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        note("nothing deleted")
        raise typer.Exit


def _list(db: str, *, as_json: bool) -> None:
    from nas.store.store import Store

    with Store.open(db, create=False) as store:
        found = store.studies()
    if as_json:
        print_json([_json(summary) for summary in found])
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
                _state(s).partition(",")[0],
            ]
            for s in found
        ],
    )
    if any(_state(s).startswith("interrupted") for s in found):
        note("Run the search of an interrupted study again and it resumes.")


def _state(summary: StudySummary) -> str:
    if summary.driver is not None and summary.driver.live:
        return f"running, by {summary.driver}"
    if summary.study.finished_at is not None:
        return f"finished, {_time(summary.study.finished_at)}"
    return "interrupted"


def _time(at: Any) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _counts(summary: StudySummary) -> str:
    counts = {
        "evaluated": summary.complete,
        "stopped early": summary.stopped,
        "over the limit": summary.over_limit,
        "failed": summary.failed,
        "on the front": summary.front_size,
    }
    return ", ".join(f"{count:,} {what}" for what, count in counts.items() if count) or "empty"


def _objective_row(objective: ObjectiveRecord, limits: dict[str, float]) -> list[str]:
    name, provenance = objective.name, objective.provenance
    bounds = [
        f"{sign} {number(limit, name)} {objective.unit}".rstrip()
        for sign, key in (("≤", f"max_{name}"), ("≥", f"min_{name}"))
        if (limit := limits.get(key)) is not None
    ]
    better = "more" if objective.sense.value == "maximize" else "less"
    words = (provenance.get(key) for key in ("kind", "model", "source", "from"))
    return [name, better, ", ".join(bounds), ", ".join(str(word) for word in words if word)]


def _json(summary: StudySummary) -> dict[str, Any]:
    study, driver = summary.study, summary.driver
    return {
        "name": study.name,
        "space": study.spec.get("space"),
        "device": study.spec.get("device"),
        "objectives": [objective.name for objective in study.objectives],
        "evaluated": summary.complete,
        "stopped": summary.stopped,
        "over_limit": summary.over_limit,
        "failed": summary.failed,
        "front": summary.front_size,
        "created_at": study.created_at.isoformat(),
        "finished_at": study.finished_at and study.finished_at.isoformat(),
        "driver": driver
        and {
            "user": driver.user,
            "host": driver.host,
            "pid": driver.pid,
            "since": driver.since.isoformat(),
            "live": driver.live,
            "progress": driver.progress,
        },
    }
