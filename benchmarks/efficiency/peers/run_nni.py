"""Conversation → NNI's regularized evolution, its one metric a scalarisation of the objectives.

NNI's strategies know one metric, the larger the better. `weights: equal` is minus the plain sum of
the scaled objectives. `weights: drawn` is minus the largest weighted objective (Chebyshev), with
weights drawn anew for every network, so that the whole front is aimed at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.metadata import version

import nni
import numpy as np
from nni.mutable import Categorical, LabeledMutable, Mutable, MutableDict, Sample
from nni.mutable.exception import SampleValidationError
from nni.nas.execution import SequentialExecutionEngine
from nni.nas.space import ExecutableModelSpace, ModelStatus
from nni.nas.strategy import RegularizedEvolution
from talk import Talk

TALK = Talk()
RANDOM = np.random.default_rng(TALK.setting["seed"])


def metric(values: list[float]) -> float:
    """The one number that NNI selects by."""
    if TALK.setting["weights"] == "equal":
        return -sum(values)
    weights = RANDOM.dirichlet(np.ones(len(values)))
    return -float(np.max(weights * np.array(values)))


class Space(ExecutableModelSpace):
    """The choices, or one network of them once a sample is fixed."""

    def __init__(self, choices: MutableDict, sample: Sample | None = None) -> None:
        super().__init__(ModelStatus.Initialized if sample is None else ModelStatus.Frozen)
        self.choices, self.sample, self.evaluator = choices, sample, None

    def leaf_mutables(self, is_leaf: Callable[[Mutable], bool]) -> Iterable[LabeledMutable]:
        """What a strategy may vary."""
        return self.choices.leaf_mutables(is_leaf)

    def check_contains(self, sample: Sample) -> SampleValidationError | None:
        """Whether a sample names every choice."""
        return self.choices.check_contains(sample)

    def default(self, memo: Sample | None = None) -> Space:
        """The first network."""
        return self.freeze(self.choices.default(memo))

    def freeze(self, sample: Sample) -> Space:
        """One network."""
        return Space(self.choices, dict(sample))

    def execute(self) -> None:
        """Ask what the network is worth and report it."""
        assert self.sample is not None, "only a network is executed"
        code = [int(self.sample[label]) for label in self.choices.simplify()]
        nni.report_final_result(metric(TALK.values([code])[0]))


def main() -> None:
    """Hold one conversation."""
    counts = TALK.setting["counts"]
    choices = MutableDict(
        {
            f"choice{index}": Categorical(list(range(count)), label=f"choice{index}")
            for index, count in enumerate(counts)
        }
    )
    strategy = RegularizedEvolution(
        population_size=TALK.setting["population"],
        sample_size=TALK.setting["tournament"],
        mutation_prob=1 / len(counts),
        seed=TALK.setting["seed"],
    )
    TALK.greet(f"nni {version('nni')}")
    strategy(Space(choices), SequentialExecutionEngine())


main()
