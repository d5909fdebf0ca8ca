"""`nas studies`: list, show, rename and delete what the database holds."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nas.cli import studies_files
from nas.cli.options import DEFAULT_DATABASE, Database, Grid, Json, StoredStudy
from nas.cli.output import err, heading, note, number, out, print_json, print_table
from nas.errors import InputError

if TYPE_CHECKING:
    from nas.store.records import StudyRecord, StudySummary

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
def show(
    study: StoredStudy,
    grid: Grid = None,
    core_w: Annotated[
        float,
        typer.Option(
            metavar="W", min=0.01, help="Power of a busy core, where no counter counted energy."
        ),
    ] = 10.0,
    gpu_w: Annotated[
        float | None,
        typer.Option(metavar="W", min=0.01, help="The same of a GPU; else its power limit."),
    ] = None,
    as_json: Json = False,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Show what a study was asked, where its numbers come from, how far it is and what it took.

    Example: nas studies show quickstart

    Example: nas studies show quickstart --grid DEU --core-w 6
    """
    from nas.ledger.energy import Powers
    from nas.report.ledger import COLUMNS, SAVED_COLUMNS, ledger_view
    from nas.store.accounts import accounts
    from nas.store.store import Store

    with Store.open(db, create=False) as store:
        found = store.summary(study)
        ledger = ledger_view(
            store.evaluations(found.study.id),
            accounts(store, found.study.id),
            grid=grid,
            powers=Powers(core_w, gpu_w),
        )
    if as_json:
        print_json(_json(found) | {"spec": found.study.spec, "ledger": ledger.to_json()})
        return
    spec = found.study.spec
    out.print(f"{found.study.name}: {spec.get('space')} on {spec.get('device')}", markup=False)
    out.print(f"{_state(found)}; begun {_time(found.study.created_at)}", markup=False)
    out.print(_counts(found) + "\n", markup=False)
    print_table(["what", "aim", "limit", "from"], _rows(found.study))
    print_table(COLUMNS, ledger.rows())
    if ledger.saved:
        print_table(SAVED_COLUMNS, ledger.saved_rows())
    for line in ledger.notes():
        out.print(line, markup=False)


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


def _rows(study: StudyRecord) -> list[list[str]]:
    """Every objective, then what else is limited: the limit, and where the numbers are from."""
    limits = {key: value for key, value in (study.spec.get("limits") or {}).items() if value}
    objectives = {objective.name: objective for objective in study.objectives}
    limited = [key[4:] for key in limits if key.startswith(("max_", "min_"))]
    rows = []
    for name in dict.fromkeys([*objectives, *limited]):
        bounds = [
            f"{sign} {number(limits[key], name)}"
            for sign, key in (("≤", f"max_{name}"), ("≥", f"min_{name}"))
            if key in limits
        ]
        aim, origin = "", ""
        if (objective := objectives.get(name)) is not None:
            aim = objective.sense.value
            words = (objective.provenance.get(key) for key in ("kind", "model", "source", "from"))
            origin = ", ".join(str(word) for word in words if word)
        rows.append([heading(name), aim, ", ".join(bounds), origin])
    return rows


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
