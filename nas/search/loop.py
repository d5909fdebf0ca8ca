"""Problem + store → a finished study: propose, screen by cost, evaluate, record, tell, repeat.

Nothing is lost and nothing is done twice: every batch is one transaction in the store, a study
that was interrupted goes on from its rows, and a network is evaluated at most once in a study.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from nas.errors import StoreError
from nas.pareto import front
from nas.search.feasibility import check_feasible
from nas.search.objectives import find_objective
from nas.search.problem import Problem
from nas.search.proposer import OptunaProposer, Told
from nas.search.study import changed_keys
from nas.space.architecture import Architecture
from nas.space.space import Codes
from nas.store.records import EvaluationRecord, EvaluationState, StudyRecord
from nas.store.store import Store

# So many batches without a single new network within the limits mean that there is none to find.
_PATIENCE_BATCHES = 100


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a study is: networks evaluated, networks screened out by the limits, the goal."""

    evaluated: int
    over_limit: int
    goal: int


@dataclass
class _State:
    """What the study knows, by architecture id; `replayed` are those proposed in this process."""

    study: StudyRecord
    known: dict[str, Told] = field(default_factory=dict)
    replayed: set[str] = field(default_factory=set)
    evaluated: int = 0

    @property
    def over_limit(self) -> int:
        return len(self.known) - self.evaluated


def run_study(
    problem: Problem, store: Store, *, on_progress: Callable[[Progress], None]
) -> StudyRecord:
    """Run a study to its end, from wherever it stands.

    A resumed study proposes again from the start, is told what the store knows, and so continues
    exactly as if it had never stopped. It ends early when nothing new fits the limits.

    Raises:
        InfeasibleError: if no network fits the limits; nothing is stored then.
        StoreError: if a study of that name asked for something else.
    """
    state = _resume(problem, store)
    goal = problem.evaluations
    on_progress(Progress(state.evaluated, state.over_limit, goal))
    if state.study.finished_at is not None:
        return state.study
    fitting = check_feasible(problem)
    proposer = OptunaProposer(
        problem.space,
        problem.spec.objectives,
        seed=problem.spec.seed,
        first=[] if fitting is None else [fitting],
    )
    idle = 0
    while state.evaluated < goal and idle < _PATIENCE_BATCHES:
        codes = proposer.ask()
        if len(codes) == 0:
            break
        idle = 0 if _step(problem, store, state, proposer, codes) else idle + 1
        on_progress(Progress(state.evaluated, state.over_limit, goal))
    store_front(store, state.study)
    store.finish(state.study.id)
    return store.study(state.study.name)


def _resume(problem: Problem, store: Store) -> _State:
    name, spec = problem.spec.name, problem.stored_spec()
    objectives = problem.objective_records()
    if name not in {summary.study.name for summary in store.studies()}:
        check_feasible(problem)
        return _State(store.create_study(name, spec=spec, objectives=objectives))
    state = _State(store.study(name))
    stored = state.study
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
    for record in store.evaluations(state.study.id):
        excess = dict(_excess(problem, record.values))
        state.known[record.architecture_id] = Told(record.choices, record.values, excess)
        state.evaluated += record.state is not EvaluationState.OVER_LIMIT
    return state


def _excess(problem: Problem, values: Mapping[str, float]) -> Mapping[str, float]:
    return {name: values[name] / limit - 1 for name, limit in problem.limits.items()}


def _step(
    problem: Problem, store: Store, state: _State, proposer: OptunaProposer, codes: Codes
) -> bool:
    """One batch: screen by cost, evaluate what is new and fits, record, tell.

    Returns:
        Whether the batch held a network within the limits that this process had not seen.
    """
    architectures = [problem.space.architecture(code) for code in codes]
    new = {a.id: row for row, a in reversed(list(enumerate(architectures)))}
    new = {identity: row for identity, row in new.items() if identity not in state.known}
    rows = sorted(new.values())
    told = _evaluate(problem, codes[rows], problem.evaluations - state.evaluated)
    pairs = [(architectures[row], known) for row, known in zip(rows, told, strict=False)]
    records = [
        _record(len(state.known) + index, architecture, known)
        for index, (architecture, known) in enumerate(pairs)
    ]
    store.record(state.study.id, records)
    state.known |= {architecture.id: known for architecture, known in pairs}
    state.evaluated += sum(record.state is EvaluationState.COMPLETE for record in records)
    fits = False
    for code, architecture in zip(codes, architectures, strict=True):
        if (known_now := state.known.get(architecture.id)) is not None:
            proposer.tell(code, known_now)
            fits = fits or (known_now.fits and architecture.id not in state.replayed)
            state.replayed.add(architecture.id)
    return fits


def _record(number: int, architecture: Architecture, told: Told) -> EvaluationRecord:
    return EvaluationRecord(
        number,
        architecture.id,
        architecture.text,
        dict(told.choices),
        EvaluationState.COMPLETE if told.fits else EvaluationState.OVER_LIMIT,
        dict(told.values),
        None if told.fits else _reason(told),
    )


def _evaluate(problem: Problem, codes: Codes, room: int) -> list[Told]:
    """What becomes of new candidates, up to the one that uses the last evaluation."""
    if len(codes) == 0:
        return []
    costs = problem.known(codes)
    excess, fits = problem.excess(costs), problem.within(costs, len(codes))
    count = int(np.searchsorted(np.cumsum(fits), room, side="left")) + 1
    codes, fits = codes[:count], fits[:count]
    evaluated = problem.evaluate(codes[fits]) if fits.any() else {}
    place = np.cumsum(fits) - 1
    told = []
    for row, code in enumerate(codes):
        values = {name: float(column[row]) for name, column in costs.items()}
        if fits[row]:
            values |= {name: float(column[place[row]]) for name, column in evaluated.items()}
        over = {name: float(column[row]) for name, column in excess.items()}
        told.append(Told(problem.space.decode(code), values, over))
    return told


def _reason(told: Told) -> str:
    broken = [name for name, excess in told.excess.items() if excess > 0]
    return "over the limit: " + ", ".join(f"{n} {told.values[n]:.4g}" for n in broken)


def store_front(store: Store, study: StudyRecord) -> None:
    """Compute the front over all complete evaluations and store it."""
    complete = store.evaluations(study.id, state=EvaluationState.COMPLETE)
    names = [objective.name for objective in study.objectives]
    floor = study.spec.get("limits", {}).get("min_accuracy") or -np.inf
    complete = [one for one in complete if one.values.get("accuracy", np.inf) >= floor]
    senses = [find_objective(name).sense for name in names]
    values = [[record.values[name] for name in names] for record in complete]
    numbers = [complete[index].number for index in front(values, senses)] if values else []
    store.save_front(study.id, numbers)
