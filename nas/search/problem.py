"""StudySpec → Problem: the space, the known costs, the evaluators and the limits, put together.

Costs of any candidate are known before it is evaluated, so limits are checked before anything is
spent, and a study that nothing can satisfy is refused with what the nearest network needs.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas.accuracy.evaluator import Evaluator
from nas.accuracy.predictor import find_predictor, predictor_domain
from nas.cost.artefact import StoredModel, find_model
from nas.cost.model import Origin
from nas.cost.population import PopulationScorer
from nas.errors import InfeasibleError, InputError
from nas.search.objectives import OBJECTIVES
from nas.search.study import StudySpec
from nas.space.catalog import find_space
from nas.space.space import Codes, SearchSpace
from nas.store.records import ObjectiveRecord

Columns = dict[str, NDArray[np.float64]]
_PROBES = 20_000
_DESCENTS = 4


@dataclass(frozen=True)
class Problem:
    """Everything that a study's loop asks about candidates.

    Args:
        spec: What was asked for.
        space: Where candidates come from.
        device_model: The cost model and its evidence.
        scorer: Costs of encoded candidates.
        evaluators: What says the objectives that are not costs, by objective.
        fixed: Choices of the named space that the evaluators leave only one value of.
    """

    spec: StudySpec
    space: SearchSpace
    device_model: StoredModel
    scorer: PopulationScorer
    evaluators: Mapping[str, Evaluator]
    fixed: Mapping[str, int]

    @property
    def limits(self) -> dict[str, float]:
        """Most of each cost that is allowed."""
        return self.spec.limits.by_objective()

    def costs(self, codes: Codes) -> Columns:
        """Every known cost that is an objective or limited; arrays of shape (count,)."""
        scored = self.scorer.score(codes)
        wanted = {name for name in self.spec.objectives if not OBJECTIVES[name].evaluated}
        return {name: getattr(scored, name) for name in sorted(wanted | set(self.limits))}

    def excess(self, costs: Mapping[str, NDArray[np.float64]]) -> Columns:
        """Each limited cost over its limit, minus 1: above 0 where the limit is broken."""
        return {name: costs[name] / limit - 1 for name, limit in self.limits.items()}

    def evaluate(self, codes: Codes) -> Columns:
        """The objectives that are not costs; arrays of shape (count,)."""
        return {name: ev.evaluate(codes).mean for name, ev in self.evaluators.items()}

    def stored_spec(self) -> dict[str, Any]:
        """The study as the store keeps it, with a fingerprint of the space that it means."""
        space = self.space.declaration.model_dump_json().encode()
        fingerprint = hashlib.sha256(space).hexdigest()
        return {**self.spec.model_dump(mode="json"), "space_sha256": fingerprint}

    def objective_records(self) -> list[ObjectiveRecord]:
        """The objectives with the evidence behind them, as the store keeps them."""
        return [
            ObjectiveRecord(
                name, OBJECTIVES[name].sense, OBJECTIVES[name].unit, self._provenance(name)
            )
            for name in self.spec.objectives
        ]

    def _provenance(self, name: str) -> Mapping[str, object]:
        if name in self.evaluators:
            return self.evaluators[name].provenance
        if name not in ("latency_ms", "energy_mj"):
            return {"kind": "computed", "from": "the lowered network, exactly"}
        stored, energy = self.device_model, name == "energy_mj"
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

    def check_feasible(self) -> None:
        """Look for one network within all limits.

        Raises:
            InfeasibleError: with what the nearest network found needs.
        """
        if not self.limits:
            return
        code, worst = self.nearest_to_limits
        if worst <= 0:
            return
        costs = self.costs(code[None])
        lines = [
            f"`max_{name}` must be at least {_rounded_up(costs[name][0])}; got {limit:.10g}"
            for name, limit in self.limits.items()
            if costs[name][0] > limit
        ]
        raise InfeasibleError(
            f"no network of {self.space.name} was found within the limits on "
            f"{self.spec.device}; the nearest needs: {'; '.join(lines)}"
        )

    @cached_property
    def nearest_to_limits(self) -> tuple[Codes, float]:
        """The code with the least worst excess: best of many samples, then steepest descent."""

        def worst(codes: Codes) -> NDArray[np.float64]:
            excess = self.excess(self.costs(codes))
            largest: NDArray[np.float64] = np.max(list(excess.values()), axis=0)
            return largest

        samples = self.space.sample(_PROBES, seed=self.spec.seed)
        starts = samples[np.argsort(worst(samples), kind="stable")[:_DESCENTS]]
        found = []
        for code in starts:
            value = float(worst(code[None])[0])
            while value > 0:
                neighbours = self.space.neighbours(code)
                values = worst(neighbours)
                if values.min(initial=value) >= value:
                    break
                code, value = neighbours[values.argmin()], float(values.min())
            found.append((value, code))
        value, code = min(found, key=lambda pair: pair[0])
        return code, value


def make_problem(spec: StudySpec) -> Problem:
    """Find everything that a study names.

    Raises:
        UnknownNameError: for an unknown space or device.
        InputError: if an objective or a limit has nothing that says it.
    """
    whole = find_space(spec.space)
    fixed = _fixed_by_predictors(whole, spec)
    space = whole.at_resolution(fixed["resolution"]) if fixed else whole
    stored = find_model(spec.device)
    if stored.model.energy is None and (
        "energy_mj" in spec.objectives or "energy_mj" in spec.limits.by_objective()
    ):
        raise InputError(
            f"`energy_mj` needs an energy model; {stored.model.key} has none: nobody measured its "
            "energy; leave energy out, or choose a device that `nas devices` shows with energy"
        )
    evaluators: dict[str, Evaluator] = {
        name: find_predictor(space, name) for name in spec.objectives if OBJECTIVES[name].evaluated
    }
    return Problem(spec, space, stored, PopulationScorer(space, stored.model), evaluators, fixed)


def _rounded_up(value: float) -> str:
    """Four significant digits that are enough: the value or slightly more."""
    step = 10.0 ** (math.floor(math.log10(value)) - 3)
    return f"{math.ceil(value / step) * step:.10g}"


def _fixed_by_predictors(space: SearchSpace, spec: StudySpec) -> dict[str, int]:
    """The choices of which the study's predictors know one value alone: the resolution, if any."""
    for name in spec.objectives:
        if OBJECTIVES[name].evaluated and len(space.declaration.input.resolution) > 1:
            domain = predictor_domain(space.name, name)
            if "resolution" in domain:
                return {"resolution": domain["resolution"]}
    return {}
