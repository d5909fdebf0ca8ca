"""`nas show`: what a network costs on a device, layer by layer."""

from __future__ import annotations

from typing import Annotated

import typer

from nas.cli.costs import NetworkArgument, energy
from nas.cli.networks import read_network
from nas.cli.options import DEFAULT_DATABASE, Database, Json
from nas.cli.output import interval, note, number, out, print_json, print_table
from nas.cost.catalog import find_model
from nas.report.cost import cost_view


def show(
    network: NetworkArgument,
    device: Annotated[str, typer.Option(metavar="NAME", help="The device to cost it on.")],
    as_json: Json = False,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Print the layer table of a network with each layer's share of latency and energy.

    Example: nas show mnasnet_a1 --device jetson-tx2
    """
    given = read_network(network, db)
    view = cost_view(given.network, find_model(device))
    estimate = view.estimate
    if as_json:
        print_json(view.to_json(given.title))
        return
    rows, last = [], -1
    for part in estimate.breakdown:
        signature = part.kernel.signature
        block = part.kernel.block
        rows.append(
            [
                given.block_name(block) if block != last else "",
                signature.kind.value.removesuffix("_conv"),
                "x".join(map(str, signature.out_shape)),
                f"{signature.macs / 1e6:.2f}",
                f"{part.kernel.parameters:,}",
                number(part.latency_ms, "latency_ms"),
                f"{part.latency_ms / estimate.latency_ms:.1%}",
                _energy_share(part.energy_mj, estimate.energy_mj),
            ]
        )
        last = block
    columns = ["block", "kernel", "output", "MACs M", "params", "ms", "latency", "energy"]
    print_table(columns, rows, title=f"{given.title} on {view.model.stored.model.key}")
    and_energy = f", {energy(view)} mJ" if estimate.energy_mj else ""
    out.print(
        f"total: {number(estimate.latency_ms, 'latency_ms')} ms "
        f"({interval(estimate.latency_interval_ms, 'latency_ms')}){and_energy}, "
        f"{number(estimate.peak_memory_bytes, 'peak_memory_bytes')} MiB at peak, "
        f"{given.network.parameters:,} parameters, {given.network.macs / 1e6:,.1f} M MACs"
    )
    if view.reasons:
        note(f"{view.outside:.0%} of the latency lies outside what was calibrated, such as:")
        for reason in view.reasons[:5]:
            note(f"  {reason}")


def _energy_share(energy_mj: float | None, total_mj: float | None) -> str:
    return "–" if not total_mj or energy_mj is None else f"{energy_mj / total_mj:.1%}"
