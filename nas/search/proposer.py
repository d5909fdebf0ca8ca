"""Told evaluations → the next candidates, by an Optuna sampler over an in-memory study.

Why in memory: the store is the one truth (design of this package); Optuna's study is rebuilt from
stored rows whenever a search starts, so that a crash cannot leave two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution
from optuna.study import StudyDirection
from optuna.trial import TrialState, create_trial

from nas.pareto import Sense
from nas.search.objectives import OBJECTIVES
from nas.space.space import Codes, SearchSpace

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


class OptunaProposer:
    """Proposes by NSGA-II (Deb et al., 2002) with constrained dominance.

    Args:
        space: What to propose from.
        objectives: Names, in the order of the study.
        seed: Of the sampler; proposals are a function of it and of what was told.
        told: What is known from before.
    """

    batch_size = 50

    def __init__(
        self, space: SearchSpace, objectives: Sequence[str], *, seed: int, told: Sequence[Told]
    ) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._space, self._objectives = space, tuple(objectives)
        self._distributions = distributions(space)
        sampler = optuna.samplers.NSGAIISampler(
            population_size=self.batch_size, seed=(seed + len(told)) % 2**32
        )
        directions = [StudyDirection[OBJECTIVES[name].sense.name] for name in objectives]
        self._study = optuna.create_study(sampler=sampler, directions=directions)
        self._study.add_trials([self._trial(known) for known in told])
        self._asked: dict[bytes, list[optuna.Trial]] = {}

    def _values(self, told: Told) -> list[float]:
        return [
            told.values.get(name, _NOT_EVALUATED[OBJECTIVES[name].sense])
            for name in self._objectives
        ]

    def _trial(self, told: Told) -> optuna.trial.FrozenTrial:
        missing = {
            variable.name: variable.values[0]
            for variable in self._space.variables
            if variable.name not in told.choices
        }
        return create_trial(
            state=TrialState.COMPLETE,
            values=self._values(told),
            params={**told.choices, **missing},
            distributions=dict(self._distributions),
            constraints=dict(told.excess),
        )

    def ask(self) -> Codes:
        """The next candidates; canonical codes of shape (batch_size, variables)."""
        rows = []
        for _ in range(self.batch_size):
            trial = self._study.ask(dict(self._distributions))
            code = self._space.encode(trial.params)
            self._asked.setdefault(code.tobytes(), []).append(trial)
            rows.append(code)
        return np.array(rows)

    def tell(self, code: Codes, told: Told) -> None:
        """What became of an asked candidate."""
        trial = self._asked[code.tobytes()].pop()
        for name, excess in told.excess.items():
            trial.set_constraint(name, excess)
        self._study.tell(trial, self._values(told))
