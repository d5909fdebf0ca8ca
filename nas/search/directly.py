"""A session + a nearly free accuracy → its study: every network that reached the front so far."""

from __future__ import annotations

from nas.search.direct import Generation, search_direct
from nas.search.outcome import Outcome
from nas.search.session import TIME_UP, Session
from nas.store.records import EvaluationState


def run_direct(session: Session) -> None:
    """Search the space and finish the study, recording what was on the front when it was scored.

    A search that was interrupted begins again from its seed, and so comes by the same networks;
    those on record are left alone.
    """
    problem = session.problem

    def on_generation(generation: Generation) -> None:
        accuracies = generation.columns.get("accuracy")
        outcomes = [
            Outcome(
                EvaluationState.COMPLETE,
                None if accuracies is None else float(accuracies[row]),
            )
            for row in range(len(generation.codes))
        ]
        if outcomes:
            session.record(generation.codes, outcomes)
        session.show(scored=generation.scored)

    result = search_direct(
        problem,
        evaluations=problem.evaluations,
        seed=problem.spec.seed,
        on_generation=on_generation,
        first=session.warm_start.codes,
        stop=lambda: session.time_is_up(under_way=1),  # A generation has been scored.
    )
    ending = ""
    if result.stopped:
        ending = TIME_UP
    elif result.scored < problem.evaluations:
        ending = (
            "that is every network within the limits"
            if result.complete
            else "the front had stopped growing"
        )
    session.finish(scored=result.scored, ending=ending)
