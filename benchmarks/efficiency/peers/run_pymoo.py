"""Conversation → pymoo's NSGA-II over categorical choices.

Choices are pymoo's own `Choice` variables with the operators that it gives them, parents chosen by
NSGA-II's tournament (pymoo's mixed mating picks them at random otherwise), one choice in a
network mutated on average (its default of one half of all would be a random search).
"""

from __future__ import annotations

import numpy as np
import pymoo
from pymoo.algorithms.moo.nsga2 import NSGA2, binary_tournament
from pymoo.core.mixed import (
    MixedVariableDuplicateElimination,
    MixedVariableMating,
    MixedVariableSampling,
)
from pymoo.core.problem import Problem
from pymoo.core.variable import Choice
from pymoo.operators.mutation.rm import ChoiceRandomMutation
from pymoo.operators.selection.tournament import TournamentSelection
from talk import Talk, serve


def search(talk: Talk) -> None:
    """One run."""
    counts, objectives = talk.setting["counts"], talk.setting["objectives"]
    names = [f"choice{index}" for index in range(len(counts))]
    choices = {
        name: Choice(options=list(range(count))) for name, count in zip(names, counts, strict=True)
    }
    problem = Problem(vars=choices, n_obj=objectives)
    duplicates = MixedVariableDuplicateElimination()
    mating = MixedVariableMating(
        selection=TournamentSelection(func_comp=binary_tournament),
        eliminate_duplicates=duplicates,
    )
    mating.mutation[Choice] = ChoiceRandomMutation(prob_var=1 / len(counts))
    algorithm = NSGA2(
        pop_size=talk.setting["population"],
        sampling=MixedVariableSampling(),
        mating=mating,
        eliminate_duplicates=duplicates,
    )
    algorithm.setup(problem, termination=("n_gen", 10**6), seed=talk.setting["seed"])
    while True:
        offspring = algorithm.ask()
        codes = [[int(one.X[name]) for name in names] for one in offspring]
        offspring.set("F", np.array(talk.values(codes)))
        for one in offspring:
            one.evaluated.update(("F", "G", "H"))
        algorithm.tell(infills=offspring)


serve(search, f"pymoo {pymoo.__version__}")
