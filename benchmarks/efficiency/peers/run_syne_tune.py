"""Conversation → Syne Tune's multi-objective regularized evolution."""

from __future__ import annotations

from importlib.metadata import version

import numpy as np
from syne_tune.config_space import choice
from syne_tune.optimizer.schedulers.multiobjective import MultiObjectiveRegularizedEvolution
from talk import Talk, serve


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
        random_seed=talk.setting["seed"],
    )
    for trial in range(10**9):
        config = searcher.suggest()
        values = talk.values([[int(config[name]) for name in space]])
        searcher.on_trial_complete(trial, config, values[0])


serve(search, f"syne-tune {version('syne-tune')}")
