"""Public benchmark tables → every model that ships: `python -m benchmarks.fit_shipped --data DIR`.

Writes `latency_models/` and `search_spaces/predictors/`, and prints each model's held-out error.
The predictors take about a minute a fit, four fits each, on one core (OMP_NUM_THREADS=1).
The tables themselves are not part of this repository; NOTICE says where they come from.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.predictor_tables import PREDICTOR_TABLES, PredictorTable, read_rows
from nas.accuracy.artefact import model_json, write_predictor
from nas.accuracy.fit import fit
from nas.accuracy.predictor import network_ids
from nas.accuracy.validate import held_out_fit, summarise
from nas.cost.artefact import write_model
from nas.cost.calibrate import calibrate
from nas.cost.log import Measured, read_log
from nas.cost.log_writing import write_log
from nas.cost.model import ModelKey, Origin
from nas.graph.network import Precision
from nas.resources import folder
from nas.space.tables import fbnet_block
from nas.versions import versions

_BLOCKS = "hw_nas_bench_fbnet_lut/fbnet_block_lut.csv.gz"
_SOURCE = (
    "HW-NAS-Bench (Li et al., ICLR 2021; github.com/GATECH-EIC/HW-NAS-Bench), FBNet block table, "
    "as dumped by github.com/fracapuano/sim-is-more"
)
_BLOCK_SUM = (
    "Fitted on stand-alone blocks: a network is priced as the sum of its blocks, as that "
    "benchmark does. Launch overheads of stand-alone blocks are included, so that networks end "
    "to end on a device that overlaps launches take less."
)
_SEEDS = (0, 1, 2)  # of the splits behind a predictor's evidence


@dataclass(frozen=True, slots=True)
class _Device:
    """Where a device stands in the block table, and what its columns are."""

    runtime: str
    latency: str
    origin: Origin = Origin.MEASURED
    energy: str | None = None
    energy_origin: Origin = Origin.MEASURED
    note: str = ""


_DEVICES = {
    "jetson-tx2": _Device(
        "hw-nas-bench",
        "edgegpu_latency_ms",
        energy="edgegpu_energy_mj",
        note="Energy by the board's own power sensors.",
    ),
    "raspberry-pi-4": _Device("tflite", "raspi4_latency_ms"),
    "pixel-3": _Device("tflite", "pixel3_latency_ms"),
    "eyeriss": _Device(
        "hw-nas-bench",
        "eyeriss_latency_ms",
        Origin.SIMULATED,
        "eyeriss_energy_mj",
        Origin.SIMULATED,
        "Energies that equal the latency to the last digit are left out as copying errors.",
    ),
    "zc706": _Device(
        "hw-nas-bench",
        "fpga_latency_ms",
        energy="fpga_energy_mj",
        energy_origin=Origin.MODELLED,
        note="Energy is 7 W x latency in the source.",
    ),
}


def block_log(table: pd.DataFrame, latency: str, energy: str | None) -> list[Measured]:
    """Rows of the block table as measurements; rows of one shape are one group."""
    made = []
    for row in table.to_dict("records"):
        architecture = fbnet_block({str(name): value for name, value in row.items()})
        if architecture is None or not row[latency] > 0:
            continue
        energy_mj = row[energy] if energy else None
        if energy_mj == row[latency] or not (energy_mj or 0) > 0:
            energy_mj = None
        made.append(Measured.of(architecture, row[latency], energy_mj, _group(row)))
    return made


def _group(row: dict[Any, Any]) -> str:
    """Blocks of one shape are held out together; so is each other kind of row."""
    if row["op"] != "ConvBlock":
        return str(row["op"])
    shape = (row["h"], row["w"], row["c_in"], row["c_out"], row["stride"])
    return "ConvBlock " + "x".join(str(int(size)) for size in shape)


def fit_devices(data: Path, to: Path) -> None:
    """Fit and write the device models."""
    table = pd.read_csv(data / _BLOCKS)
    for name, device in _DEVICES.items():
        with tempfile.TemporaryDirectory() as scratch:
            file = Path(scratch) / "log.csv"
            write_log(file, block_log(table, device.latency, device.energy))
            log = read_log(file)
        key = ModelKey(name, device.runtime, Precision.FP32, 1, None)
        fitted = calibrate(
            log.rows,
            key,
            latency_origin=device.origin,
            energy_origin=device.energy_origin,
            per_run=False,
        )
        evidence = {
            "source": _SOURCE,
            "licence": "MIT",
            "log_sha256": log.sha256,
            "samples": len(log.rows),
            "date": datetime.now(UTC).date().isoformat(),
            "versions": versions("numpy", "scipy"),
            "notes": f"{_BLOCK_SUM} {device.note}".strip(),
        }
        file = write_model(to, fitted, evidence)
        for cost, error in (("latency", fitted.latency_error), ("energy", fitted.energy_error)):
            if error:
                print(
                    f"{name:16}{cost:9}{error.samples:4} samples  held-out median "
                    f"{error.median:6.1%}  within 10% {error.within_10_percent:4.0%}  "
                    f"Spearman {error.spearman:.3f}  {file.name}"
                )


def fit_predictors(data: Path, to: Path) -> None:
    """Fit and write the predictors."""
    for table in PREDICTOR_TABLES:
        fit_predictor(data, to, table)


def fit_predictor(data: Path, to: Path, table: PredictorTable) -> None:
    """Fit one predictor on all rows, and on parts of them for its evidence; write it."""
    rows = read_rows(data, table)
    fits = [
        held_out_fit(
            rows.levels, rows.quantity, factors=rows.factors, settings=table.settings, seed=seed
        )
        for seed in _SEEDS
    ]
    held_out = summarise(fits, rows=len(rows.quantity))
    model = fit(rows.levels, rows.quantity, factors=rows.factors, settings=table.settings)
    document = {
        "space": table.space,
        "objective": table.objective,
        "title": table.title,
        "unit": table.unit,
        "domain": {"resolution": rows.space.declaration.input.resolution[0]},
        "networks": network_ids(rows.space),
        "variables": [{"name": v.name, "values": v.values} for v in rows.space.variables],
        "evidence": {
            "source": table.source,
            "licence": table.licence,
            "table_sha256": rows.table_sha256,
            "samples": rows.samples,
            "held_out": held_out.model_dump(),
            "date": datetime.now(UTC).date().isoformat(),
            "versions": versions("numpy", "scipy"),
            "notes": table.notes,
        },
        "model": model_json(model),
    }
    file = write_predictor(to, document)
    print(
        f"{table.space:16}{table.objective:13}{rows.samples:5} samples  held-out tau "
        f"{held_out.kendall_tau:.3f}  R2 {held_out.r2:.3f}  MAE {held_out.mae:.3g} {table.unit}  "
        f"median error {held_out.median_relative_error:.2%}  "
        f"90% interval holds {held_out.interval_coverage:.1%}  {file.name}",
        flush=True,
    )


def main() -> None:
    """Fit everything that ships, or one half of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the public tables")
    parser.add_argument("--only", choices=("devices", "predictors"), help="fit only these")
    arguments = parser.parse_args()
    if arguments.only != "predictors":
        fit_devices(arguments.data, folder("latency_models"))
    if arguments.only != "devices":
        fit_predictors(arguments.data, folder("search_spaces") / "predictors")


if __name__ == "__main__":
    main()
