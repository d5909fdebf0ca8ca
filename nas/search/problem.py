"""StudySpec → Problem: the space, the known costs, the evaluator and the limits, put together.

Everything but accuracy is known of any candidate before it is evaluated, on every device that the
study names, so limits are checked before anything is spent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas.accuracy.evaluator import Evaluator
from nas.accuracy.external import ExternalEvaluator
from nas.accuracy.judges import TRAINED
from nas.accuracy.named import AccuracySource, find_evaluator
from nas.accuracy.on_pictures import read_own
from nas.accuracy.predictor import find_predictor, predictor_domain
from nas.cost.artefact import StoredModel
from nas.cost.catalog import find_model
from nas.cost.law import Origin
from nas.cost.population import PopulationScorer
from nas.errors import InputError
from nas.images.reading import OnProgress
from nas.search.objectives import Objective, find_objective
from nas.search.study import MOST_EVALUATIONS, Mode, StudySpec
from nas.space.catalog import find_space
from nas.space.space import Codes, SearchSpace
from nas.store.records import ObjectiveRecord

Columns = dict[str, NDArray[np.float64]]

# An evaluator that takes longer for one network cannot score a million of them while one waits.
NEARLY_FREE_S = 1e-4
_EVALUATIONS: Mapping[Mode, int] = {"direct": 1_000_000, "surrogate": 200}


@dataclass(frozen=True)
class Problem:
    """Everything that a search asks about candidates; codes are canonical, (count, variables).

    Args:
        spec: What was asked for.
        space: Where candidates come from.
        models: The cost models and their evidence, by device.
        scorers: Costs of encoded candidates, by device.
        training: What says the training time, where it is asked for.
        evaluator: What says accuracy; None where it is no objective.
        fixed: Choices of the named space that the predictors leave only one value of.
        told: Lines for a person about the pictures that were read, and what was left out.
    """

    spec: StudySpec
    space: SearchSpace
    models: Mapping[str, StoredModel]
    scorers: Mapping[str, PopulationScorer]
    training: Evaluator | None
    evaluator: AccuracySource | None
    fixed: Mapping[str, int]
    told: Sequence[str] = ()

    @cached_property
    def objectives(self) -> tuple[Objective, ...]:
        """What the study aims for, in its order."""
        return tuple(map(find_objective, self.spec.objectives))

    @property
    def modelled(self) -> str | None:
        """The one objective that is not known before evaluation, if the study has it."""
        return next((one.name for one in self.objectives if not one.known), None)

    @cached_property
    def limits(self) -> dict[str, float]:
        """Most of each known objective that is allowed."""
        return self.spec.limits.by_objective()

    @property
    def floor(self) -> float | None:
        """The least of the modelled objective that a network on the front must have."""
        return self.spec.limits.min_accuracy

    @property
    def mode(self) -> Mode:
        """How to search: as asked, or by what an evaluation is declared to cost."""
        if self.spec.search != "auto":
            return self.spec.search
        free = self.evaluator is None or self.evaluator.cost_s <= NEARLY_FREE_S
        return "direct" if free else "surrogate"

    @property
    def evaluations(self) -> int:
        """How many networks may be evaluated."""
        if self.spec.evaluations is None and self.spec.minutes is not None:
            return MOST_EVALUATIONS
        return self.spec.evaluations or _EVALUATIONS[self.mode]

    @property
    def limit_s(self) -> float | None:
        """How long a process may search for it; None for any time."""
        return None if self.spec.minutes is None else self.spec.minutes * 60

    @cached_property
    def _known(self) -> tuple[Objective, ...]:
        return _known_objectives(self.spec)

    def known(self, codes: Codes) -> Columns:
        """Every known objective and every limited cost, in a fixed order; arrays of (count,)."""
        devices = {self._device(one) for one in self._known if one.quantity != "train_time_s"}
        scored = {device: self.scorers[device].score(codes) for device in sorted(devices)}
        columns: Columns = {}
        for one in self._known:
            if one.quantity == "train_time_s":
                assert self.training is not None, "a limited or wanted quantity has its source"
                columns[one.name] = self.training.evaluate(codes).mean
            else:
                columns[one.name] = getattr(scored[self._device(one)], one.quantity)
        return columns

    def _device(self, objective: Objective) -> str:
        return objective.device or self.spec.device

    def excess(self, columns: Mapping[str, NDArray[np.float64]]) -> Columns:
        """Each limited cost over its limit, minus 1: above 0 where the limit is broken."""
        return {name: columns[name] / limit - 1 for name, limit in self.limits.items()}

    def fits(self, codes: Codes) -> NDArray[np.bool_]:
        """Which candidates are within every limit on known objectives; shape (count,)."""
        return self.within(self.known(codes), len(codes))

    def within(self, columns: Mapping[str, NDArray[np.float64]], count: int) -> NDArray[np.bool_]:
        """The same where the known objectives of the candidates are at hand."""
        fits = np.ones(count, dtype=bool)
        for over in self.excess(columns).values():
            fits &= over <= 0
        return fits

    def evaluate(self, codes: Codes) -> Columns:
        """The modelled objective, where there is one; arrays of shape (count,)."""
        if self.modelled is None or self.evaluator is None:
            return {}
        assert not isinstance(self.evaluator, ExternalEvaluator), "it takes networks, not codes"
        return {self.modelled: self.evaluator.evaluate(codes).mean}

    def stored_spec(self) -> dict[str, Any]:
        """The study as the store keeps it, with a fingerprint of the space that it means."""
        return {**self.spec.stored(), "space_sha256": space_fingerprint(self.space)}

    def objective_records(self) -> list[ObjectiveRecord]:
        """The objectives with the evidence behind them, as the store keeps them."""
        return [
            ObjectiveRecord(one.name, one.sense, one.unit, self._provenance(one))
            for one in self.objectives
        ]

    def _provenance(self, objective: Objective) -> Mapping[str, Any]:
        source = self.training if objective.known else self.evaluator
        if objective.quantity == "train_time_s" or not objective.known:
            assert source is not None, "a wanted quantity has its source"
            return source.provenance
        if objective.quantity in ("latency_ms", "energy_mj"):
            stored = self.models[self._device(objective)]
            return _predicted(stored, energy=objective.quantity == "energy_mj")
        return {"kind": "computed", "from": "the lowered network, exactly"}


def space_fingerprint(space: SearchSpace) -> str:
    """A hash of what a space means: spaces of equal fingerprints have equal codes."""
    return hashlib.sha256(space.declaration.model_dump_json().encode()).hexdigest()


def _known_objectives(spec: StudySpec) -> tuple[Objective, ...]:
    names = dict.fromkeys((*spec.objectives, *sorted(spec.limits.by_objective())))
    return tuple(one for one in map(find_objective, names) if one.known)


def _predicted(stored: StoredModel, *, energy: bool) -> Mapping[str, Any]:
    """The evidence behind a device's latency or energy."""
    law = stored.model.energy if energy else stored.model.latency
    error = stored.evidence.energy_error if energy else stored.evidence.latency_error
    assert law is not None and error is not None, "a problem never has an unknown cost"
    return {
        "kind": "modelled" if law.origin is Origin.MODELLED else "predicted",
        "origin": law.origin.value,
        "model": str(stored.model.key),
        "source": stored.evidence.source,
        "licence": stored.evidence.licence,
        "samples": error.samples,
        "held_out_median_error": error.median,
        "log_sha256": stored.evidence.log_sha256,
        "date": stored.evidence.date,
    }


