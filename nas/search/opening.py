"""Problem + store → the study of that name, new or resumed, and a session that drives it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from nas.errors import StoreError
from nas.search.accounting import open_account
from nas.search.feasibility import check_feasible
from nas.search.plan import Plan
from nas.search.problem import Problem
from nas.search.progress import Progress
from nas.search.session import OnProgress, Session
from nas.search.study import changed_keys
from nas.search.warm_start import WarmStart
from nas.store import Store, StudyRecord


def begin_or_resume(problem: Problem, store: Store) -> StudyRecord:
    """The study of a problem, made if there is none of that name.

    Raises:
        InfeasibleError: if no network fits the limits; nothing is stored then.
        StoreError: if a study of that name asked for something else, or meant other models.
    """
    name, spec = problem.spec.name, problem.stored_spec()
    objectives = problem.objective_records()
    if name not in {summary.study.name for summary in store.studies()}:
        check_feasible(problem)
        return store.create_study(name, spec=spec, objectives=objectives)
    stored = store.study(name)
    if changed := changed_keys(stored.spec, spec):
        was = {key: stored.spec.get(key) for key in changed}
        raise StoreError(
            f"a study named {name!r} exists and differs in {', '.join(changed)} "
            f"(it has {was}); choose another name with --name"
        )
    if stored.finished_at is None and tuple(objectives) != stored.objectives:
        pairs = zip(objectives, stored.objectives, strict=True)
        differing = [new.name for new, old in pairs if new != old]
        raise StoreError(
            f"the study {name!r} was begun with another model of {', '.join(differing)}; its "
            "evaluations cannot be mixed with new ones: choose another name with --name"
        )
    return stored


@contextmanager
def open_session(
    problem: Problem,
    plan: Plan,
    store: Store,
    study: StudyRecord,
    *,
    warm_start: WarmStart,
    on_progress: OnProgress,
    grid: str | None = None,
) -> Iterator[Session]:
    """Drive a study while the context lasts; its front so far is stored however it ends.

    Args:
        problem: What is searched for.
        plan: How.
        store: Where results go.
        study: The study in it.
        warm_start: What it begins with.
        on_progress: Told how far the study is.
        grid: Whose electricity it takes, as a person says it; None for what is not said.

    Raises:
        StudyHeldError: if another process drives it.
    """
    begun = Progress(
        goal=problem.evaluations,
        mode=plan.mode,
        runner=plan.runner,
        why=plan.why,
        limit_s=problem.limit_s,
    )
    with store.hold(study.id, progress=begun.to_json()) as lease:
        account = open_account(store, study, problem, plan, lease=lease, grid=grid)
        session = Session(
            problem, warm_start, store, study,
            lease=lease, account=account, begun=begun, on_progress=on_progress,
        )  # fmt: skip
        session.show()
        try:
            session.take_over()
            yield session
        except BaseException:
            with suppress(StoreError):
                session.save_front()
                account.save(now=True)
            raise
