"""FrontView → how the choices change from one end of the front to the other, as a heat map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from nas.pareto import Sense
from nas.report.front import FrontView, Point, thinned
from nas.report.palette import PALETTES, Theme, styled
from nas.report.panel import axis_title
from nas.space.templates import Value

_MOST_COLUMNS = 200


@dataclass(frozen=True, slots=True)
class ChoicesView:
    """The choices of the networks of a front.

    Args:
        along: The objective that orders the networks.
        points: In that order.
        names: The choices, those that were asked for first.
        levels: The values of each choice that occur, in order.
    """

    along: str
    points: tuple[Point, ...]
    names: tuple[str, ...]
    levels: tuple[tuple[Value, ...], ...]

    def place(self, row: int, point: Point) -> float | None:
        """Where a network's value stands among those of a choice, 0 to 1; None where it has none.

        A choice that never changes stands in the middle.
        """
        levels, value = self.levels[row], point.choices.get(self.names[row])
        if value is None:
            return None
        return levels.index(value) / (len(levels) - 1) if len(levels) > 1 else 0.5


def choices_view(
    view: FrontView, names: Sequence[str] = (), *, most: int = _MOST_COLUMNS
) -> ChoicesView:
    """The choices along a front, by its first cost (or its first objective).

    Args:
        view: The front.
        names: Which choices, in which order; without them, all that occur.
        most: How many networks, at most; the ends are always there.
    """
    costs = [o for o in view.objectives if o.sense is Sense.MINIMIZE] or [*view.objectives]
    along = costs[0].name
    ordered = sorted(view.front, key=lambda point: point.values[along])
    points = tuple(ordered[index] for index in thinned(ordered, most))
    found = dict.fromkeys(name for point in points for name in point.choices)
    kept = tuple(name for name in (names or found) if name in found)
    levels = tuple(_ordered({p.choices[n] for p in points if n in p.choices}) for n in kept)
    return ChoicesView(along, points, kept, levels)


def _ordered(values: set[Value]) -> tuple[Value, ...]:
    numbers = [value for value in values if not isinstance(value, str)]
    words = [value for value in values if isinstance(value, str)]
    return (*sorted(numbers), *sorted(words))


def draw_choices(view: ChoicesView, *, theme: Theme = "light") -> go.Figure:
    """A column for each network from the cheapest to the dearest, a row for each choice.

    The least value of a choice is pale, its greatest deep; a choice that decides nothing in a
    network leaves a gap.
    """
    palette, figure = PALETTES[theme], styled(go.Figure(), theme)
    rows = range(len(view.names))
    figure.add_trace(
        go.Heatmap(
            x=list(range(1, len(view.points) + 1)),
            y=list(view.names),
            z=[[view.place(row, point) for point in view.points] for row in rows],
            text=[
                [str(point.choices.get(name, "none")) for point in view.points]
                for name in view.names
            ],
            customdata=[[point.id for point in view.points] for _ in rows],
            zmin=0,
            zmax=1,
            colorscale=[[0, palette.low], [1, palette.high]],
            showscale=False,
            hoverongaps=False,
            xgap=1 if len(view.points) <= 100 else 0,
            ygap=2,
            hovertemplate="%{y}: %{text}<br>network %{x}<extra></extra>",
        )
    )
    places = thinned(view.points, 8)
    figure.update_xaxes(
        title_text=f"{axis_title(view.along)}, from the cheapest to the dearest",
        tickvals=[place + 1 for place in places],
        ticktext=[f"{view.points[place].values[view.along]:.3g}" for place in places],
        showgrid=False,
    )
    figure.update_yaxes(autorange="reversed", showgrid=False, dtick=1)
    figure.update_layout(
        height=max(220, 22 * len(view.names) + 70), margin={"t": 12, "r": 16, "b": 48, "l": 16}
    )
    return figure
