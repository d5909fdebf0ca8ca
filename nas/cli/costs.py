"""`nas cost` and `nas show`: what a network costs on devices, in total and layer by layer."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from nas.cli.networks import ARCHITECTURE_HELP, Given, read_network
from nas.cli.options import DEFAULT_DATABASE, Database, Json
from nas.cli.output import heading, note, number, out, print_json, print_table
from nas.cost.artefact import StoredModel
from nas.cost.catalog import find_model
from nas.cost.model import Estimate, Origin

NetworkArgument = Annotated[
    str, typer.Argument(metavar="NETWORK", help=ARCHITECTURE_HELP + " Or an ONNX file.")
]


def cost(
    network: NetworkArgument,
    device: Annotated[
        list[str], typer.Option(metavar="NAME", help="A device; give it again for several.")
    ],
    as_json: Json = False,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Predict latency, energy and memory of a network, with its dearest layers.

    Example: nas cost mobilenet_v2@0.75/160 --device pixel-3 --device jetson-tx2
    """
    given = read_network(network, db)
    found = [find_model(name) for name in device]
    estimates = [(stored, stored.model.estimate(given.network)) for stored in found]
    if as_json:
        print_json([_cost_json(given, stored, estimate) for stored, estimate in estimates])
        return
    out.print(
        f"{given.title}: {given.network.parameters:,} parameters, "
        f"{given.network.macs / 1e6:,.1f} M MACs\n",
        markup=False,
    )
    print_table(
        [
            *("device", "runtime", heading("latency_ms"), heading("energy_mj")),
            *(heading("peak_memory_bytes"), "outside calibration"),
        ],
        [
            [
                stored.model.key.device,
                f"{stored.model.key.runtime} {stored.model.key.precision.value}",
                number(estimate.latency_ms, "latency_ms"),
                _energy(stored, estimate),
                number(estimate.peak_memory_bytes, "peak_memory_bytes"),
                f"{_uncovered_share(stored, given, estimate):.0%} of latency",
            ]
            for stored, estimate in estimates
        ],
    )
    for stored, estimate in estimates:
        dearest = sorted(estimate.breakdown, key=lambda part: -part.latency_ms)[:5]
        print_table(
            ["latency ms", "share", "kernel"],
            [
                [
                    number(part.latency_ms, "latency_ms"),
                    f"{part.latency_ms / estimate.latency_ms:.0%}",
                    str(part.kernel.signature),
                ]
                for part in dearest
            ],
            title=f"dearest kernels on {stored.model.key.device}",
        )


def show(
    network: NetworkArgument,
    device: Annotated[str, typer.Option(metavar="NAME", help="The device to cost it on.")],
    as_json: Json = False,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Print the layer table of a network with each layer's share of latency and energy.

    Example: nas show mnasnet_a1 --device jetson-tx2
    """
    given, stored = read_network(network, db), find_model(device)
    estimate = stored.model.estimate(given.network)
    if as_json:
        print_json(_cost_json(given, stored, estimate))
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
    print_table(columns, rows, title=f"{given.title} on {stored.model.key}")
    energy = f", {_energy(stored, estimate)} mJ" if estimate.energy_mj else ""
    out.print(
        f"total: {number(estimate.latency_ms, 'latency_ms')} ms{energy}, "
        f"{number(estimate.peak_memory_bytes, 'peak_memory_bytes')} MiB at peak, "
        f"{given.network.parameters:,} parameters, {given.network.macs / 1e6:,.1f} M MACs"
    )
    gaps = stored.model.coverage(given.network)
    if gaps:
        reasons = sorted({gap.reasons[0] for gap in gaps})
        note(f"{len(gaps)} of {len(rows)} kernels lie outside what was calibrated, such as:")
        for reason in reasons[:5]:
            note(f"  {reason}")


def _energy(stored: StoredModel, estimate: Estimate) -> str:
    """The energy, and what it comes from where that was not measured."""
    law, energy = stored.model.energy, number(estimate.energy_mj, "energy_mj")
    return energy if law is None or law.origin is Origin.MEASURED else f"{energy} {law.origin}"


def _energy_share(energy_mj: float | None, total_mj: float | None) -> str:
    return "–" if not total_mj or energy_mj is None else f"{energy_mj / total_mj:.1%}"


def _uncovered_share(stored: StoredModel, given: Given, estimate: Estimate) -> float:
    """Share of the latency that comes from kernels outside what was calibrated."""
    outside = {id(gap.kernel) for gap in stored.model.coverage(given.network)}
    part = sum(p.latency_ms for p in estimate.breakdown if id(p.kernel) in outside)
    return part / estimate.latency_ms if estimate.latency_ms else 0.0


def _cost_json(given: Given, stored: StoredModel, estimate: Estimate) -> dict[str, Any]:
    energy = stored.model.energy
    return {
        "network": given.title,
        "device": stored.model.key.device,
        "runtime": stored.model.key.runtime,
        "precision": stored.model.key.precision.value,
        "batch": stored.model.key.batch,
        "latency_ms": estimate.latency_ms,
        "energy_mj": estimate.energy_mj,
        "energy_origin": energy.origin.value if energy else None,
        "peak_memory_bytes": estimate.peak_memory_bytes,
        "parameters": given.network.parameters,
        "macs": given.network.macs,
        "outside_calibration_share": _uncovered_share(stored, given, estimate),
        "kernels": [
            {
                "block": part.kernel.block,
                "kernel": str(part.kernel.signature),
                "macs": part.kernel.signature.macs,
                "latency_ms": part.latency_ms,
                "energy_mj": part.energy_mj,
            }
            for part in estimate.breakdown
        ],
    }
