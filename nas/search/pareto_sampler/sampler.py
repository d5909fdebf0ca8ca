"""An Optuna study with cheap, known objectives → the next trial of the most expected gain."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState
from threadpoolctl import ThreadpoolController

from nas.errors import ExhaustedError, InputError
from nas.search.pareto_sampler.coding import Codes, Coding, KnownOfMany, ParameterCoding
from nas.search.pareto_sampler.engine import Engine

_FINISHED = (TrialState.COMPLETE, TrialState.FAIL, TrialState.PRUNED)


@dataclass(frozen=True, slots=True)
class Past:
    """A candidate that was evaluated before the study.

    Args:
        code: Of it.
        value: Of the modelled objective; NaN if it failed or was stopped.
        stopped: Whether it was stopped early, which says nothing against it.
    """

    code: Codes
    value: float
    stopped: bool = False


class ParetoSampler(BaseSampler):
    """Proposes what is expected to grow the hypervolume most, costs being known beforehand.

    For studies in which one objective is dear to evaluate (accuracy) and all others are known of
    any parameter set before it is evaluated (latency, energy, memory). The one is modelled by a
    Gaussian process; the others are computed, for many candidates at every proposal. Limits are
    never broken, no parameter set is proposed twice, trials under way are taken into account.

    It may be used in any Optuna study; it keeps no state of its own beyond caches, so that a study
    in a storage may be continued by another process.

    Args:
        space: The finite distributions of all parameters, as the objective suggests them.
        known: Gives the known objectives, by name, of one parameter set.
        positions: For each known objective its index in the study's directions. Exactly one
            direction is left for the modelled objective.
        limits: Most of anything that `known` gives, whether an objective or not. Where more is
            better, let `known` give the negative under another name.
        floor: The worst value of the modelled objective that is of any use, if there is one.
        known_of_many: As `known`, for a list of parameter sets, giving an array for each name.
            Pools of candidates are thousands: give it if you can.
        seed: Of everything random. Told the same in the same order, it proposes the same.

    Raises:
        InputError: if a distribution is not finite, or positions are not distinct indices.

    Example:
        >>> import optuna
        >>> space = {"width": optuna.distributions.IntDistribution(8, 64, step=8)}
        >>> known = lambda parameters: {"macs": parameters["width"] ** 2}
        >>> sampler = ParetoSampler(space, known, positions={"macs": 1})
        >>> study = optuna.create_study(directions=["maximize", "minimize"], sampler=sampler)
        >>> trial = study.ask(space)
    """

    def __init__(
        self,
        space: Mapping[str, BaseDistribution],
        known: Callable[[Mapping[str, Any]], Mapping[str, float]] | None = None,
        *,
        positions: Mapping[str, int],
        limits: Mapping[str, float] | None = None,
        floor: float | None = None,
        known_of_many: KnownOfMany | None = None,
        seed: int | None = None,
    ) -> None:
        ordered = sorted(positions, key=lambda name: positions[name])
        places = [positions[name] for name in ordered]
        if len(set(places)) < len(places) or any(place < 0 for place in places):
            raise InputError(
                f"`positions` must be distinct indices of the study's directions; got {positions}"
            )
        coding = ParameterCoding(
            space, _many(known, known_of_many), objectives=ordered, limits=limits or {}
        )
        self._history: tuple[Past, ...] = ()
        self._set_up(coding, dict(space), tuple(places), floor, seed)

    @classmethod
    def of_coding(
        cls,
        coding: Coding,
        space: Mapping[str, BaseDistribution],
        positions: Sequence[int],
        *,
        floor: float | None,
        seed: int,
        history: Sequence[Past] = (),
    ) -> ParetoSampler:
        """A sampler over a space that has a coding of its own.

        Args:
            coding: Codes, costs and limits of candidates.
            space: The distributions of its parameters.
            positions: Index in the study's directions of each known objective of the coding.
            floor: The worst useful value of the modelled objective, if there is one.
            seed: Of everything random.
            history: What is known beside the trials of the study; none of it is proposed.
        """
        sampler = cls.__new__(cls)
        sampler._history = tuple(history)
        sampler._set_up(coding, dict(space), tuple(positions), floor, seed)
        return sampler

    def _set_up(
        self,
        coding: Coding,
        space: dict[str, BaseDistribution],
        positions: tuple[int, ...],
        floor: float | None,
        seed: int | None,
    ) -> None:
        self._coding, self._space, self._positions, self._floor = coding, space, positions, floor
        self._seed = int(np.random.default_rng().integers(2**32)) if seed is None else seed
        self._elsewhere = RandomSampler(self._seed)
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._study_name = ""
        self._settled: set[int] = set()
        self._hints: list[tuple[str, Codes, float]] = []
        self._hinted = 0

    def hint(self, source: str, parameters: Mapping[str, Any], value: float) -> None:
        """Tell of a value of the modelled objective that is on another scale than the study's.

        Such as the accuracy after a tenth of the training, or one from another study. It is not
        taken for an evaluation: it is related to the study's own values by the parameter sets that
        are known on both scales, and counts for as much as that relation holds.

        Args:
            source: Names the scale; all values of one source are on one scale.
            parameters: A parameter set of the space.
            value: As the modelled objective is: more is better if it is maximised.

        Raises:
            InputError: if the parameters are not of the space, or the value is not finite.
        """
        code = self._coding.encode(parameters)
        if code is None or not np.isfinite(value):
            raise InputError(
                "a hint must be a finite value of a parameter set of the space; "
                f"got {value} of {dict(parameters)}"
            )
        with self._lock:
            self._hints.append((source, code, float(value)))

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """All parameters are chosen together."""
        return dict(self._space)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """The parameters of the most promising candidate.

        Raises:
            InputError: if the study's directions do not match.
            ExhaustedError: if nothing new fits the limits.
        """
        with self._lock, _one_thread():
            engine = self._ready(study)
            self._read(study, engine, trial.number)
            code = engine.propose(trial.number)
        if code is None:
            raise ExhaustedError(
                "every parameter set within the limits must be proposed once only; all of them "
                "have been; end the study, or widen `limits`"
            )
        return self._coding.decode(code)

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Whatever is not in the space is drawn at random."""
        return self._elsewhere.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self,
        study: Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """Ends an optimisation when every candidate has been proposed."""
        with self._lock:
            engine = self._ready(study)
            exhausted = engine.exhausted
        if exhausted:
            with suppress(RuntimeError):  # Optuna's answer where nothing is being optimised.
                study.stop()

    def reseed_rng(self) -> None:
        """What is proposed is shared by the threads of a process; only the rest is drawn anew."""
        self._elsewhere.reseed_rng()

    def _ready(self, study: Study) -> Engine:
        if self._engine is not None and study.study_name == self._study_name:
            return self._engine
        senses = tuple(study.directions)
        left = set(range(len(senses))) - set(self._positions)
        if len(left) != 1 or len(senses) != len(self._positions) + 1:
            raise InputError(
                "`positions` must leave exactly one of the study's directions for the modelled "
                f"objective; got positions {list(self._positions)} of {len(senses)} directions"
            )
        self._modelled, self._study_name = left.pop(), study.study_name
        signs = np.array([_sign(senses[place]) for place in self._positions], dtype=np.float64)
        turn = _sign(senses[self._modelled])
        floor = None if self._floor is None else turn * self._floor
        self._turn, self._settled, self._hinted = turn, set(), 0
        self._engine = engine = Engine(self._coding, signs, floor=floor, seed=self._seed)
        for index, past in enumerate(self._history):
            before = -1 - index  # Trials are numbered from 0.
            if past.stopped:
                engine.give_up(before, past.code)
            else:
                engine.tell(before, past.code, turn * past.value)
        return engine

    def _read(self, study: Study, engine: Engine, own: int) -> None:
        """Tell the engine what became of trials since it was last asked."""
        for source, code, value in self._hints[self._hinted :]:
            engine.hint(source, code, self._turn * value)
        self._hinted = len(self._hints)
        for trial in study.get_trials(deepcopy=False):
            if trial.number in self._settled or trial.number == own:
                continue
            found = self._coding.encode(trial.params)
            if trial.state in _FINISHED:
                self._settled.add(trial.number)
            if found is None:
                continue
            if trial.state is TrialState.COMPLETE:
                engine.tell(trial.number, found, self._turn * trial.values[self._modelled])
            elif trial.state is TrialState.FAIL:
                engine.tell(trial.number, found, np.nan)
            elif trial.state is TrialState.PRUNED:
                engine.give_up(trial.number, found)
            else:
                engine.expect(trial.number, found)


@cache
def _thread_pools() -> ThreadpoolController:
    return ThreadpoolController()


def _one_thread() -> AbstractContextManager[Any]:
    """Its matrices are small: threads would spend their time waiting for each other."""
    limited: AbstractContextManager[Any] = _thread_pools().limit(limits=1, user_api="blas")
    return limited


def _sign(direction: StudyDirection) -> int:
    return -1 if direction is StudyDirection.MAXIMIZE else 1


def _many(
    known: Callable[[Mapping[str, Any]], Mapping[str, float]] | None,
    known_of_many: KnownOfMany | None,
) -> KnownOfMany:
    if known_of_many is not None:
        return known_of_many
    if known is None:
        return lambda sets: {}

    def each(sets: Sequence[Mapping[str, Any]]) -> Mapping[str, ArrayLike]:
        rows = [known(one) for one in sets]
        return {name: [row[name] for row in rows] for name in (rows[0] if rows else {})}

    return each
