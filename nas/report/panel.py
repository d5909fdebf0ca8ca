"""FrontView + two of its objectives → one panel of a figure: networks, limits, references.

Dominated networks are faint, the front is a line, limits are dashed. Published networks stand
where both of their numbers are known; where the vertical one is not (their accuracy is not on the
study's scale) they are marked below the others, at their cost.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from nas.report.front import FrontView, Point, staircase
from nas.report.palette import Palette
from nas.search.objectives import find_objective
from nas.store.records import ObjectiveRecord

Interval = tuple[float, float]
Intervals = Mapping[str, Mapping[str, Interval]]
"""By objective, by architecture id: where a number lies nine times in ten."""

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
        frame: Whose networks the axes have room for; those of the view without it.
    """

    view: FrontView
    x: ObjectiveRecord
    y: ObjectiveRecord
    palette: Palette
    intervals: Intervals
    texts: bool
    frame: FrontView | None = None

    def add_to(self, figure: go.Figure, *, row: int, col: int, legend: bool) -> None:
        """Draw it into a cell of a figure."""
        place = {"row": row, "col": col}
        for trace in self.traces():
            figure.add_trace(trace.update(showlegend=legend and trace.showlegend), **place)
        self._bounds(figure, place)
        self._names(figure, place)
        figure.update_xaxes(title_text=axis_title(self.x.name), **place)

    def traces(self) -> list[go.Scatter]:
        """Dominated networks, the staircase, the front and the references, in this order."""
        colours = self.palette
        line = staircase(self.view.front, self.x, self.y)
        faint = {"color": colours.faint, "size": 5, "opacity": 0.45}
        front = {"color": colours.front, "size": 8}
        return [
            self._points(self.view.dominated, name="dominated", marker=faint),
            go.Scatter(
                x=[x for x, _ in line],
                y=[y for _, y in line],
                mode="lines",
                line={"color": colours.front, "width": 2},
                name="best at this cost",
                showlegend=bool(line),
                hoverinfo="skip",
            ),
            self._points(self.view.front, name="front", marker=front).update(
                error_x=self._bars(self.x.name), error_y=self._bars(self.y.name)
            ),
            self._references(),
        ]

    def _points(
        self, points: Sequence[Point], *, name: str, marker: Mapping[str, object]
    ) -> go.Scatter:
        titles = [(o.name, axis_title(o.name)) for o in self.view.objectives]
        said: dict[str, object] = {
            "hovertemplate": f"<b>%{{customdata}}</b><br>{axis_title(self.x.name)}: %{{x:.4g}}<br>"
            f"{axis_title(self.y.name)}: %{{y:.4g}}<extra></extra>"
        }
        if self.texts or name == "front":
            words = [self._hover(point, titles) for point in points]
            said = {"text": words, "hoverinfo": "text"}
        return go.Scatter(
            x=[point.values[self.x.name] for point in points],
            y=[point.values[self.y.name] for point in points],
            customdata=[point.id for point in points],
            mode="markers",
            marker=dict(marker),
            name=name,
            showlegend=bool(points),
            unselected={"marker": {"opacity": 0.12}},
            **said,
        )

    def _hover(self, point: Point, titles: Sequence[tuple[str, str]]) -> str:
        lines = [f"<b>{point.id}</b>"]
        lines += [f"{title}: {point.values[name]:.4g}" for name, title in titles]
        return "<br>".join(lines + (textwrap.wrap(point.text, 90) if self.texts else []))

    def _bars(self, name: str) -> dict[str, object]:
        """Error bars of the front; none where no interval is known."""
        known = self.intervals.get(name, {})
        if not known:
            return {"visible": False}
        ends = [
            known.get(point.id, (point.values[name], point.values[name]))
            for point in self.view.front
        ]
        middles = [point.values[name] for point in self.view.front]
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

    @property
    def most(self) -> float:
        """The right end of the horizontal axis."""
        points = self._framed
        return 1.2 * max((point.values[self.x.name] for point in points), default=1.0)

    @property
    def floor(self) -> tuple[float, float]:
        """The least value upwards, and the span of all of them."""
        points = self._framed
        values = [point.values[self.y.name] for point in points] or [0.0]
        return min(values), (max(values) - min(values)) or 1.0

    @property
    def _framed(self) -> Sequence[Point]:
        frame = self.frame or self.view
        return (*frame.front, *frame.dominated)

    @property
    def marked_below(self) -> bool:
        """Whether references are marked below the networks."""
        return bool(self._shown()) and not self._placed()

    def _shown(self) -> list[tuple[str, str, float]]:
        """References that the axis reaches: name, title, place across; from left to right."""
        name, most = self.x.name, self.most
        known = [r for r in self.view.references if r.costs.get(name, most) < most]
        if self._placed():
            known = [r for r in known if self.y.name in r.costs]
        return sorted(
            ((r.name, r.title, r.costs[name]) for r in known), key=lambda reference: reference[2]
        )

    def _placed(self) -> bool:
        return any(self.y.name in reference.costs for reference in self.view.references)

    def _references(self) -> go.Scatter:
        shown, (bottom, span) = self._shown(), self.floor
        costs = {reference.name: reference.costs for reference in self.view.references}
        below = bottom - 0.06 * span
        return go.Scatter(
            x=[x for _, _, x in shown],
            y=[costs[name].get(self.y.name, below) for name, _, _ in shown],
            mode="markers",
            marker={"symbol": "triangle-up", "size": 8, "color": self.palette.reference},
            text=[name for name, _, _ in shown],
            name="published networks" + ("" if self._placed() else " (cost only)"),
            showlegend=bool(shown),
            hovertext=[f"{title}<br>{x:.4g} {self.x.unit}" for _, title, x in shown],
            hoverinfo="text",
        )

    def _names(self, figure: go.Figure, place: Mapping[str, int]) -> None:
        """The axes' ranges, and the names of references that are marked below."""
        bottom, span = self.floor
        below = 0.42 if self.marked_below else 0.05
        figure.update_xaxes(range=[0, self.most], **place)
        figure.update_yaxes(range=[bottom - below * span, bottom + 1.06 * span], **place)
        if not self.marked_below:
            return
        shown = self._shown()
        spread = _spread([x for _, _, x in shown], self.most / 32)
        # One by one they would each be checked against all that the figure has.
        number = "" if place["col"] == 1 else str(place["col"])
        names = [
            go.layout.Annotation(
                x=x,
                y=bottom - 0.09 * span,
                xref=f"x{number}",
                yref=f"y{number}",
                text=name,
                textangle=-90,
                yanchor="top",
                showarrow=False,
                font={"size": 10, "color": self.palette.reference},
            )
            for (name, _, _), x in zip(shown, spread, strict=True)
        ]
        figure.update_layout(annotations=[*figure.layout.annotations, *names])

    def _bounds(self, figure: go.Figure, place: Mapping[str, int]) -> None:
        line = {"color": self.palette.limit, "dash": "dash"}
        bounds = {**self.view.limits, **self.view.floors}
        words = {True: "at least", False: "limit"}
        if (bound := bounds.get(self.x.name)) is not None:
            text = words[self.x.name in self.view.floors]
            figure.add_vline(x=bound, line=line, annotation_text=text, **place)
        if (bound := bounds.get(self.y.name)) is not None:
            text = words[self.y.name in self.view.floors]
            first = place["col"] == 1
            figure.add_hline(y=bound, line=line, annotation_text=text if first else None, **place)


def _spread(places: Sequence[float], gap: float) -> list[float]:
    """Ascending places moved as little to the right as keeps them a gap apart."""
    spread: list[float] = []
    for place in places:
        spread.append(max(place, spread[-1] + gap) if spread else place)
    return spread
