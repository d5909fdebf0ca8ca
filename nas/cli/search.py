"""`nas search`: a study file or options → a finished study, its front and its picture."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nas.cli.fronts import check_writable, print_front, stored_view, write_page
from nas.cli.options import DEFAULT_DATABASE, Database, Json
from nas.cli.output import err, note, print_json
from nas.errors import InputError

if TYPE_CHECKING:
    from nas.search.loop import Progress
    from nas.search.study import StudySpec

_MEBIBYTE = 2**20


def search(
    study: Annotated[
        str | None,
        typer.Argument(
            metavar="STUDY", help="A study file (YAML) or a shipped study. Options override it."
        ),
    ] = None,
    space: Annotated[
        str | None, typer.Option(metavar="NAME", help="A search space, or a YAML file.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(metavar="NAME", help="The device (`nas devices`).")
    ] = None,
    objective: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Give once for each: accuracy, train_time_s, latency_ms, energy_mj, "
            "peak_memory_bytes, macs, parameters.",
        ),
    ] = None,
    max_latency_ms: Annotated[float | None, typer.Option(help="Most latency.")] = None,
    max_energy_mj: Annotated[float | None, typer.Option(help="Most energy.")] = None,
    max_memory_mib: Annotated[float | None, typer.Option(help="Most peak memory.")] = None,
    max_macs: Annotated[float | None, typer.Option(help="Most multiply-accumulates.")] = None,
    max_parameters: Annotated[float | None, typer.Option(help="Most parameters.")] = None,
    evaluations: Annotated[int | None, typer.Option(help="Networks to evaluate.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the search.")] = None,
    name: Annotated[
        str | None, typer.Option(help="Name of the study; without it, one made of the options.")
    ] = None,
    html: Annotated[Path, typer.Option(metavar="FILE", help="Where the picture goes.")] = Path(
        "front.html"
    ),
    as_json: Json = False,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Search a space for a device and show the Pareto front.

    Running it again resumes the study; a finished one is shown again.

    Example: nas search quickstart

    Example: nas search --space mnasnet --device pixel-3 --max-latency-ms 30 --evaluations 500
    """
    options = {
        "name": name,
        "space": space,
        "device": device,
        "objectives": objective,
        "evaluations": evaluations,
        "seed": seed,
    }
    limits = {
        "max_latency_ms": max_latency_ms,
        "max_energy_mj": max_energy_mj,
        "max_peak_memory_bytes": max_memory_mib and max_memory_mib * _MEBIBYTE,
        "max_macs": max_macs,
        "max_parameters": max_parameters,
    }
    _search(_spec(study, options, limits), db, html=html, as_json=as_json)


def _search(spec: StudySpec, db: str, *, html: Path, as_json: bool) -> None:
    from nas.search.feasibility import check_feasible
    from nas.search.loop import run_study
    from nas.search.problem import make_problem
    from nas.store.store import Store

    check_writable(html, "--html")
    started = time.monotonic()
    problem = make_problem(spec)
    for name, value in problem.fixed.items():
        note(f"{name} fixed at {value}: the accuracy of {problem.space.name} is known there alone")
    check_feasible(problem)  # Before there is a database, which a refusal must not leave behind.
    with Store.open(db, create=True) as store:
        with _progress(f"{Path(spec.space).stem} on {spec.device}") as on_progress:
            run_study(problem, store, on_progress=on_progress)
        view = stored_view(store, spec.name)
    write_page(view, html)
    if as_json:
        print_json(view.to_json())
        return
    print_front(view)
    evaluated = len(view.front) + len(view.dominated)
    if evaluated < problem.evaluations:
        goal = f"{problem.evaluations:,}"
        note(f"{evaluated:,} of {goal} evaluated: no others within the limits found")
    seconds = time.monotonic() - started
    # The store's own name for itself: a URL that a person typed may hold a password.
    note(f"study {spec.name!r} in {store.location}, {seconds:.1f} s; picture: {html}")
    place = "" if db == DEFAULT_DATABASE else " --db ..."
    front, export = f"nas front {spec.name}{place}", f"nas export {spec.name}{place}"
    note(f"next: {front} --html F | {export} --pick knee --to DIR")


def _spec(
    file: str | None, options: Mapping[str, object], limits: Mapping[str, float | None]
) -> StudySpec:
    """The study of a file with options laid over it, or of options alone."""
    from nas.search.study import load_study, study_from_options

    base: dict[str, Any] = load_study(file).model_dump(mode="json") if file else {}
    base |= {key: value for key, value in options.items() if value is not None}
    given = {key: value for key, value in limits.items() if value is not None}
    base["limits"] = {**base.get("limits", {}), **given}
    for key in ("space", "device"):
        if key not in base:
            raise InputError(
                f"`nas search` needs a study file, or --space and --device; got no --{key}; "
                "try: nas search quickstart"
            )
    # The same options resume the same study; other options are another study.
    base.setdefault("name", _name(base))
    return study_from_options(base)


def _name(options: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(options, sort_keys=True).encode()).hexdigest()[:6]
    words = f"{Path(options['space']).stem}-{options['device']}"
    return f"{re.sub('[^A-Za-z0-9]+', '-', words).strip('-')[:60] or 'study'}-{digest}"


@contextmanager
def _progress(title: str) -> Iterator[Callable[[Progress], None]]:
    """A progress bar on a terminal, one line at the end elsewhere, nothing if nothing began."""
    from rich import progress as bars

    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(bar_width=20),
        bars.MofNCompleteColumn(),
        bars.TimeRemainingColumn(),
        bars.TextColumn("{task.fields[screened]}"),
    )
    bar = bars.Progress(*columns, console=err)
    task = bar.add_task(title, total=None, screened="")

    def on_progress(progress: Progress) -> None:
        over = f"{progress.over_limit:,} over the limit" if progress.over_limit else ""
        bar.update(task, completed=progress.evaluated, total=progress.goal, screened=over)
        bar.start()

    try:
        yield on_progress
    finally:
        if bar.live.is_started:
            bar.stop()
