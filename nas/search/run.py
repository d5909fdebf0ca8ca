"""Problem + store → a finished study, by the way of searching that suits its evaluator."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from nas.accuracy.evaluator import OnPreparation, Prepared
from nas.accuracy.external import ExternalEvaluator
from nas.search.directly import run_direct
from nas.search.in_process import run_in_process
from nas.search.opening import begin_or_resume, open_session
from nas.search.plan import Workers, make_plan
from nas.search.problem import Problem
from nas.search.progress import Progress
from nas.search.session import OnProgress
from nas.search.warm_start import find_warm_start
from nas.store import Store, StudyRecord

ANY_WORKERS = Workers()


def _unseen(progress: Progress) -> None:
    """Nobody looks."""


def _unheard(note: str) -> None:
    """Nobody listens."""


def _unwatched(doing: str, share: float) -> None:
    """Nobody watches."""


def run_study(
    problem: Problem,
    store: Store,
    *,
    workers: Workers = ANY_WORKERS,
    on_progress: OnProgress = _unseen,
    on_note: Callable[[str], None] = _unheard,
    on_preparation: OnPreparation = _unwatched,
    grid: str | None = None,
) -> StudyRecord:
    """Run a study to its end, from wherever it stands.

    It ends early when nothing new fits the limits. However this process ends, what was recorded
    stays, and the same call goes on from there; a finished study is given back as it is.

    Args:
        problem: What is searched for.
        store: Where every result goes as soon as there is one.
        workers: How slow evaluations are run.
        on_progress: Told how far the study is, about once a second.
        on_note: Told in words what a person should know of it.
        on_preparation: Told how far the evaluator is with what it does before the first network.
        grid: Whose electricity this process takes, as `nas.ledger.grid.find_grid` reads it.

    Raises:
        InfeasibleError: if no network fits the limits; nothing is stored then.
        StoreError: if a study of that name asked for something else, or another process drives it.
        EvaluatorError: if the evaluator fails again and again.
    """
    plan = make_plan(problem, workers)
    warm_start = find_warm_start(problem, store)
    study = begin_or_resume(problem, store)
    if study.finished_at is not None:
        return study
    folder = work_folder(store, study, under=workers.folder)
    for note in warm_start.notes:
        on_note(note)
    with open_session(
        problem, plan, store, study,
        warm_start=warm_start, on_progress=on_progress, grid=grid,
    ) as session:  # fmt: skip
        if (made := _to_prepare(problem)) is not None:
            session.account.prepare(made, on_preparation)
        if plan.runner == "direct":
            run_direct(session)
        elif plan.runner == "in process":
            run_in_process(session, folder=folder)
        else:
            from nas.search.tune import run_on_ray  # Ray is an extra, and takes seconds to load.

            run_on_ray(session, workers, folder=folder)
    if workers.callbacks:
        on_note(f"what {' and '.join(workers.callbacks)} logged is in {folder / 'tune'}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # Another study may be at work beside it.
            folder.parent.rmdir()
    return store.study(problem.spec.name)


def _to_prepare(problem: Problem) -> Prepared | None:
    evaluator = problem.evaluator
    made = evaluator.made if isinstance(evaluator, ExternalEvaluator) else None
    return made if isinstance(made, Prepared) else None


def work_folder(store: Store, study: StudyRecord, *, under: Path | None) -> Path:
    """Where work under way of a study is kept: beside its database, unless another place is given.

    A study that is deleted and begun again under its name is another.
    """
    if under is None:
        place = store.location
        under = Path(f"{place}-work") if "://" not in place else Path("nas-work")
    return under / f"{study.name}-{study.created_at:%Y%m%d-%H%M%S-%f}"
