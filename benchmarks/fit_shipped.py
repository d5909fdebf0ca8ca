"""Public benchmark tables → every model that ships: `python -m benchmarks.fit_shipped --data DIR`.

Writes `latency_models/` and `search_spaces/predictors/`, and prints each model's held-out error.
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

from nas.cost.artefact import write_model
from nas.cost.calibrate import calibrate
from nas.cost.log import Measured, read_log, write_log
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
    "Fitted on stand-alone blocks: a network is priced as the sum of its blocks, as that benchmark "
    "does. Launch overheads of stand-alone blocks are included, so that networks end to end on a "
    "device that overlaps launches take less."
)


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
        made.append(Measured(architecture, row[latency], energy_mj, _group(row)))
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
            log.rows, key, latency_origin=device.origin, energy_origin=device.energy_origin
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


def main() -> None:
    """Fit everything that ships."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the public tables")
    data = parser.parse_args().data
    fit_devices(data, folder("latency_models"))


if __name__ == "__main__":
    main()
