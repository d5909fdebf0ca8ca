"""A network of a study → the parts of its view: numbers, layers, devices, neighbours."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from nas.cost.catalog import find_model
from nas.errors import NasError
from nas.graph.lower import lower
from nas.graph.network import Network
from nas.pareto import Sense
from nas.report.cost import CostView, cost_view
from nas.report.devices import draw_devices
from nas.report.front import FrontView, Point
from nas.report.layers import LayerRow
from nas.report.neighbours import Neighbour, NeighboursView
from nas.report.palette import Theme
from nas.report.words import heading as words
from nas.report.words import interval, number
from nas.search.objectives import find_objective
from nas.service.archives import network_of
from nas.service.page.frozen import frozen
from nas.service.page.pieces import address, aria, card, facts, field, table
from nas.service.page.plots import plot
from nas.space.architecture import Architecture, parse

QUANTITIES = {
    "latency_ms": "Latency",
    "energy_mj": "Energy",
    "peak_memory_bytes": "Peak memory",
}
_NEIGHBOURS = 60


@dataclass(frozen=True, slots=True)
class ShownNetwork:
    """A network of a study.

    Args:
        view: The front of the study.
        point: The network in it.
        architecture: As an architecture.
        network: Lowered.
        cost: By the model of the study's device; None where that is gone or has no basis for it.
    """

    view: FrontView
    point: Point
    architecture: Architecture
    network: Network
    cost: CostView | None

    @classmethod
    def of(cls, view: FrontView, wanted: str) -> ShownNetwork:
        """A network by its id, or `knee`, `fastest`, `most-accurate`, a row of the front.

        Raises:
            UnknownNameError: if the study has evaluated none of that name.
        """
        point = network_of(view, wanted)
        architecture = parse(point.text)
        network = lower(architecture)
        try:
            cost = cost_view(network, find_model(view.device))
        except NasError:
            cost = None
        return cls(view, point, architecture, network, cost)


def numbers(shown: ShownNetwork) -> Component:
    """Its objectives with their intervals, and its size."""
    pairs: dict[str, Any] = {}
    estimate = shown.cost.estimate if shown.cost else None
    ends = {
        "latency_ms": estimate.latency_interval_ms if estimate else None,
        "energy_mj": estimate.energy_interval_mj if estimate else None,
    }
    for objective in shown.view.objectives:
        name = objective.name
        said: list[Any] = [number(shown.point.values[name], name)]
        if known := ends.get(name):
            said.append(html.Span(f" ({interval(known, name)})", className="quiet"))
        pairs[words(name)] = said
    pairs[words("macs")] = number(shown.network.macs, "macs")
    pairs[words("parameters")] = number(shown.network.parameters, "parameters")
    pairs["image"] = "×".join(map(str, shown.network.tensors[0]))
    on_front = any(point.id == shown.point.id for point in shown.view.front)
    pairs["standing"] = "on the front" if on_front else "dominated by others"
    return facts(pairs)


def layer_table(rows: Sequence[LayerRow]) -> Component:
    """The layers in the order in which they run, with their shares as bars."""
    with_energy = any(row.energy_share is not None for row in rows)
    columns = ["layer", "block", "MACs M", "latency ms", "of latency"]
    columns += ["of energy"] if with_energy else []
    columns += ["of peak memory"]
    cells = [
        [
            row.name,
            "–" if row.block is None else str(row.block + 1),
            number(row.macs, "macs") if row.macs else "–",
            f"{row.latency_ms:.4f}",
            _share(row.latency_share),
            *([_share(row.energy_share or 0.0)] if with_energy else []),
            _share(row.memory_share),
        ]
        for row in rows
    ]
    right = range(1, len(columns))
    return html.Div(
        frozen(table(columns, cells, caption="Layers and their shares", numeric=list(right))),
        className="scroll-box",
    )


def _share(share: float) -> list[Any]:
    bar = html.Span(className="share", style={"width": f"{round(60 * share)}px"})
    return [f"{share:.1%}", html.Span(bar, className="share-box", **aria(hidden="true"))]


def devices_card(prefix: str) -> Component:
    """A place for what networks cost on all devices, which takes a moment to be asked."""
    menu = dcc.Dropdown(
        QUANTITIES,
        "latency_ms",
        id=f"{prefix}-quantity",
        clearable=False,
        searchable=False,
        className="narrow",
    )
    return card(
        "On every device",
        field("Quantity", menu),
        html.Div(
            html.P("The models of all devices are being asked.", className="quiet"),
            id=f"{prefix}-devices",
            className="devices-place",
        ),
        note="By the model that each device's name stands for; lines are 90% intervals.",
    )


def on_devices(
    costs: Mapping[str, Sequence[CostView]], *, quantity: str, theme: Theme, own: str
) -> Component:
    """Bars and a table of what networks cost on every device."""
    figure = draw_devices(costs, quantity=quantity, theme=theme, own=own)
    bars = plot("devices", f"{QUANTITIES[quantity]} on every device", figure=figure, height=None)
    first = next(iter(costs.values()))
    return html.Div(
        [
            html.Div(bars, className="plot-scroll", tabIndex=0, role="region",
                     **aria(label="Bars of all devices")),
            html.Details([html.Summary("As a table"), device_table(costs, first)]),
        ]
    )  # fmt: skip


def device_table(costs: Mapping[str, Sequence[CostView]], first: Sequence[CostView]) -> Component:
    """A row for each device, the fastest of the first network first."""
    many = len(costs) > 1
    by_model = {title: {one.model.name: one for one in views} for title, views in costs.items()}
    columns = ["model"]
    for title in costs:
        named = f" of {title[:8]}" if many else ""
        columns += [words(name) + named for name in ("latency_ms", "energy_mj")]
    columns += [words("peak_memory_bytes"), "outside calibration"]
    rows = []
    for view in first:
        cells: list[Any] = [html.A(view.model.name, href=address("devices", _device(view)))]
        for known in by_model.values():
            other = known.get(view.model.name)
            cells += _costs(other)
        memory = number(view.estimate.peak_memory_bytes, "peak_memory_bytes")
        rows.append([*cells, memory, f"{view.outside:.0%}"])
    right = list(range(1, len(columns)))
    return html.Div(
        frozen(table(columns, rows, caption="Costs on every device", numeric=right)),
        className="scroll-box",
    )


def _device(view: CostView) -> str:
    return view.model.stored.model.key.device


def _costs(view: CostView | None) -> list[str]:
    if view is None:
        return ["–", "–"]
    estimate = view.estimate
    return [
        f"{number(estimate.latency_ms, 'latency_ms')} "
        f"({interval(estimate.latency_interval_ms, 'latency_ms')})",
        number(estimate.energy_mj, "energy_mj"),
    ]


def neighbour_table(
    view: NeighboursView, study: FrontView, evaluated: Collection[str]
) -> Component:
    """What is one change away, what is better first, and what each change costs or gains."""
    names = [o.name for o in study.objectives if o.name in view.values]
    ordered = sorted(view.neighbours, key=lambda one: one.architecture.id not in view.better)
    rows = [
        [
            one.choice,
            f"{one.before} → {one.after}",
            *(_change(one, view.values, name) for name in names),
            "better" if one.architecture.id in view.better else "",
            _linked(one.architecture.id, study.study, evaluated),
        ]
        for one in ordered[:_NEIGHBOURS]
    ]
    columns = ["choice", "change", *map(words, names), "verdict", "network"]
    right = list(range(2, 2 + len(names)))
    told = f"{len(view.neighbours):,} networks are one change away"
    better = f"{len(view.better):,} of them better in something and worse in nothing"
    shown = f", the first {_NEIGHBOURS} are shown" if len(ordered) > _NEIGHBOURS else ""
    return html.Div(
        [
            html.P(f"{told}, {better}{shown}.", className="quiet"),
            html.Div(
                frozen(table(columns, rows, caption="Networks one change away", numeric=right)),
                className="scroll-box",
            ),
        ]
    )


def _change(one: Neighbour, own: Mapping[str, float], name: str) -> Component:
    """How much more or less, and whether that is better."""
    change = one.values[name] - own[name]
    gain = change if find_objective(name).sense is Sense.MAXIMIZE else -change
    sign = "+" if change > 0 else "−" if change < 0 else "±"
    style = "better" if gain > 0 else "worse" if gain < 0 else ""
    return html.Span(f"{sign}{number(abs(change), name)}", className=style)


def _linked(identity: str, study: str, evaluated: Collection[str]) -> Any:
    if identity not in evaluated:
        return html.Span(identity, className="quiet")
    return html.A(identity, href=address("study", study, "network", identity))
