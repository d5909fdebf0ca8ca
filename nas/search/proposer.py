"""Told evaluations → the next candidates, by an Optuna sampler over an in-memory study.

Why in memory: the store is the one truth. Optuna's study is rebuilt from stored rows whenever a
search starts, so that a crash cannot leave two truths.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution
from optuna.study import StudyDirection
from optuna.trial import TrialState

from nas.pareto import Sense
from nas.search.objectives import find_objective
from nas.space.space import Codes, SearchSpace

# Spaces of up to so many codes are searched to the last network.
_EXHAUSTIBLE = 100_000
# What a candidate that was never evaluated is told with: constrained dominance looks at its
# constraints alone, but Optuna wants a number in every place.
_NOT_EVALUATED = {Sense.MINIMIZE: 1e300, Sense.MAXIMIZE: -1e300}


def distributions(space: SearchSpace) -> dict[str, CategoricalDistribution]:
    """A space as Optuna distributions over its values, one per variable.

    Inactive variables are proposed too, and are dropped by `SearchSpace.encode`.
    """
    return {
        variable.name: CategoricalDistribution(variable.values) for variable in space.variables
    }


@dataclass(frozen=True, slots=True)
class Told:
    """A candidate and what is known of it.

    Args:
        choices: Values by variable.
        values: Objectives; those never evaluated are absent.
        excess: Limited costs over their limits minus 1; all at most 0 when feasible.
    """

    choices: Mapping[str, int | float | str]
    values: Mapping[str, float]
    excess: Mapping[str, float]

    @property
    def fits(self) -> bool:
        """Whether it is within every limit."""
        return all(excess <= 0 for excess in self.excess.values())


class OptunaProposer:
    """Proposes by NSGA-II (Deb et al., 2002) with constrained dominance, never the same twice.

    Where the sampler repeats itself, an unknown neighbour of what it wanted is proposed instead.
    Proposals are a function of the seed and of what was told: told the same again, a new proposer
    proposes the same again.

    Args:
        space: What to propose from.
        objectives: Names, in the order of the study.
        seed: Of the sampler.
        first: Codes to begin with, such as one that is known to fit the limits.
    """

    # On NAS-Bench-Macro and the quickstart study, generations of 20 that keep half of the parents'
    # genes whole came nearer to the front at 200 to 2,000 evaluations than Optuna's defaults did.
    batch_size = 20

    def __init__(
        self,
        space: SearchSpace,
        objectives: Sequence[str],
        *,
        seed: int,
        first: Sequence[Codes] = (),
    ) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._space, self._objectives = space, tuple(objectives)
        self._distributions = distributions(space)
        self._study = optuna.create_study(
            sampler=optuna.samplers.NSGAIISampler(
                population_size=self.batch_size, crossover_prob=0.5, seed=seed
            ),
            directions=[StudyDirection[find_objective(name).sense.name] for name in objectives],
        )
        self._rng = np.random.default_rng(seed)
        self._elsewhere = self._anywhere()
        self._asked: dict[bytes, optuna.Trial] = {}
        self._told: dict[bytes, Told] = {}
        for code in first:
            self._study.enqueue_trial(self._parameters(code))

    def ask(self) -> Codes:
        """The next candidates, none asked before; canonical codes of shape (count, variables).

        The count is the batch size, or less (down to 0) when the space has nothing new.
        """
        rows: list[Codes] = []
        while len(rows) < self.batch_size:
            trial = self._study.ask(dict(self._distributions))
            code = self._space.encode(trial.params)
            if self._is_new(code):
                self._asked[code.tobytes()] = trial
                rows.append(code)
                continue
            self._dismiss(trial, code)
            fresh = self._fresh(code)
            if fresh is None:
                break
            self._study.enqueue_trial(self._parameters(fresh))
        return np.array(rows, dtype=np.int16).reshape(len(rows), len(self._space.variables))

    def tell(self, code: Codes, told: Told) -> None:
        """What became of an asked candidate."""
        key = code.tobytes()
        self._told[key] = told
        self._finish(self._asked.pop(key), told)

    def _is_new(self, code: Codes) -> bool:
        key = code.tobytes()
        return key not in self._told and key not in self._asked

    def _dismiss(self, trial: optuna.Trial, code: Codes) -> None:
        """End a trial that repeats another: with what is known, or as failed while nothing is."""
        if (known := self._told.get(code.tobytes())) is not None:
            self._finish(trial, known)
        else:
            self._study.tell(trial, state=TrialState.FAIL)

    def _finish(self, trial: optuna.Trial, told: Told) -> None:
        for name, excess in told.excess.items():
            trial.set_constraint(name, excess)
        values = [
            told.values.get(name, _NOT_EVALUATED[find_objective(name).sense])
            for name in self._objectives
        ]
        self._study.tell(trial, values)

    def _fresh(self, code: Codes) -> Codes | None:
        """A candidate not asked before: next to this one if possible, else anywhere."""
        near: list[Codes] = [one for one in self._space.neighbours(code) if self._is_new(one)]
        if near:
            return near[self._rng.integers(len(near))]
        return next((other for other in self._elsewhere if self._is_new(other)), None)

    def _anywhere(self) -> Iterator[Codes]:
        """Random candidates without end; each once where the space is small enough to exhaust."""
        counts = self._space.cardinalities
        if np.prod(counts.astype(float)) <= _EXHAUSTIBLE:
            codes = np.array(list(np.ndindex(*counts.tolist())), dtype=np.int16)
            self._rng.shuffle(codes)
            yield from self._space.canonical(codes)
            return
        while True:
            yield from self._space.sample(100, seed=int(self._rng.integers(2**32)))

    def _parameters(self, code: Codes) -> dict[str, int | float | str]:
        """Choices by name, inactive variables at their first value, as Optuna wants them all."""
        first = {variable.name: variable.values[0] for variable in self._space.variables}
        return first | self._space.decode(code)
