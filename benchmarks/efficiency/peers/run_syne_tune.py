"""Conversation → Syne Tune's multi-objective regularized evolution.

Syne Tune 0.16.0 scores the members of a population by `nondominated_sort`, which lists their
indices from best to worst where the score of each is wanted: parents are then as good as random.
With `ranks` the same order is handed in as the rank of each member, by the argument that it offers
for other priorities.
"""

from __future__ import annotations

from importlib.metadata import version

import numpy as np
from syne_tune.config_space import choice
from syne_tune.optimizer.schedulers.multiobjective import MultiObjectiveRegularizedEvolution
from syne_tune.optimizer.schedulers.multiobjective.multiobjective_priority import (
    NonDominatedPriority,
)
from talk import Talk, serve


class Ranks(NonDominatedPriority):
    """Syne Tune's own order of a population, as the rank of each member."""

    def priority_unsafe(self, objectives: np.ndarray) -> np.ndarray:
        """Ranks from 0, the best; shape (members,)."""
        return np.argsort(super().priority_unsafe(objectives))


def search(talk: Talk) -> None:
    """One run."""
    # The first population is drawn from numpy's global generator, whatever seed the searcher has.
    np.random.seed(talk.setting["seed"])
    space = {
        f"choice{index}": choice(list(range(count)))
        for index, count in enumerate(talk.setting["counts"])
    }
    searcher = MultiObjectiveRegularizedEvolution(
        space,
        # Without this the first proposal is the middle of the space.
        points_to_evaluate=[],
        population_size=talk.setting["population"],
        sample_size=talk.setting["tournament"],
        multiobjective_priority=Ranks() if talk.setting["ranks"] else None,
        random_seed=talk.setting["seed"],
    )
    for trial in range(10**9):
        config = searcher.suggest()
        values = talk.values([[int(config[name]) for name in space]])
        searcher.on_trial_complete(trial, config, values[0])


serve(search, f"syne-tune {version('syne-tune')}")
