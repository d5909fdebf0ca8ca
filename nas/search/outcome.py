"""Reports of an evaluator → Outcome: what came of an evaluation, as it is recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from nas.accuracy.evaluator import Report
from nas.store.records import EvaluationState


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an evaluation.

    Args:
        state: COMPLETE, STOPPED or FAILED.
        accuracy: Of the whole network, when complete and if it was asked for.
        reports: Pairs of a share of the full work and the accuracy there.
        spent: What it took, by unit.
        reason: Why it is not complete, in words.
        here: Whether it was worked on by the machine that drives the study.
    """

    state: EvaluationState
    accuracy: float | None = None
    reports: tuple[tuple[float, float], ...] = ()
    spent: Mapping[str, float] = field(default_factory=dict)
    reason: str | None = None
    here: bool = True


def outcome_of(
    reports: Iterable[Report],
    *,
    failed: str | None = None,
    spent: Mapping[str, float] | None = None,
    here: bool = True,
) -> Outcome:
    """What reports come to.

    Args:
        reports: Of one network; where two are of the same share, the later one counts, as after
            a worker that died and was replaced.
        failed: Why the evaluation failed, if it did.
        spent: What a failed one took, where that is known.
        here: Whether it was worked on by the machine that drives the study.
    """
    by_share = {report.share: report for report in reports}
    ordered = [by_share[share] for share in sorted(by_share)]
    pairs = tuple((report.share, report.accuracy) for report in ordered)
    if failed is not None:
        spent = spent or (ordered[-1].spent if ordered else {})
        return Outcome(EvaluationState.FAILED, None, pairs, spent, failed, here)
    spent = ordered[-1].spent
    share, accuracy = pairs[-1]
    if share < 1:
        reason = f"stopped at {share:.0%} of the work: others of its cost did better there"
        return Outcome(EvaluationState.STOPPED, None, pairs, spent, reason, here)
    kept = pairs if len(pairs) > 1 else ()
    return Outcome(EvaluationState.COMPLETE, accuracy, kept, spent, None, here)
