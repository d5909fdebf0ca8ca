"""A space, devices and limits → what they leave, fast enough for a slider that is being moved.

The networks that are drawn of a space, and what they cost, do not depend on the limits: they are
kept for the questions asked last.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

from nas.cost.catalog import find_model
from nas.search.feasibility import Drawn, Feasibility, all_free, draw, feasibility, without_dear
from nas.search.problem import Problem, make_problem, space_fingerprint
from nas.search.study import StudySpec
from nas.service.allowed import allowed
from nas.service.settings import Settings
from nas.service.specs import asked_spec
from nas.space.catalog import find_space

_KEPT = 8  # Each takes some 15 MB where networks were drawn.

_Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a space offers on devices within limits.

    Args:
        problem: What was asked.
        found: What is feasible.
        left_out: Limits that nothing can say anything about before a network is evaluated.
    """

    problem: Problem
    found: Feasibility
    left_out: tuple[str, ...]


@final
class Offers:
    """Answers to what is feasible; any thread may ask.

    Args:
        settings: Which files a question may name.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._kept: OrderedDict[_Key, _Once] = OrderedDict()
        self._lock = threading.Lock()

    def ask(self, space: str, devices: Sequence[str], limits: Mapping[str, float]) -> Answer:
        """What a space offers on some devices, and what limits leave of it.

        Args:
            space: A shipped space, or a file under a root of the server.
            devices: At least one; objectives without `@device` are of the first.
            limits: As in a study file: `max_latency_ms`, `min_accuracy`.

        Raises:
            DeclarationError: if a limit is none.
            InputError: if the space or a device is unknown, or nothing says a limited quantity.
        """
        spec = self._spec(space, devices, limits)
        kept = without_dear(spec)
        left_out = tuple(spec.limits.given().keys() - kept.limits.given().keys())
        problem, drawn = self._once(kept).drawn(kept)
        asked = replace(problem, spec=kept)
        return Answer(asked, feasibility(asked, drawn), left_out)

    def problem(self, space: str, devices: Sequence[str]) -> Problem:
        """A space and devices with every objective that is known for nothing.

        Raises:
            InputError: if the space or a device is unknown.
        """
        spec = without_dear(self._spec(space, devices, {}))
        return self._once(spec).problem(spec)

    def _spec(self, space: str, devices: Sequence[str], limits: Mapping[str, float]) -> StudySpec:
        """The question as a study that aims for everything that is known for nothing."""
        document = {"space": space, "device": devices[0], "limits": dict(limits)}
        spec = allowed(asked_spec({"name": "feasible", **document}), self._settings)
        limited = spec.limits.by_objective()
        named = (name.partition("@")[2] for name in limited)
        every = list(dict.fromkeys((*devices, *filter(None, named))))
        free = dict.fromkeys((*all_free(spec.space, every), *limited))
        if "min_accuracy" in spec.limits.given():
            free = dict.fromkeys(("accuracy", *free))
        return spec.model_copy(update={"objectives": tuple(free)})

    def _once(self, spec: StudySpec) -> _Once:
        """The place of what is made for a question, whatever its limits are."""
        named = (name.partition("@")[2] or spec.device for name in spec.objectives)
        files = [find_model(device).file for device in sorted(set(named))]
        key = (
            space_fingerprint(find_space(spec.space)),
            spec.objectives,
            spec.device,
            tuple((str(file), file.stat().st_mtime_ns) for file in files),
        )
        with self._lock:
            once = self._kept.pop(key, None) or _Once()
            self._kept[key] = once
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return once


class _Once:
    """What is made for a question, once by whoever asks first."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._problem: Problem | None = None
        self._drawn: Drawn | None = None

    def problem(self, spec: StudySpec) -> Problem:
        with self._lock:
            if self._problem is None:
                self._problem = make_problem(spec)
            return self._problem

    def drawn(self, spec: StudySpec) -> tuple[Problem, Drawn]:
        with self._lock:
            problem = self.problem(spec)
            if self._drawn is None:
                self._drawn = draw(problem)
            return problem, self._drawn
