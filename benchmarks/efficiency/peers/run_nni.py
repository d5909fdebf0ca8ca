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
from talk import Talk, serve


class Metric:
    """The one number that NNI selects by."""

    def __init__(self, talk: Talk) -> None:
        self._talk, self._random = talk, np.random.default_rng(talk.setting["seed"])

    def of(self, code: list[int]) -> float:
        """Ask what a network is worth."""
        values = self._talk.values([code])[0]
        if self._talk.setting["weights"] == "equal":
            return -sum(values)
        weights = self._random.dirichlet(np.ones(len(values)))
        return -float(np.max(weights * np.array(values)))


class Space(ExecutableModelSpace):
    """The choices, or one network of them once a sample is fixed."""

    def __init__(self, choices: MutableDict, metric: Metric, sample: Sample | None = None) -> None:
        super().__init__(ModelStatus.Initialized if sample is None else ModelStatus.Frozen)
        self.choices, self.metric_of, self.sample = choices, metric, sample
        self.evaluator = None

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
        return Space(self.choices, self.metric_of, dict(sample))

    def execute(self) -> None:
        """Ask what the network is worth and report it."""
        assert self.sample is not None, "only a network is executed"
        code = [int(self.sample[label]) for label in self.choices.simplify()]
        nni.report_final_result(self.metric_of.of(code))


def search(talk: Talk) -> None:
    """One run."""
    counts = talk.setting["counts"]
    choices = MutableDict(
        {
            f"choice{index}": Categorical(list(range(count)), label=f"choice{index}")
            for index, count in enumerate(counts)
        }
    )
    strategy = RegularizedEvolution(
        population_size=talk.setting["population"],
        sample_size=talk.setting["tournament"],
        mutation_prob=1 / len(counts),
        seed=talk.setting["seed"],
    )
    strategy(Space(choices, Metric(talk)), SequentialExecutionEngine())


serve(search, f"nni {version('nni')}")
