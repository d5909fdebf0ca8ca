"""Shipped spaces → networks costed per second, vectorised beside one network at a time.

Run `python -m benchmarks.population`. The peer is what a look-up table does in other tools: walk
each network's layers and add up their costs (here the same model's `estimate`, after lowering).
Both run in turn in one process, on one core; read the ratios.
"""

from __future__ import annotations

import statistics
import time

from rich.progress import track

from nas.cost.catalog import find_model
from nas.cost.population import PopulationScorer
from nas.graph.lower import lower
from nas.space.catalog import find_space, space_names

_COUNT, _SINGLE, _ROUNDS = 200_000, 100, 5


def main() -> None:
    """Time every shipped space on the Jetson TX2: latency, energy, memory, MACs, parameters."""
    model = find_model("jetson-tx2").model
    print(f"{'space':16}{'set-up s':>10}{'scored/s':>12}{'walked/s':>10}{'ratio':>8}")
    for name in track(space_names(), description="timing", transient=True):
        space = find_space(name)
        started = time.perf_counter()
        scorer = PopulationScorer(space, model)
        setup = time.perf_counter() - started
        codes = space.sample(_COUNT, seed=0)
        scored, walked = [], []
        for _ in range(_ROUNDS):
            started = time.perf_counter()
            scorer.score(codes)
            scored.append(_COUNT / (time.perf_counter() - started))
            started = time.perf_counter()
            for code in codes[:_SINGLE]:
                model.estimate(lower(space.architecture(code)))
            walked.append(_SINGLE / (time.perf_counter() - started))
        ratio = statistics.median(a / b for a, b in zip(scored, walked, strict=True))
        print(
            f"{name:16}{setup:10.2f}{statistics.median(scored):12,.0f}"
            f"{statistics.median(walked):10,.0f}{ratio:8,.0f}"
        )


if __name__ == "__main__":
    main()
