"""FrontView + two of its objectives → one panel of a figure: networks, limits, references.

Dominated networks are faint, the front is a line, limits are dashed. Published networks stand
where both of their numbers are known; where the vertical one is not (their accuracy is not on the
study's scale) they are marked below the others, at their cost.

Why plain values and no figure: a figure checks each of its thousands of numbers, which takes
longer than a person who moves a slider should wait.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nas.report.front import FrontView, Point, staircase
from nas.report.palette import Palette
from nas.search.objectives import find_objective
from nas.store.records import ObjectiveRecord

Interval = tuple[float, float]
Intervals = Mapping[str, Mapping[str, Interval]]
"""By objective, by architecture id: where a number lies nine times in ten."""
Values = dict[str, Any]
"""A trace, an axis, a shape or an annotation in Plotly's words."""

DOMINATED, STAIRCASE, FRONT, REFERENCES = range(4)
"""The order of the traces of a panel."""


def axis_title(name: str) -> str:
    """An objective for people, with its unit."""
    objective = find_objective(name)
    unit = f" ({objective.unit})" if objective.unit else ""
    return f"{objective.full_title}{unit}"


@dataclass(frozen=True, slots=True)
class Panel:
    """What one panel shows.

    Args:
        view: The front.
        x: The objective across.
        y: The objective upwards.
        palette: Its colours.
        intervals: Drawn as error bars of the front, where they are known.
        texts: Whether hovering shows the architecture; it takes room in the file.
        frame: What the axes have room for, by objective; the networks of the view without it.
        number: Its place among the panels of a figure, from 1.
        dominated: Whether networks that others beat are seen.
        marked: Networks of the front that get a mark; all of them without it. The line is that of
            the whole front in any case.
    """

    view: FrontView
    x: ObjectiveRecord
    y: ObjectiveRecord
    palette: Palette
    intervals: Intervals
    texts: bool
    frame: Mapping[str, Interval] | None = None
    number: int = 1
    dominated: bool = True
    marked: Sequence[Point] | None = None

    @property
    def _marks(self) -> Sequence[Point]:
        return self.view.front if self.marked is None else self.marked

    @property
    def _axes(self) -> tuple[str, str]:
        number = "" if self.number == 1 else str(self.number)
        return f"x{number}", f"y{number}"

    def traces(self) -> list[Values]:
        """Dominated networks, the staircase, the front and the references, in this order."""
        colours = self.palette
        line = staircase(self.view.front, self.x, self.y)
        faint = {"color": colours.faint, "size": 5, "opacity": 0.45}
        front = {"color": colours.front, "size": 8}
        stairs = {
            "x": [x for x, _ in line],
            "y": [y for _, y in line],
            "mode": "lines",
            "line": {"color": colours.front, "width": 2},
            "name": "best at this cost",
            "showlegend": bool(line),
            "hoverinfo": "skip",
        }
        traces = [
            {
                **self._points(self.view.dominated, name="dominated", marker=faint),
                "visible": self.dominated,
            },
            stairs,
            {
                **self._points(self._marks, name="front", marker=front),
                "error_x": self._bars(self.x.name),
                "error_y": self._bars(self.y.name),
            },
            self._references(),
        ]
        x, y = self._axes
        first = self.number == 1
        return [
            {
                **trace,
                "type": "scatter",
                "xaxis": x,
                "yaxis": y,
                "showlegend": first and trace["showlegend"],
            }
            for trace in traces
        ]

    def _points(
        self, points: Sequence[Point], *, name: str, marker: Mapping[str, object]
    ) -> Values:
        said: Values = {
            "hovertemplate": f"<b>%{{customdata}}</b><br>{axis_title(self.x.name)}: %{{x:.4g}}<br>"
            f"{axis_title(self.y.name)}: %{{y:.4g}}%{{text}}<extra></extra>"
        }
        if self.texts or name == "front":
            said["text"] = self._texts(points)
        else:
            said["hovertemplate"] = said["hovertemplate"].replace("%{text}", "")
        return {
            "x": [point.values[self.x.name] for point in points],
            "y": [point.values[self.y.name] for point in points],
            "customdata": [point.id for point in points],
            "mode": "markers",
            "marker": dict(marker),
            "name": name,
            "showlegend": bool(points),
            **said,
        }

    def _texts(self, points: Sequence[Point]) -> list[str]:
        """What hovering shows below the two objectives."""
        others = [o.name for o in self.view.objectives if o.name not in (self.x.name, self.y.name)]
        titles = [(name, axis_title(name)) for name in others]
        return [
            "".join(
                f"<br>{line}"
                for line in (
                    *(f"{title}: {point.values[name]:.4g}" for name, title in titles),
                    *(textwrap.wrap(point.text, 90) if self.texts else ()),
                )
            )
            for point in points
        ]

    def _bars(self, name: str) -> Values:
        """Error bars of the front; none where no interval is known."""
        known = self.intervals.get(name, {})
        if not known:
            return {"visible": False}
        ends = [
            known.get(point.id, (point.values[name], point.values[name])) for point in self._marks
        ]
        middles = [point.values[name] for point in self._marks]
        pairs = list(zip(ends, middles, strict=True))
        return {
            "visible": True,
            "type": "data",
            "symmetric": False,
            "array": [max(0.0, high - middle) for (_, high), middle in pairs],
            "arrayminus": [max(0.0, middle - low) for (low, _), middle in pairs],
            "thickness": 1,
            "width": 0,
            "color": self.palette.quiet,
        }

    def axes(self) -> tuple[Values, Values]:
        """The axis across and the one upwards."""
        bottom, span = self._floor
        below = 0.42 if self._marked_below else 0.05
        across = {"range": [0, self._most], "title": {"text": axis_title(self.x.name)}}
        return across, {"range": [bottom - below * span, bottom + 1.06 * span]}

    @property
    def _most(self) -> float:
        return 1.2 * self._room(self.x.name)[1]

    @property
    def _floor(self) -> tuple[float, float]:
        """The least value upwards, and the span of all of them."""
        low, high = self._room(self.y.name)
        return low, (high - low) or 1.0

    def _room(self, name: str) -> Interval:
        return self.frame[name] if self.frame else extremes(self.view, name)

    @property
    def _placed(self) -> bool:
        """Whether published networks have a place upwards."""
        return any(self.y.name in reference.costs for reference in self.view.references)

    @property
    def _marked_below(self) -> bool:
        return not self._placed and bool(self._shown())

    def _shown(self) -> list[tuple[str, str, float]]:
        """References that the axis reaches: name, title, place across; from left to right."""
        name, most = self.x.name, self._most
        known = [r for r in self.view.references if r.costs.get(name, most) < most]
        if self._placed:
            known = [r for r in known if self.y.name in r.costs]
        return sorted(
            ((r.name, r.title, r.costs[name]) for r in known), key=lambda reference: reference[2]
        )

    def _references(self) -> Values:
        shown, (bottom, span) = self._shown(), self._floor
        costs = {reference.name: reference.costs for reference in self.view.references}
        below = bottom - 0.06 * span
        return {
            "x": [x for _, _, x in shown],
            "y": [costs[name].get(self.y.name, below) for name, _, _ in shown],
            "mode": "markers",
            "marker": {"symbol": "triangle-up", "size": 8, "color": self.palette.reference},
            "text": [name for name, _, _ in shown],
            "name": "published networks" + ("" if self._placed else " (cost only)"),
            "showlegend": bool(shown),
            "hovertext": [f"{title}<br>{x:.4g} {self.x.unit}" for _, title, x in shown],
            "hoverinfo": "text",
        }

    def annotations(self) -> list[Values]:
        """Names of references that are marked below, and words at the limits."""
        x, y = self._axes
        found = [
            {**place, "text": text, "showarrow": False}
            for _, text, place in self._bounds()
            if text
        ]
        if not self._marked_below:
            return found
        (bottom, span), shown = self._floor, self._shown()
        spread = _spread([place for _, _, place in shown], self._most / 32)
        return found + [
            {
                "x": place,
                "y": bottom - 0.09 * span,
                "xref": x,
                "yref": y,
                "text": name,
                "textangle": -90,
                "yanchor": "top",
                "showarrow": False,
                "font": {"size": 10, "color": self.palette.reference},
            }
            for (name, _, _), place in zip(shown, spread, strict=True)
        ]

    def shapes(self) -> list[Values]:
        """Lines at the limits."""
        line = {"color": self.palette.limit, "dash": "dash"}
        return [{**shape, "type": "line", "line": line} for shape, _, _ in self._bounds()]

    def _bounds(self) -> list[tuple[Values, str, Values]]:
        """Limits: their line, their word, and where that stands."""
        found = []
        x, y = self._axes
        bounds = {**self.view.limits, **self.view.floors}
        if (bound := bounds.get(self.x.name)) is not None:
            ends = {"x0": bound, "x1": bound, "y0": 0, "y1": 1, "xref": x, "yref": f"{y} domain"}
            text = "at least" if self.x.name in self.view.floors else "limit"
            place = {"x": bound, "y": 1, "xref": x, "yref": f"{y} domain", "xanchor": "left"}
            found.append((ends, text, {**place, "yanchor": "top"}))
        if (bound := bounds.get(self.y.name)) is not None:
            ends = {"x0": 0, "x1": 1, "y0": bound, "y1": bound, "xref": f"{x} domain", "yref": y}
            text = "at least" if self.y.name in self.view.floors else "limit"
            place = {"x": 1, "y": bound, "xref": f"{x} domain", "yref": y, "xanchor": "right"}
            found.append((ends, text if self.number == 1 else "", {**place, "yanchor": "bottom"}))
        return found


def extremes(view: FrontView, name: str) -> Interval:
    """The least and the most of an objective among all networks of a view."""
    values = [p.values[name] for points in (view.front, view.dominated) for p in points]
    return min(values, default=0.0), max(values, default=1.0)


def _spread(places: Sequence[float], gap: float) -> list[float]:
    """Ascending places moved as little to the right as keeps them a gap apart."""
    spread: list[float] = []
    for place in places:
        spread.append(max(place, spread[-1] + gap) if spread else place)
    return spread
