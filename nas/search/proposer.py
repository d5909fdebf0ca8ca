"""Problem + evaluations so far → the next network to evaluate, by an Optuna study in memory.

Why in memory: the store is the one truth. The sampler is handed the stored rows whenever a search
starts, so that a crash cannot leave two truths.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, final

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.study import StudyDirection
from optuna.trial import Trial, TrialState

from nas.accuracy.levels import factors, to_levels
from nas.errors import ChoiceError, ExhaustedError
from nas.search.pareto_sampler import ParetoSampler
from nas.search.pareto_sampler.coding import Known, Parameters
from nas.search.pareto_sampler.features import Factor, Levels
from nas.search.pareto_sampler.sampler import Past
from nas.search.problem import Problem
from nas.search.warm_start import Experience
from nas.space.space import Codes, SearchSpace
from nas.store.records import EvaluationRecord, EvaluationState


def distributions(space: SearchSpace) -> dict[str, BaseDistribution]:
    """A space as Optuna distributions over its values, one per variable.

    Inactive variables are proposed too, and are dropped by `SearchSpace.encode`.
    """
    return {
        variable.name: CategoricalDistribution(variable.values) for variable in space.variables
    }


# What an evaluation that ended so says of a network; any other end says nothing.
_JUDGED = (EvaluationState.COMPLETE, EvaluationState.FAILED)


@final
class Proposer:
    """Proposes what is expected to grow the hypervolume most, and nothing twice.

    Asks and tells may interleave. Told the same in the same order, it proposes the same.

    Args:
        problem: What is searched for; one of its objectives must be modelled.
        history: Everything on record, in order.
        first: Codes within the limits to propose before any other; (count, variables).
        experiences: What other studies found, on whatever scale.
    """

    def __init__(
        self,
        problem: Problem,
        history: Sequence[EvaluationRecord],
        *,
        first: Codes | None = None,
        experiences: Sequence[Experience] = (),
    ) -> None:
        assert problem.modelled is not None, "there is nothing to model where all is known"
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._problem, self._coding = problem, ProblemCoding(problem)
        self._modelled = problem.modelled
        self._distributions = distributions(problem.space)
        past = [*map(self._past, history), *self._comparable(experiences)]
        self._sampler = ParetoSampler.of_coding(
            self._coding,
            self._distributions,
            [place for place, one in enumerate(problem.objectives) if one.known],
            floor=problem.floor,
            seed=problem.spec.seed,
            history=past,
        )
        self._study = optuna.create_study(
            sampler=self._sampler,
            directions=[StudyDirection[one.sense.name] for one in problem.objectives],
        )
        self._asked: dict[bytes, Trial] = {}
        self._seen = {one.code.tobytes() for one in past}
        self._first = [] if first is None else list(first[::-1])
        for one, record in zip(past, history, strict=False):
            self._hint(one.code, record.reports)
        for experience in experiences:
            self._learn(experience)

    def ask(self) -> Codes | None:
        """A canonical code (variables,) within the limits that was never asked nor told.

        None when there is no other: for good if nothing is under way.
        """
        while self._first:
            code: Codes = self._first.pop()
            if code.tobytes() not in self._seen:
                self._study.enqueue_trial(self._coding.decode(code))
                break
        try:
            trial = self._study.ask(dict(self._distributions))
        except ExhaustedError:
            # Optuna had made a trial for it; one that never runs must not stay open.
            self._study.tell(
                len(self._study.get_trials(deepcopy=False)) - 1, state=TrialState.FAIL
            )
            return None
        asked = self._coding.encode(trial.params)
        assert asked is not None, "the sampler keeps to its space"
        self._asked[asked.tobytes()] = trial
        self._seen.add(asked.tobytes())
        return asked

    def tell(
        self, code: Codes, accuracy: float | None, reports: Sequence[tuple[float, float]] = ()
    ) -> None:
        """What became of a code.

        Args:
            code: Asked before, or found to be known otherwise.
            accuracy: None where there is none: it failed, or was stopped early if it has reports.
            reports: Accuracies on the way, each with its share of the whole budget.
        """
        key = code.tobytes()
        trial = self._asked.pop(key, None)
        if trial is None:
            if key in self._seen:
                return
            self._study.enqueue_trial(self._coding.decode(code))
            trial = self._study.ask(dict(self._distributions))
        self._seen.add(key)
        if accuracy is not None:
            self._study.tell(trial, self._values(code, accuracy))
        else:
            self._study.tell(trial, state=TrialState.PRUNED if reports else TrialState.FAIL)
        self._hint(code, reports)

    def _values(self, code: Codes, accuracy: float) -> list[float]:
        known = self._problem.known(code[None])
        return [
            float(known[one.name][0]) if one.known else accuracy
            for one in self._problem.objectives
        ]

    def _hint(self, code: Codes, reports: Sequence[tuple[float, float]]) -> None:
        for share, accuracy in reports:
            if share < 1:
                parameters = self._coding.decode(code)
                self._sampler.hint(f"after {share:.4f} of the budget", parameters, accuracy)

    def _past(self, record: EvaluationRecord) -> Past:
        code = self._problem.space.encode(record.choices)
        complete = record.state is EvaluationState.COMPLETE
        value = record.values[self._modelled] if complete else float("nan")
        # One over a limit, of an older version's study, says nothing either.
        return Past(code, value, stopped=record.state not in _JUDGED)

    def _comparable(self, experiences: Sequence[Experience]) -> Iterator[Past]:
        for one in experiences:
            codes = self._problem.space.canonical(one.codes)
            fits = self._problem.fits(codes) & one.comparable
            for row in np.flatnonzero(fits).tolist():
                yield Past(codes[row], float(one.accuracies[row]))

    def _learn(self, experience: Experience) -> None:
        """What is on another scale are hints."""
        if experience.comparable:
            return
        codes = self._problem.space.canonical(experience.codes)
        for code, accuracy in zip(codes, experience.accuracies, strict=True):
            parameters = self._coding.decode(code)
            self._sampler.hint(f"study {experience.source}", parameters, float(accuracy))


def surrogate_factors(space: SearchSpace) -> tuple[Factor, ...]:
    """The variables of a space as the surrogate sees them.

    Those that decide the same for different blocks are of one group.
    """
    groups: dict[Any, int] = {}
    made = []
    for variable, factor in zip(space.variables, factors(space), strict=True):
        numbers = all(isinstance(value, int | float) for value in variable.values)
        rising = list(variable.values) == sorted(variable.values) if numbers else False
        group = groups.setdefault((factor.kind, variable.values, factor.levels), len(groups))
        ordered = rising and factor.absent is None and factor.levels > 2
        made.append(Factor(factor.levels, ordered, group))
    return tuple(made)


class ProblemCoding:
    """The codes of a problem's space, with its costs and limits; a `Coding` of the sampler."""

    def __init__(self, problem: Problem) -> None:
        self._problem, self._space = problem, problem.space
        self._objectives = [one.name for one in problem.objectives if one.known]
        self._first = {one.name: one.values[0] for one in problem.space.variables}

    @property
    def cardinalities(self) -> NDArray[np.int64]:
        """How many values each variable has."""
        return self._space.cardinalities

    @cached_property
    def factors(self) -> tuple[Factor, ...]:
        """Variables that decide the same for different blocks are of one group."""
        return surrogate_factors(self._space)

    def levels(self, codes: Codes) -> Levels:
        """Absence is a level of its own."""
        return to_levels(self._space, codes)

    def canonical(self, codes: Codes) -> Codes:
        """Inactive variables are 0."""
        return self._space.canonical(codes)

    def known(self, codes: Codes) -> Known:
        """Known objectives in the study's order, and whether all limits are kept."""
        columns = self._problem.known(codes)
        table = [columns[name] for name in self._objectives]
        objectives = np.stack(table, 1) if table else np.zeros((len(codes), 0))
        return Known(objectives, self._problem.within(columns, len(codes)))

    def encode(self, parameters: Parameters) -> Codes | None:
        """None for what is not of the space."""
        try:
            return self._space.encode(parameters)
        except ChoiceError:
            return None

    def decode(self, code: Codes) -> dict[str, Any]:
        """Values by variable, inactive ones at their first, as Optuna wants them all."""
        return self._first | self._space.decode(code)