def _unseen(doing: str, done: int, total: int) -> None:
    """Nobody watches pictures being read."""


def make_problem(
    spec: StudySpec,
    *,
    evaluator: AccuracySource | None = None,
    on_pictures_read: OnProgress = _unseen,
) -> Problem:
    """Find everything that a study names.

    Args:
        spec: What is asked for.
        evaluator: What says accuracy; without it, the one that the study names, or else the
            shipped predictor of the space.
        on_pictures_read: Told how far the reading of pictures is.

    Raises:
        UnknownNameError: for an unknown space or device.
        PicturesError: if the pictures that it names cannot be used.
        InputError: if an objective or a limit has nothing that says it.
        EvaluatorError: if the evaluator that the study names cannot be made.
    """
    known = _known_objectives(spec)
    trained = any(one.quantity == "train_time_s" for one in known)
    judged = any(not find_objective(name).known for name in spec.objectives)
    given = evaluator or spec.evaluator or spec.data
    predicted = ["accuracy"] * (judged and not given) + ["train_time_s"] * trained
    whole, told = find_space(spec.space), list[str]()
    if spec.data is not None and evaluator is None:
        evaluator, whole, told = _by_pictures(spec, spec.data, whole, on_pictures_read)
    fixed = _fixed_by_predictors(whole, predicted)
    space = whole.at_resolution(fixed["resolution"]) if fixed else whole
    devices = dict.fromkeys((spec.device, *(one.device for one in known if one.device)))
    models = {device: find_model(device) for device in devices}
    for one in known:
        _check_energy(one, models[one.device or spec.device])
    training = find_predictor(space, "train_time_s") if trained else None
    if judged and evaluator is None:
        evaluator = find_evaluator(spec.evaluator, space)
    scorers = {device: PopulationScorer(space, stored.model) for device, stored in models.items()}
    judge = evaluator if judged else None
    return Problem(spec, space, models, scorers, training, judge, fixed, told)


def _by_pictures(
    spec: StudySpec, data: str, space: SearchSpace, on_progress: OnProgress
) -> tuple[AccuracySource, SearchSpace, list[str]]:
    """What judges networks by pictures, the space that suits them, and what was read."""
    own = read_own(data, space, seed=spec.seed, on_progress=on_progress)
    judge = spec.evaluator or TRAINED[0]
    made = own.judged_by(
        judge,
        epochs=spec.epochs,
        efficient=spec.efficient,
        trainings=spec.trainings,
        fidelity=spec.fidelity,
    )
    return made, own.space, own.pictures.summary()


def _check_energy(objective: Objective, stored: StoredModel) -> None:
    if objective.quantity == "energy_mj" and stored.model.energy is None:
        raise InputError(
            f"`{objective.name}` needs an energy model; {stored.model.key} has none: nobody "
            "measured its energy; leave energy out, or choose a device that `nas devices` shows "
            "with energy"
        )


def _fixed_by_predictors(space: SearchSpace, predicted: Iterable[str]) -> dict[str, int]:
    """The choices of which the predictors know one value alone: the resolution, if any."""
    for name in predicted:
        if len(space.declaration.input.resolution) > 1:
            domain = predictor_domain(space.name, name)
            if "resolution" in domain:
                return {"resolution": domain["resolution"]}
    return {}
