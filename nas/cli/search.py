"""`nas search`: a study file or options → a finished study, its front and its picture."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nas.cli import search_options as given
from nas.cli.fronts import check_writable, print_front, stored_view, write_page
from nas.cli.options import DEFAULT_DATABASE, Database, Json
from nas.cli.output import note, print_json
from nas.cli.progress import show_progress, show_steps
from nas.errors import InputError

if TYPE_CHECKING:
    from nas.search.plan import Workers
    from nas.search.study import StudySpec

_MEBIBYTE = 2**20
_AS_THEY_ARE = (
    *("name", "space", "data", "epochs", "efficient", "trainings", "fidelity"),
    *("evaluations", "minutes", "seed", "warm_start"),
)


def search(
    study: given.Study = None,
    space: given.Space = None,
    device: given.Device = None,
    objective: given.ObjectiveNames = None,
    data: given.Data = None,
    accuracy: given.Accuracy = None,
    evaluator: given.Evaluator = None,
    limit: given.Limit = None,
    max_latency_ms: given.MaxLatency = None,
    max_energy_mj: given.MaxEnergy = None,
    max_memory_mib: given.MaxMemory = None,
    max_macs: given.MaxMacs = None,
    max_parameters: given.MaxParameters = None,
    evaluations: given.Evaluations = None,
    minutes: given.Minutes = None,
    search: given.SearchMode = None,
    epochs: given.Epochs = None,
    efficient: given.Efficient = None,
    trainings: given.Trainings = None,
    fidelity: given.FidelityName = None,
    warm_start: given.WarmStart = None,
    seed: given.Seed = None,
    workers: given.WorkerCount = None,
    address: given.Address = None,
    cpus_per_trial: given.CpusPerTrial = 1.0,
    gpus_per_trial: given.GpusPerTrial = 0.0,
    timeout_s: given.Timeout = None,
    early_stopping: given.Stopping = given.EarlyStopping.NONE,
    callback: given.Callbacks = None,
    work_dir: given.WorkDir = None,
    name: given.StudyName = None,
    html: given.Html = Path("front.html"),
    grid: given.Grid = None,
    as_json: Json = False,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Search a space for a device and show the Pareto front.

    Running it again resumes the study; a finished one is shown again. `nas watch` follows it from
    another terminal.

    Example: nas search quickstart

    Example: nas search --space mnasnet --device pixel-3 --max-latency-ms 30 --evaluations 500

    Example: nas search --space tiny_mobilenet --device raspberry-pi-4 --data ./my-images

    Example: nas search --space mnasnet --device pixel-3 --evaluator train:training --workers 4
    """
    arguments = locals()
    from nas.search.plan import Workers

    told = Workers(
        count=workers,
        address=address,
        cpus_each=cpus_per_trial,
        gpus_each=gpus_per_trial,
        timeout_s=timeout_s,
        halving=early_stopping is given.EarlyStopping.ASHA,
        callbacks=tuple(one.value for one in callback or ()),
        folder=work_dir,
    )
    _search(_spec(study, arguments), told, db, html=html, grid=grid, as_json=as_json)


def _search(
    spec: StudySpec, told: Workers, db: str, *, html: Path, grid: str | None, as_json: bool
) -> None:
    from nas.ledger.grid import WORLD, find_grid
    from nas.search.feasibility import check_feasible
    from nas.search.plan import make_plan
    from nas.search.problem import make_problem
    from nas.search.run import run_study
    from nas.store.store import Store

    check_writable(html, "--html")
    find_grid(grid or WORLD)
    started = time.monotonic()
    with show_steps() as on_step:
        problem = make_problem(
            spec,
            on_pictures_read=lambda doing, done, total: on_step(doing, done / max(total, 1)),
        )
    for line in problem.told:
        note(line)
    for name, value in problem.fixed.items():
        note(f"{name} fixed at {value}: the accuracy of {problem.space.name} is known there alone")
    # Before there is a database, which a refusal must not leave behind.
    make_plan(problem, told)
    check_feasible(problem)
    with Store.open(db, create=True) as store:
        title = f"{Path(spec.space).stem} on {spec.device}"
        with show_progress(title) as on_progress, show_steps() as on_step:
            run_study(
                problem,
                store,
                workers=told,
                on_progress=on_progress,
                on_note=note,
                on_preparation=on_step,
                grid=grid,
            )
        view = stored_view(store, spec.name)
    write_page(view, html)
    if as_json:
        print_json(view.to_json())
        return
    print_front(view)
    seconds = time.monotonic() - started
    # The store's own name for itself: a URL that a person typed may hold a password.
    note(f"study {spec.name!r} in {store.location}, {seconds:.1f} s; picture: {html}")
    place = "" if db == DEFAULT_DATABASE else " --db ..."
    front, export = f"nas front {spec.name}{place}", f"nas export {spec.name}{place}"
    note(f"next: {front} --html F | {export} --pick knee --to DIR")


