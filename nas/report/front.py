"""Stored rows → FrontView: what a picture or a table of a study shows, as plain values.

Pure data first, drawing second: the table, the picture, JSON and CSV all read the same view.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nas.pareto import Sense, knee, minimized
from nas.store.records import EvaluationRecord, ObjectiveRecord, StudyRecord


@dataclass(frozen=True, slots=True)
class Point:
    """One evaluated network.

    Args:
        number: Its place in the study.
        id: Architecture id.
        text: Architecture text.
        values: Objectives by name.
        choices: Choices by variable.
    """

    number: int
    id: str
    text: str
    values: Mapping[str, float]
    choices: Mapping[str, int | float | str]


@dataclass(frozen=True, slots=True)
class Reference:
    """A published network, costed by the same models; its accuracy is not on the study's scale."""

    name: str
    title: str
    costs: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class FrontView:
    """A study's front with what surrounds it.

    Args:
        study: Name of the study.
        space: Name of the space.
        device: Name of the device.
        objectives: In the study's order.
        front: Non-dominated networks, best first objective first.
        dominated: The other evaluated networks.
        limits: Most of each cost that was allowed.
        floors: Least of each objective that is better when larger.
        references: Published networks for comparison.
    """

    study: str
    space: str
    device: str
    objectives: tuple[ObjectiveRecord, ...]
    front: tuple[Point, ...]
    dominated: tuple[Point, ...]
    limits: Mapping[str, float]
    floors: Mapping[str, float]
    references: tuple[Reference, ...]

    def to_json(self) -> dict[str, Any]:
        """The front as JSON: objectives with their provenance, and every network on it."""
        return {
            "study": self.study,
            "space": self.space,
            "device": self.device,
            "limits": dict(self.limits),
            "floors": dict(self.floors),
            "objectives": [
                {
                    "name": o.name,
                    "sense": o.sense.value,
                    "unit": o.unit,
                    "provenance": o.provenance,
                }
                for o in self.objectives
            ],
            "front": [
                {
                    "id": point.id,
                    "architecture": point.text,
                    **{o.name: point.values[o.name] for o in self.objectives},
                    "choices": dict(point.choices),
                }
                for point in self.front
            ],
        }

    def pick(self, wanted: str) -> Point:
        """One network of the front: `knee`, `fastest`, `most-accurate`, a row from 1, or an id.

        With several latencies, the fastest is that by the first of them.

        Raises:
            KeyError: if it names none of them; the message says what it may be.
        """
        columns = {objective.name: objective for objective in self.objectives}
        table = [[point.values[name] for name in columns] for point in self.front]
        senses = [objective.sense for objective in self.objectives]
        if wanted == "knee" and self.front:
            return self.front[knee(table, senses)]
        for word, quantity in (("fastest", "latency_ms"), ("most-accurate", "accuracy")):
            names = [name for name in columns if name.partition("@")[0] == quantity]
            if wanted == word and names and self.front:
                best = int(np.argmin(minimized(table, senses)[:, list(columns).index(names[0])]))
                return self.front[best]
        rows = {str(index): point for index, point in enumerate(self.front, start=1)}
        if wanted in rows:
            return rows[wanted]
        if matches := [point for point in self.front if point.id == wanted]:
            return matches[0]
        raise KeyError(
            "must be knee, fastest (needs latency_ms), most-accurate (needs accuracy), a row "
            f"from 1 to {len(self.front)} or an id of the front"
        )


def front_view(
    study: StudyRecord,
    evaluations: Sequence[EvaluationRecord],
    front: Sequence[EvaluationRecord],
    *,
    references: Sequence[Reference] = (),
) -> FrontView:
    """The view of a study.

    Args:
        study: The study.
        evaluations: Its complete evaluations.
        front: Its stored front, in order.
        references: Published networks costed by the study's models.
    """
    on_front = {record.number for record in front}
    bounds = (study.spec.get("limits") or {}).items()
    limits, floors = (
        {
            key.removeprefix(bound): value
            for key, value in bounds
            if key.startswith(bound) and value
        }
        for bound in ("max_", "min_")
    )
    return FrontView(
        study.name,
        str(study.spec.get("space", "")),
        str(study.spec.get("device", "")),
        study.objectives,
        tuple(map(_point, front)),
        tuple(_point(record) for record in evaluations if record.number not in on_front),
        limits,
        floors,
        tuple(references),
    )


def _point(record: EvaluationRecord) -> Point:
    return Point(
        record.number,
        record.architecture_id,
        record.architecture_text,
        record.values,
        record.choices,
    )


def thinned(points: Sequence[Point], count: int) -> list[int]:
    """Indices of at most `count` points, evenly along the front, both ends included."""
    if len(points) <= count:
        return list(range(len(points)))
    return sorted({round(i) for i in np.linspace(0, len(points) - 1, count)})


def marked(points: Sequence[Point], names: Sequence[str], count: int) -> list[Point]:
    """At most `count` points in their order, spread along all, with the ends of objectives."""
    if len(points) <= count:
        return list(points)
    ends = set[int]()
    for name in names:
        values = [point.values[name] for point in points]
        ends |= {int(np.argmin(values)), int(np.argmax(values))}
    spread = thinned(points, count - len(ends))
    return [points[index] for index in sorted(ends.union(spread))]


def staircase(
    points: Sequence[Point], x: ObjectiveRecord, y: ObjectiveRecord
) -> list[tuple[float, float]]:
    """The front between two objectives alone: (x, y) of points that no other beats in both.

    The best in `x` comes first.
    """
    across, up = (-1 if one.sense is Sense.MAXIMIZE else 1 for one in (x, y))
    best, kept = np.inf, []
    for point in sorted(points, key=lambda p: (across * p.values[x.name], up * p.values[y.name])):
        if up * point.values[y.name] < best:
            best = up * point.values[y.name]
            kept.append((point.values[x.name], point.values[y.name]))
    return kept
