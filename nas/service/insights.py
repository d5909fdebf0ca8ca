"""A stored study → what its models say beyond its rows: intervals, and which choices matter."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TypeVar, final

import numpy as np

from nas.accuracy.predictor import Predictor
from nas.cost.catalog import find_model
from nas.errors import NasError
from nas.graph.lower import lower
from nas.report.front import FrontView, Point, thinned
from nas.report.importance import Columns, ImportanceView, accuracy_process, importances
from nas.report.panel import Interval, extremes
from nas.search.feasibility import free_columns
from nas.search.problem import Problem
from nas.service.offers import Offers
from nas.service.views import Views
from nas.space.architecture import parse
from nas.space.space import Codes
from nas.store import Store, StudyRecord

MOST_INTERVALS = 300
"""Networks of a front whose intervals are told, evenly along it: each takes a millisecond."""
LEAST_EVALUATED = 20
"""Evaluations from which on a process is fitted to accuracies."""

_KEPT = 8
_T = TypeVar("_T")


@final
class Insights:
    """What the models of a study say; any thread may ask.

    Args:
        store: Where the studies are.
        views: Their fronts.
        offers: Spaces with the costs of their networks.
    """

    def __init__(self, store: Store, views: Views, offers: Offers) -> None:
        self._store, self._views, self._offers = store, views, offers
        self._kept: OrderedDict[tuple[object, ...], object] = OrderedDict()
        self._lock = threading.Lock()

    def intervals(self, name: str) -> dict[str, dict[str, Interval]]:
        """Where numbers of the front lie nine times in ten, by objective and by id.

        Raises:
            UnknownNameError: with the studies there are.
        """
        study, view = self._store.study(name), self._views.front(name)
        key = ("intervals", study.id, study.created_at, tuple(point.id for point in view.front))
        return self._once(key, lambda: self._intervals(study, view))

    def importance(self, name: str) -> tuple[ImportanceView, ...]:
        """Which choices decide the objectives; empty while too little was evaluated.

        Raises:
            UnknownNameError: with the studies there are.
            InputError: if the space or a device of the study is not there any more.
        """
        study, view = self._store.study(name), self._views.front(name)
        evaluated = len(view.front) + len(view.dominated)
        # Evaluations that are paid for tell more with every tenth part more of them.
        step = int(np.log(max(1, evaluated)) / np.log(1.1)) if _paid(study) else 0
        key = ("importance", study.id, study.created_at, step)
        return self._once(key, lambda: self._importance(study, view))

    def frame(self, name: str) -> dict[str, Interval]:
        """The least and the most of each objective among all that was evaluated.

        Raises:
            UnknownNameError: with the studies there are.
        """
        study, view = self._store.study(name), self._views.front(name)
        key = ("frame", study.id, study.created_at, len(view.front) + len(view.dominated))
        names = [objective.name for objective in study.objectives]
        return self._once(key, lambda: {one: extremes(view, one) for one in names})

    def _once(self, key: tuple[object, ...], make: Callable[[], _T]) -> _T:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]  # type: ignore[return-value]
        made = make()
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return made

    def _problem(self, study: StudyRecord) -> Problem:
        named = (objective.name.partition("@")[2] for objective in study.objectives)
        devices = dict.fromkeys((str(study.spec["device"]), *filter(None, named)))
        return self._offers.problem(str(study.spec["space"]), list(devices))

    def _intervals(self, study: StudyRecord, view: FrontView) -> dict[str, dict[str, Interval]]:
        points = [view.front[index] for index in thinned(view.front, MOST_INTERVALS)]
        found: dict[str, dict[str, Interval]] = {}
        for objective in study.objectives:
            quantity, _, device = objective.name.partition("@")
            if quantity in ("latency_ms", "energy_mj"):
                place = device or str(study.spec["device"])
                found[objective.name] = _cost_intervals(points, objective.name, place)
        if "accuracy" in {o.name for o in study.objectives} and not _paid(study):
            found["accuracy"] = self._accuracy_intervals(study, points)
        return {name: known for name, known in found.items() if known}

    def _accuracy_intervals(
        self, study: StudyRecord, points: Sequence[Point]
    ) -> dict[str, Interval]:
        try:
            problem = self._problem(study)
        except NasError:
            return {}
        if not isinstance(problem.evaluator, Predictor) or not points:
            return {}
        codes = np.stack([problem.space.encode(point.choices) for point in points])
        told = problem.evaluator.evaluate(codes)
        ends = zip(points, told.low.tolist(), told.high.tolist(), strict=True)
        return {point.id: (low, high) for point, low, high in ends}

    def _importance(self, study: StudyRecord, view: FrontView) -> tuple[ImportanceView, ...]:
        problem = self._problem(study)
        names = [objective.name for objective in study.objectives]
        sources = {name: "the models of the study" for name in names if name in _free(problem)}
        asked: list[Callable[[Codes], Columns]] = [lambda codes: free_columns(problem, codes)]
        if _paid(study) and "accuracy" in names:
            points = sorted((*view.front, *view.dominated), key=lambda point: point.number)
            sources.pop("accuracy", None)
            if len(points) < LEAST_EVALUATED:
                return ()
            process = accuracy_process(problem.space, points)
            asked.append(process)
            sources = {
                "accuracy": "the search's Gaussian process, fitted to what was evaluated",
                **sources,
            }

        def columns_of(codes: Codes) -> Columns:
            return {name: column for one in asked for name, column in one(codes).items()}

        found = importances(problem.space, columns_of, sources)
        return tuple(sorted(found, key=lambda one: names.index(one.objective)))


def _paid(study: StudyRecord) -> bool:
    """Whether accuracy came from evaluations rather than from a shipped predictor."""
    return study.spec.get("evaluator") is not None


def _free(problem: Problem) -> set[str]:
    return {one.name for one in problem.objectives}


def _cost_intervals(points: Sequence[Point], objective: str, device: str) -> dict[str, Interval]:
    try:
        model = find_model(device).model
        law = model.latency if objective.startswith("latency_ms") else model.energy
    except NasError:  # The model went.
        return {}
    if law is None or not points:
        return {}
    networks = [lower(parse(point.text)) for point in points]
    costs = [point.values[objective] for point in points]
    return dict(zip((p.id for p in points), law.intervals(networks, costs), strict=True))
