"""`nas cost`: what a network costs on devices, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from nas.cli.networks import ARCHITECTURE_HELP, Given, read_network
from nas.cli.options import DEFAULT_DATABASE, Database, Json
from nas.cli.output import heading, interval, note, number, out, print_json, print_table
from nas.cost.catalog import find_model, modelled_devices
from nas.errors import InputError
from nas.report.cost import CostView, cost_view, costs_where_known

_MOST_IN_DETAIL = 3
_DEAREST = 5

NetworkArgument = Annotated[
    str, typer.Argument(metavar="NETWORK", help=ARCHITECTURE_HELP + " Or an ONNX file.")
]


def cost(
    network: NetworkArgument,
    device: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A device, an alias, or DEVICE/MODEL for one of its models; again for several.",
        ),
    ] = None,
    all_devices: Annotated[
        bool, typer.Option("--all", help="On every device, the fastest first.")
    ] = False,
    as_json: Json = False,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Predict latency, energy and memory of a network, with 90% intervals and its dearest layers.

    Example: nas cost mobilenet_v2@0.75/160 --device pixel-3 --device rpi5/ncnn-int8-b1-t4

    Example: nas cost model.onnx --all
    """
    if bool(device) == all_devices:
        raise InputError(
            "either `--device` or `--all` must be given; got "
            f"{'both' if device else 'neither'}; `nas devices` lists the devices"
        )
    given = read_network(network, db)
    without: list[str] = []
    if device:
        views = [cost_view(given.network, find_model(name)) for name in device]
    else:
        models = map(find_model, modelled_devices())
        views, without = costs_where_known(given.network, models)
    if as_json:
        print_json([view.to_json(given.title) for view in views])
        return
    _print_costs(given, views)
    if without:
        note(f"no basis for its kernels: {', '.join(without)}")


def _print_costs(given: Given, views: Sequence[CostView]) -> None:
    out.print(
        f"{given.title}: {given.network.parameters:,} parameters, "
        f"{given.network.macs / 1e6:,.1f} M MACs\n",
        markup=False,
    )
    print_table(
        [
            *("device/model", heading("latency_ms"), "90% interval", heading("energy_mj")),
            *(heading("peak_memory_bytes"), "outside"),
        ],
        [
            [
                view.model.name,
                number(view.estimate.latency_ms, "latency_ms"),
                interval(view.estimate.latency_interval_ms, "latency_ms"),
                energy(view),
                number(view.estimate.peak_memory_bytes, "peak_memory_bytes"),
                f"{view.outside:.0%}",
            ]
            for view in views
        ],
    )
    _say_what_differs(views)
    if len(views) <= _MOST_IN_DETAIL:
        for view in views:
            _print_dearest(view)
    note("outside: share of the latency from kernels outside what was calibrated.")


def _say_what_differs(views: Sequence[CostView]) -> None:
    """Name the latencies that are not measured times of one image."""
    said: dict[str, list[str]] = {}
    for view in views:
        if view.model.unit != "per image":
            said.setdefault(view.model.unit, []).append(view.model.name)
        if view.model.latency != "measured":
            said.setdefault(f"{view.model.latency} latency", []).append(view.model.name)
    for what, names in said.items():
        note(f"{what}: {', '.join(names)}")


def _print_dearest(view: CostView) -> None:
    print_table(
        ["latency ms", "share", "kernel"],
        [
            [
                number(part.latency_ms, "latency_ms"),
                f"{part.latency_ms / view.estimate.latency_ms:.0%}",
                str(part.kernel.signature),
            ]
            for part in view.dearest[:_DEAREST]
        ],
        title=f"dearest kernels on {view.model.name}",
    )


def energy(view: CostView) -> str:
    """The energy, and what it comes from where that was not measured."""
    shown = number(view.estimate.energy_mj, "energy_mj")
    return shown if view.model.energy in ("", "measured") else f"{shown} {view.model.energy}"
