"""Public benchmark tables → every model that ships: `python -m benchmarks.fit_shipped --data DIR`.

Writes `latency_models/` and `search_spaces/predictors/`, and prints each model's held-out error.
The predictors take about a minute a fit, four fits each, on one core (OMP_NUM_THREADS=1).
The tables themselves are not part of this repository; NOTICE says where they come from.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.predictor_tables import PREDICTOR_TABLES, PredictorTable, read_rows
from benchmarks.shipped_devices import fit_devices
from nas.accuracy.artefact import model_json, write_predictor
from nas.accuracy.fit import fit
from nas.accuracy.predictor import network_ids
from nas.accuracy.validate import held_out_fit, summarise
from nas.resources import folder
from nas.versions import versions

_SEEDS = (0, 1, 2)  # of the splits behind a predictor's evidence


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
    parser.add_argument("--device", default="", help="fit only devices with this in their names")
    parser.add_argument("--only", choices=("devices", "predictors"), help="fit only these")
    arguments = parser.parse_args()
    if arguments.only != "predictors":
        fit_devices(arguments.data, folder("latency_models"), arguments.device)
    if arguments.only != "devices":
        fit_predictors(arguments.data, folder("search_spaces") / "predictors")


if __name__ == "__main__":
    main()
