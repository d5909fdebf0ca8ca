"""Problem + store → the study of that name: a new one, or the one to resume."""

from __future__ import annotations

from nas.errors import StoreError
from nas.search.feasibility import check_feasible
from nas.search.problem import Problem
from nas.search.study import changed_keys
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