def _spec(file: str | None, arguments: Mapping[str, Any]) -> StudySpec:
    """The study of a file with options laid over it, or of options alone."""
    from nas.search.study import load_study, study_from_options

    base: dict[str, Any] = load_study(file).model_dump(mode="json") if file else {}
    options = {
        **{key: arguments[key] for key in _AS_THEY_ARE},
        "objectives": arguments["objective"],
        "evaluator": _evaluator(arguments),
        "search": arguments["search"] and arguments["search"].value,
    }
    base |= {key: value for key, value in options.items() if value is not None}
    base |= _devices(arguments["device"], arguments["objective"], base)
    base["limits"] = {**(base.get("limits") or {}), **_limits(arguments)}
    for key in ("space", "device"):
        if key not in base:
            raise InputError(
                f"`nas search` needs a study file, or --space and --device; got no --{key}; "
                "try: nas search quickstart"
            )
    # The same options resume the same study; other options are another study.
    base.setdefault("name", _name(base))
    return study_from_options(base)


def _evaluator(arguments: Mapping[str, Any]) -> str | None:
    accuracy, evaluator = arguments["accuracy"], arguments["evaluator"]
    if accuracy is not None and evaluator is not None:
        raise InputError(
            "one of `--accuracy` and `--evaluator` may be given; got both; leave one out"
        )
    if accuracy is not None and not str(accuracy).endswith((".csv", ".csv.gz")):
        raise InputError(f"`--accuracy` must be a .csv or .csv.gz file; got {accuracy}")
    return evaluator if accuracy is None else str(accuracy)


def _devices(
    names: Sequence[str] | None, objectives: Sequence[str] | None, base: Mapping[str, Any]
) -> dict[str, Any]:
    """The study's device, and with several, a latency on each."""
    from nas.search.study import usual_objectives

    if not names:
        return {}
    chosen: dict[str, Any] = {"device": names[0]}
    if len(names) > 1 and not objectives:
        kept = base.get("objectives") or usual_objectives(base.get("evaluator"))
        chosen["objectives"] = list(
            dict.fromkeys([*kept, *(f"latency_ms@{name}" for name in names[1:])])
        )
    return chosen


def _limits(arguments: Mapping[str, Any]) -> dict[str, float]:
    """Limits by the keys of a study file.

    Raises:
        InputError: if one is not a limit, or is given twice.
    """
    from nas.search.limits import parse_limits

    mebibytes = arguments["max_memory_mib"]
    named = {
        "max_latency_ms": arguments["max_latency_ms"],
        "max_energy_mj": arguments["max_energy_mj"],
        "max_peak_memory_bytes": mebibytes and mebibytes * _MEBIBYTE,
        "max_macs": arguments["max_macs"],
        "max_parameters": arguments["max_parameters"],
    }
    named = {key: value for key, value in named.items() if value is not None}
    written = parse_limits(arguments["limit"] or ())
    if twice := sorted(named.keys() & written.keys()):
        raise InputError(
            f"`{twice[0]}` may be given once; got it with --limit and as an option of its own; "
            "leave one out"
        )
    return {**named, **written}


def _name(options: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(options, sort_keys=True).encode()).hexdigest()[:6]
    words = f"{Path(options['space']).stem}-{options['device']}"
    return f"{re.sub('[^A-Za-z0-9]+', '-', words).strip('-')[:60] or 'study'}-{digest}"
