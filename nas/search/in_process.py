"""A session + a quick evaluator → its study, one network after the other in this process."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from nas.accuracy.attempt import attempt
from nas.accuracy.evaluator import Evaluator, Report
from nas.accuracy.external import ExternalEvaluator
from nas.errors import EvaluationFailedError
from nas.search.outcome import Outcome, outcome_of
from nas.search.session import Session
from nas.search.workplace import checkpoints, clear
from nas.space.space import Codes, SearchSpace
from nas.store.records import EvaluationState


def run_in_process(session: Session, *, folder: Path) -> None:
    """Evaluate what is owed to a study, and finish it.

    Args:
        session: The open study.
        folder: Where an evaluator may keep checkpoints of a network.
    """
    problem, evaluator = session.problem, session.problem.evaluator
    assert evaluator is not None, "a plan that evaluates has an evaluator"
    evaluate = _lookup(evaluator)
    if isinstance(evaluator, ExternalEvaluator):
        evaluate = _work(evaluator, problem.space, seed=problem.spec.seed, folder=folder)
    proposer = session.proposer()
    while session.owed and not session.time_is_up() and (code := proposer.ask()) is not None:
        identity = problem.space.architecture(code).id
        known = session.known(identity)
        if known is not None:  # Other choices built the same network before.
            proposer.tell(code, session.modelled(known), known.reports)
            continue
        outcome = evaluate(code)
        session.record(code[None], [outcome])
        clear(folder / identity)
        proposer.tell(code, outcome.accuracy, outcome.reports)
        session.show()
    session.finish(ending=session.ending)


def _lookup(evaluator: Evaluator | ExternalEvaluator) -> Callable[[Codes], Outcome]:
    def look(code: Codes) -> Outcome:
        assert not isinstance(evaluator, ExternalEvaluator), "it takes networks"
        accuracy = float(evaluator.evaluate(code[None]).mean[0])
        if math.isfinite(accuracy):
            return Outcome(EvaluationState.COMPLETE, accuracy)
        reason = "the evaluator knows no accuracy of this network"
        return Outcome(EvaluationState.FAILED, reason=reason)

    return look


def _work(
    evaluator: ExternalEvaluator, space: SearchSpace, *, seed: int, folder: Path
) -> Callable[[Codes], Outcome]:
    def work(code: Codes) -> Outcome:
        network = space.architecture(code)
        place, reports = folder / network.id, list[Report]()
        reason, spent = None, dict[str, float]()
        try:
            for report in attempt(evaluator, network, seed=seed, folder=checkpoints(place)):
                reports.append(report)
        except EvaluationFailedError as error:
            reason, spent = str(error), error.spent
        return outcome_of(reports, failed=reason, spent=spent)

    return work
