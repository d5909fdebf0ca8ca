"""A space + a function of its codes → how much each choice decides: Sobol indices, drawn.

The share of an objective's variance that goes with a choice, over networks in which every choice
is drawn evenly: `alone` without its interplay with others (Saltelli, 2010), `total` with it
(Jansen, 1999). The function is what the search itself goes by: the shipped predictor and the cost
models, or, where accuracy is paid for, the search's Gaussian process fitted to what was evaluated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from nas.report.front import Point
from nas.report.palette import PALETTES, Theme, mixed, styled
from nas.report.panel import axis_title
from nas.space.space import Codes, SearchSpace

Columns = Mapping[str, NDArray[np.float64]]

_DRAWS = 512
_MOST_ROWS = 400  # A process of more evaluations takes seconds and ranks the choices no better.
_SHOWN = 14
METHOD = "Sobol indices over networks with every choice drawn evenly"


@dataclass(frozen=True, slots=True)
class Share:
    """What one choice decides of an objective's variance, from 0 to 1: alone, and in all."""

    choice: str
    alone: float
    total: float


@dataclass(frozen=True, slots=True)
class ImportanceView:
    """How much the choices of a space decide of one objective.

    Args:
        objective: Its name.
        source: What was asked for values.
        shares: Of every choice, the one that decides most first.
    """

    objective: str
    source: str
    shares: tuple[Share, ...]


def importances(
    space: SearchSpace,
    columns_of: Callable[[Codes], Columns],
    sources: Mapping[str, str],
    *,
    draws: int = _DRAWS,
    seed: int = 0,
) -> tuple[ImportanceView, ...]:
    """How much each choice decides of every objective.

    Args:
        space: Whose choices.
        columns_of: Objectives of canonical codes (count, variables), each of shape (count,).
        sources: What says each objective, for people; its objectives are those looked at.
        draws: Networks in each of the two samples; one more sample is asked for per choice.
        seed: Of the samples.
    """
    rng, count = np.random.default_rng(seed), len(space.variables)
    one, other = rng.integers(0, space.cardinalities, (2, draws, count)).astype(np.int16)
    changed = np.repeat(one[None], count, axis=0)
    for index in range(count):
        changed[index, :, index] = other[:, index]
    codes = np.concatenate([one, other, changed.reshape(-1, count)])
    columns = columns_of(space.canonical(codes))
    return tuple(
        ImportanceView(name, source, _shares(space, columns[name].reshape(-1, draws)))
        for name, source in sources.items()
    )


def _shares(space: SearchSpace, values: NDArray[np.float64]) -> tuple[Share, ...]:
    """Of values of the first sample, the second, and the first with each choice of the second."""
    values = values - values[:2].mean()
    variance = float(values[:2].var()) or 1.0
    one, other, changed = values[0], values[1], values[2:]
    alone = np.clip((other * (changed - one)).mean(axis=1) / variance, 0.0, 1.0)
    total = np.clip(((changed - one) ** 2).mean(axis=1) / (2 * variance), 0.0, 1.0)
    shares = [
        Share(variable.name, min(float(a), float(t)), float(t))
        for variable, a, t in zip(space.variables, alone, total, strict=True)
    ]
    return tuple(sorted(shares, key=lambda share: -share.total))


def accuracy_process(
    space: SearchSpace, points: Sequence[Point], objective: str = "accuracy"
) -> Callable[[Codes], Columns]:
    """The search's Gaussian process over choices, fitted to evaluated networks of a space.

    Its trend in the known costs is left out: what costs stand for is what the choices decide.

    Args:
        space: Of the networks.
        points: At least three evaluated networks; `_MOST_ROWS` of them at most are looked at.
        objective: What to model.
    """
    from nas.accuracy.levels import to_levels
    from nas.search.pareto_sampler.features import Features, Rows
    from nas.search.pareto_sampler.kernel import Hyper
    from nas.search.pareto_sampler.process import Posterior, fit
    from nas.search.proposer import surrogate_factors

    features = Features(surrogate_factors(space))

    def rows(codes: Codes) -> Rows:
        none = np.zeros((len(codes), 0))
        return features.rows(to_levels(space, codes), none, none)

    places = np.linspace(0, len(points) - 1, min(len(points), _MOST_ROWS)).round().astype(int)
    known = rows(np.stack([space.encode(points[place].choices) for place in places]))
    values = np.array([points[place].values[objective] for place in places])
    scaled = (values - values.mean()) / (values.std() or 1.0)
    quiet = np.zeros(len(known))
    hyper = fit(Hyper.prior(features), known, scaled, quiet, steps=40)

    def columns_of(codes: Codes) -> Columns:
        parts = [
            Posterior(hyper, known, quiet, rows(part)).predict(scaled)[0]
            for part in np.array_split(codes, max(1, len(codes) // 4000))
        ]
        return {objective: np.concatenate(parts)}

    return columns_of


def top_choices(views: Sequence[ImportanceView]) -> list[str]:
    """The choices, the one that decides most of any objective first."""
    most: dict[str, float] = {}
    for view in views:
        for share in view.shares:
            most[share.choice] = max(most.get(share.choice, 0.0), share.total)
    return sorted(most, key=lambda name: -most[name])


def draw_importance(
    views: Sequence[ImportanceView], *, theme: Theme = "light", shown: int = _SHOWN
) -> go.Figure:
    """Bars for the choices that decide most of the first objective, and what they decide of all.

    Args:
        views: One for each objective, at least one.
        theme: Of the colours.
        shown: How many choices, at most.
    """
    palette = PALETTES[theme]
    names = [share.choice for share in views[0].shares[:shown]][::-1]
    figure = make_subplots(rows=1, cols=len(views), shared_yaxes=True, horizontal_spacing=0.04)
    styled(figure, theme)
    light = mixed(palette.front, palette.paper, 0.55)
    for column, view in enumerate(views, start=1):
        shares = {share.choice: share for share in view.shares}
        alone = [shares[name].alone for name in names]
        more = [shares[name].total - shares[name].alone for name in names]
        bars = (("alone", alone, palette.front), ("with others", more, light))
        for name, lengths, colour in bars:
            figure.add_trace(
                go.Bar(
                    x=lengths,
                    y=names,
                    orientation="h",
                    marker={"color": colour},
                    name=name,
                    showlegend=column == 1,
                    hovertemplate="%{y}: %{x:.1%} " + name + "<extra></extra>",
                ),
                row=1,
                col=column,
            )
        title = axis_title(view.objective).partition(" (")[0]
        figure.update_xaxes(title_text=title, tickformat=".0%", row=1, col=column)
    figure.update_layout(barmode="stack", bargap=0.25, margin={"t": 36, "r": 16, "b": 44, "l": 16})
    return figure
