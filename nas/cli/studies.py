"""`nas search`, `nas studies`, `nas front` and `nas export`: from a study to its files."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nas.cli.networks import ARCHITECTURE_HELP, read_architecture
from nas.cli.output import err, heading, note, number, out, print_json, print_table
from nas.errors import InputError, OutputError, UnknownNameError

if TYPE_CHECKING:
    from nas.report.front import FrontView, Point
    from nas.search.loop import Progress
    from nas.search.study import StudySpec
    from nas.store.store import Store

Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Database = Annotated[
    str, typer.Option("--db", help="Where studies live: a SQLite file, or a PostgreSQL URL.")
]
_SHOWN = 25
_MEGABYTE = 2**20


def search(
    study: Annotated[
        str | None, typer.Argument(help="A study file (YAML). Options override what it says.")
    ] = None,
    space: Annotated[str | None, typer.Option(help="A search space, or a YAML file.")] = None,
    device: Annotated[str | None, typer.Option(help="The device (`nas devices`).")] = None,
    objective: Annotated[
        list[str] | None,
        typer.Option(
            help="Give once for each: accuracy, latency_ms, energy_mj, train_time_s, ..."
        ),
    ] = None,
    max_latency_ms: Annotated[float | None, typer.Option(help="Limit.")] = None,
    max_energy_mj: Annotated[float | None, typer.Option(help="Limit.")] = None,
    max_memory_mib: Annotated[float | None, typer.Option(help="Limit on peak memory.")] = None,
    max_macs: Annotated[float | None, typer.Option(help="Limit.")] = None,
    max_parameters: Annotated[float | None, typer.Option(help="Limit.")] = None,
    evaluations: Annotated[int | None, typer.Option(help="Networks to evaluate.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the search.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the study.")] = None,
    html: Annotated[Path, typer.Option(help="Where the picture goes.")] = Path("front.html"),
    as_json: Json = False,
    db: Database = "nas.db",
) -> None:
    """Search a space for a device and show the Pareto front.

    Examples: `nas search studies/quickstart.yaml`, or
    `nas search --space mnasnet --device pixel-3 --max-latency-ms 30 --evaluations 500`.
    Running it again resumes the study; a finished one is shown again.
    """
    from nas.search.loop import run_study
    from nas.search.problem import make_problem
    from nas.store.store import Store

    limits = {
        "max_latency_ms": max_latency_ms,
        "max_energy_mj": max_energy_mj,
        "max_peak_memory_bytes": max_memory_mib and max_memory_mib * _MEGABYTE,
        "max_macs": max_macs,
        "max_parameters": max_parameters,
    }
    options = {
        "name": name,
        "space": space,
        "device": device,
        "objectives": objective,
        "evaluations": evaluations,
        "seed": seed,
    }
    spec = _spec(study, options, limits)
    _check_writable(html)
    started = time.monotonic()
    problem = make_problem(spec)
    with Store.open(db, create=True) as store:
        with _progress(f"{spec.space} on {spec.device}") as on_progress:
            run_study(problem, store, on_progress=on_progress)
        view = _view(store, spec.name)
    _write_picture(view, html)
    if as_json:
        print_json(view.to_json())
        return
    _print_front(view, _SHOWN)
    note(f"study {spec.name!r} in {db}, {time.monotonic() - started:.1f} s; picture: {html}")
    note(f"next: nas front {spec.name} --html F | nas export {spec.name} --pick knee --to DIR")


def studies(as_json: Json = False, db: Database = "nas.db") -> None:
    """List the studies in the database."""
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
        ["study", "space", "device", "objectives", "evaluated", "over limit", "front", "state"],
        [
            [
                s.study.name,
                str(s.study.spec.get("space")),
                str(s.study.spec.get("device")),
                ", ".join(o.name for o in s.study.objectives),
                f"{s.complete:,}",
                f"{s.over_limit:,}",
                f"{s.front_size:,}",
                "finished" if s.study.finished_at else "interrupted: run it again to resume",
            ]
            for s in found
        ],
    )


def front(
    study: Annotated[str, typer.Argument(help="Name of a study (`nas studies`).")],
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    html: Annotated[Path | None, typer.Option(help="Write an interactive picture.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Show every row of the table.")] = False,
    db: Database = "nas.db",
) -> None:
    """Show the front of a study: a table, JSON, CSV or an interactive picture."""
    from nas.store.store import Store

    if html is not None:
        _check_writable(html)
    with Store.open(db, create=False) as store:
        view = _view(store, study)
    if html is not None:
        _write_picture(view, html)
        note(f"wrote {html}")
    if as_json:
        print_json(view.to_json())
    elif as_csv:
        print(_csv(view), end="")
    elif html is None:
        _print_front(view, len(view.front) if every else _SHOWN)


def export(
    what: Annotated[str, typer.Argument(help="A study, with --pick. Or: " + ARCHITECTURE_HELP)],
    to: Annotated[Path, typer.Option(help="The folder to write.")],
    pick: Annotated[
        str | None,
        typer.Option(help="knee, fastest, most-accurate, a row of the front, or an id on it."),
    ] = None,
    device: Annotated[
        list[str] | None, typer.Option(help="Predict costs on this device for the README, too.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write into a folder in use.")] = False,
    as_json: Json = False,
    db: Database = "nas.db",
) -> None:
    """Write a network as a plain PyTorch file, ONNX, JSON and a README."""
    from nas.export import export as write_files
    from nas.export.objectives import predicted_costs, stored_objectives
    from nas.store.store import Store

    if pick is None:
        architecture, title, objectives = read_architecture(what, db), what, []
        if "|" in what or what.endswith(".json"):
            title = architecture.id
    else:
        with Store.open(db, create=False) as store:
            view = _view(store, what)
        point = _picked(view, pick)
        architecture, title = read_architecture(point.text, db), f"{view.space}-{point.id[:8]}"
        objectives = stored_objectives(view.objectives, point.values)
    objectives = objectives + predicted_costs(architecture, device or [])
    with err.status("building, exporting and checking the model"):
        report = write_files(architecture, to, title=title, objectives=objectives, force=force)
    if as_json:
        print_json(
            {
                "folder": str(report.folder),
                "files": [str(file) for file in report.files],
                "id": architecture.id,
                "onnx_max_abs_error": report.onnx_max_abs_error,
            }
        )
        return
    out.print(f"wrote {', '.join(sorted(Path(f).name for f in report.files))} to {report.folder}")
    out.print(f"ONNX against PyTorch: largest difference {report.onnx_max_abs_error:.1e}")


def _spec(
    file: str | None, options: Mapping[str, object], limits: Mapping[str, float | None]
) -> StudySpec:
    """The study of a file with options laid over it, or of options alone."""
    import hashlib
    import json

    from nas.search.study import load_study, study_from_options

    base: dict[str, Any] = load_study(file).model_dump(mode="json") if file else {}
    base |= {key: value for key, value in options.items() if value is not None}
    given = {key: value for key, value in limits.items() if value is not None}
    base["limits"] = {**base.get("limits", {}), **given}
    if file is None and "name" not in base:
        for key in ("space", "device"):
            if key not in base:
                raise InputError(
                    f"`nas search` needs a study file, or --space and --device; got no --{key}; "
                    "try: nas search studies/quickstart.yaml"
                )
        # The same options resume the same study; other options are another study.
        digest = hashlib.sha256(json.dumps(base, sort_keys=True).encode()).hexdigest()[:6]
        base["name"] = f"{Path(str(base['space'])).stem}-{base['device']}-{digest}"
    return study_from_options(base)


@contextmanager
def _progress(title: str) -> Iterator[Any]:
    """A progress bar on a terminal, a line now and then elsewhere."""
    from rich import progress as bars

    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(*columns, console=err, transient=False) as bar:
        task = bar.add_task(title, total=None)

        def on_progress(progress: Progress) -> None:
            screened = f" ({progress.over_limit:,} over the limit, never evaluated)"
            bar.update(
                task,
                completed=progress.evaluated,
                total=progress.goal,
                description=title + (screened if progress.over_limit else ""),
            )

        yield on_progress


def _view(store: Store, name: str) -> FrontView:
    from nas.report.front import front_view
    from nas.report.references import costed_references
    from nas.space.architecture import parse
    from nas.store.records import EvaluationState

    study = store.study(name)
    records = store.front(study.id)
    if not records:
        raise UnknownNameError(
            f"study with a front; {name!r} has none yet: run its search to the end; study",
            name,
            [s.study.name for s in store.studies() if s.front_size],
        )
    evaluations = store.evaluations(study.id, state=EvaluationState.COMPLETE)
    last = parse(records[0].architecture_text).blocks[-1]
    references = costed_references(
        str(study.spec["device"]), classes=int(getattr(last, "width", 0))
    )
    return front_view(study, evaluations, records, references=references)


def _picked(view: FrontView, pick: str) -> Point:
    try:
        return view.pick(pick)
    except KeyError as error:
        raise InputError(f"`--pick` {error.args[0]}; got {pick!r}") from None


def _print_front(view: FrontView, count: int) -> None:
    from nas.report.front import summary, thinned

    names = [objective.name for objective in view.objectives]
    rows = [
        [
            str(index + 1),
            *(number(view.front[index].values[name], name) for name in names),
            view.front[index].id,
            summary(view.front[index].text),
        ]
        for index in thinned(view.front, count)
    ]
    total = len(view.front)
    title = f"{view.space} on {view.device}: {total} networks on the front"
    if len(rows) < total:
        title += f", {len(rows)} shown (nas front {view.study} --all)"
    print_table(["#", *map(heading, names), "id", "network"], rows, title=title)


def _csv(view: FrontView) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [objective.name for objective in view.objectives]
    writer.writerow([*names, "id", "architecture"])
    for point in view.front:
        writer.writerow([*(repr(point.values[name]) for name in names), point.id, point.text])
    return text.getvalue()


def _write_picture(view: FrontView, file: Path) -> None:
    from nas.report.picture import draw, write_html

    write_html(draw(view), file)


def _check_writable(file: Path) -> None:
    """Refuse before the work is done what could not be written after it."""
    if file.is_dir() or not file.resolve().parent.is_dir():
        raise OutputError(f"`--html` must be a file in an existing folder; got {file}")
