"""`nas devices`, `nas cost`, `nas show` and `nas calibrate`: devices and what networks cost there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from nas.cli.networks import ARCHITECTURE_HELP, Given, read_network
from nas.cli.output import heading, note, number, out, print_json, print_table
from nas.cost.artefact import StoredModel, device_models, find_model, read_model, write_model
from nas.cost.calibrate import HeldOutError, calibrate
from nas.cost.log import read_log
from nas.cost.model import Estimate, ModelKey
from nas.cost.profile import device_names, find_device
from nas.graph.network import Precision
from nas.resources import folder
from nas.versions import versions

Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Database = Annotated[str, typer.Option("--db", help="The database that ids are looked up in.")]
NetworkArgument = Annotated[str, typer.Argument(help=ARCHITECTURE_HELP + " Or an ONNX file.")]


def devices(as_json: Json = False) -> None:
    """List the devices, their cost models and how far to trust them."""
    found = [
        (find_device(name), model) for name in device_names() for model in device_models(name)
    ]
    if as_json:
        print_json([_model_json(model) for _, model in found])
        return
    print_table(
        ["device", "what", "runtime", "latency error", "energy error", "samples"],
        [
            [
                profile.name,
                profile.title,
                f"{model.model.key.runtime} {model.model.key.precision.value}",
                _error(model.evidence.latency_error, model.model.latency.origin.value),
                _error(
                    model.evidence.energy_error,
                    model.model.energy.origin.value if model.model.energy else "",
                ),
                str(model.evidence.samples),
            ]
            for profile, model in found
        ],
    )
    note(
        "Errors are medians on held-out shapes of blocks, as fitted on measured or simulated data."
    )


def cost(
    network: NetworkArgument,
    device: Annotated[list[str], typer.Option(help="A device; give it again for several.")],
    as_json: Json = False,
    db: Database = "nas.db",
) -> None:
    """Predict latency, energy and memory of a network, with its dearest layers."""
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
    names = ("latency_ms", "energy_mj", "peak_memory_bytes")
    print_table(
        ["device", "runtime", *map(heading, names), "outside calibration"],
        [
            [
                stored.model.key.device,
                f"{stored.model.key.runtime} {stored.model.key.precision.value}",
                *(number(getattr(estimate, name), name) for name in names),
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
    device: Annotated[str, typer.Option(help="The device to cost it on.")],
    as_json: Json = False,
    db: Database = "nas.db",
) -> None:
    """Print the layer table of a network with each layer's share of latency and energy."""
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
                signature.kind.value,
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
    energy = f", {number(estimate.energy_mj, 'energy_mj')} mJ" if estimate.energy_mj else ""
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


def calibrate_device(
    device: Annotated[str, typer.Option(help="Name of the device, such as my-board.")],
    measurements: Annotated[Path, typer.Option(help="A measurement log (CSV, may be gzipped).")],
    runtime: Annotated[str, typer.Option(help="What ran the networks, such as tflite.")],
    precision: Annotated[Precision, typer.Option(help="Number format.")] = Precision.FP32,
    batch: Annotated[int, typer.Option(min=1, help="Images per inference.")] = 1,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads, if fixed.")] = None,
    source: Annotated[str, typer.Option(help="Who measured it.")] = "own measurements",
    licence: Annotated[str, typer.Option(help="Licence of the measurements.")] = "unstated",
    to: Annotated[Path | None, typer.Option(help="Folder of models; the shipped one.")] = None,
) -> None:
    """Fit a device from a log with columns architecture, latency_ms and, if known, energy_mj."""
    log = read_log(measurements)
    key = ModelKey(device, runtime, precision, batch, threads)
    fitted = calibrate(log.rows, key)
    evidence = {
        "source": source,
        "licence": licence,
        "log_sha256": log.sha256,
        "samples": len(log.rows),
        "date": datetime.now(UTC).date().isoformat(),
        "versions": versions("numpy", "scipy"),
        "notes": "",
    }
    file = write_model(to or folder("latency_models"), fitted, evidence)
    stored = read_model(file)
    for name, error in (("latency", fitted.latency_error), ("energy", fitted.energy_error)):
        if error is not None:
            out.print(
                f"{name}: {error.samples} networks, held-out median error {error.median:.1%}, "
                f"{error.within_10_percent:.0%} within 10%, Spearman {error.spearman:.3f}"
            )
    out.print(f"wrote {stored.file}", markup=False)


def _error(error: HeldOutError | None, origin: str) -> str:
    return "–" if error is None else f"{error.median:.1%} ({origin})"


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


def _model_json(stored: StoredModel) -> dict[str, Any]:
    key, energy = stored.model.key, stored.model.energy
    return {
        "device": key.device,
        "runtime": key.runtime,
        "precision": key.precision.value,
        "batch": key.batch,
        "threads": key.threads,
        "latency_origin": stored.model.latency.origin.value,
        "energy_origin": energy.origin.value if energy else None,
        "evidence": stored.evidence.model_dump(mode="json"),
    }
