"""Public benchmark tables → the held-out figures of a predictor.

    python -m benchmarks.accuracy_predictors --data DIR [--seeds 5]

Fits on random four fifths of the networks, compares on the last fifth, and sets the result beside
what the benchmark's authors published. A fit takes about a minute on one core
(OMP_NUM_THREADS=1). Ends with how long the shipped predictors take for 100,000 networks.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.predictor_tables import PREDICTOR_TABLES, PredictorTable, read_rows
from nas.accuracy.artefact import SeededFit
from nas.accuracy.predictor import find_predictor, predictor_domain
from nas.accuracy.validate import held_out_fit
from nas.space.catalog import find_space

_BARS = {
    "mnasnet-accuracy": "published XGBoost  tau 0.917 to 0.925  R2 0.983 to 0.984;  "
    "aim: tau >= 0.925, R2 >= 0.985, 90% interval within 2 points"
}
_FIGURES = ("kendall_tau", "r2", "mae", "median_relative_error", "interval_coverage")
_POPULATION = 100_000


def compare(data: Path, table: PredictorTable, seeds: int) -> None:
    """Print the held-out figures of one predictor for each seed, their mean and spread."""
    rows = read_rows(data, table)
    name = f"{table.space}-{table.objective}"
    print(f"{name}: {len(rows.quantity)} networks, a random fifth held out")
    print(f"{'seed':>6}" + "".join(f"{figure:>24}" for figure in _FIGURES))
    fits: list[SeededFit] = []
    for seed in range(seeds):
        found = held_out_fit(
            rows.levels, rows.quantity, factors=rows.factors, settings=table.settings, seed=seed
        )
        fits.append(found)
        _print_line(str(seed), [getattr(found, figure) for figure in _FIGURES])
    figures = np.array([[getattr(fit, figure) for figure in _FIGURES] for fit in fits])
    _print_line("mean", figures.mean(axis=0))
    _print_line("sd", figures.std(axis=0))
    if name in _BARS:
        print(f"{'':6}{_BARS[name]}")


def _print_line(label: str, figures: Sequence[float]) -> None:
    print(f"{label:>6}" + "".join(f"{figure:24.4f}" for figure in figures), flush=True)


def time_predictions(table: PredictorTable) -> None:
    """Print how much processor time the shipped predictor takes for a population."""
    domain = predictor_domain(table.space, table.objective)
    space = find_space(table.space).at_resolution(domain["resolution"])
    predictor = find_predictor(space, table.objective)
    codes = space.sample(_POPULATION, seed=0)
    predictor.evaluate(codes[:1])
    wall, processor = time.perf_counter(), time.process_time()
    predictor.evaluate(codes)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(
        f"{table.space}-{table.objective}: {_POPULATION:,} predictions in {wall:.2f} s, "
        f"{processor:.2f} s of processor time over all threads"
    )


def main() -> None:
    """Print the held-out figures of one predictor, and the times of all."""
    tables = {f"{table.space}-{table.objective}": table for table in PREDICTOR_TABLES}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the public tables")
    parser.add_argument("--predictor", choices=tables, default="mnasnet-accuracy")
    parser.add_argument("--seeds", type=int, default=5, help="number of random splits")
    arguments = parser.parse_args()
    compare(arguments.data, tables[arguments.predictor], arguments.seeds)
    for table in tables.values():
        time_predictions(table)


if __name__ == "__main__":
    main()
