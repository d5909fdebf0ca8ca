"""This machine → how well five minutes of measuring predict networks that it has never run.

    python -m benchmarks.host_calibration [--minutes 5] [--precision fp32] [--without proxylessnas]

Sixty networks are drawn from four spaces. They are measured, then the machine is calibrated as
`nas calibrate --measure` does, without networks of one of the four (its blocks may be part of
mosaics), then the sixty are measured twice more. A network's truth is the median of its three
visits, and what the quickest two differ by is the run-to-run noise.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nas.cost.calibrate import calibrate
from nas.cost.log import read_log
from nas.cost.model import CostModel, ModelKey
from nas.graph.network import Precision
from nas.measure.bench import Bench, Result
from nas.measure.campaign import Campaign, Step
from nas.measure.candidates import Candidate, pool, whole_networks
from nas.measure.machine import cpu_name
from nas.space.catalog import find_space, space_names

TESTED = ("mnasnet", "mobilenet_v3", "proxylessnas", "mobilenet_v2")
OF_EACH = 15
_TEST_SEED = 7
_LATER_VISITS = 2


@dataclass(frozen=True)
class Tested:
    """A network that the calibration never saw, with its readings."""

    space: str
    candidate: Candidate
    readings_ms: list[float]

    @property
    def truth_ms(self) -> float:
        """The median visit."""
        return statistics.median(self.readings_ms)

    @property
    def noise(self) -> float:
        """Relative standard deviation of the two quickest visits: what disturbs can only slow."""
        return statistics.stdev(sorted(self.readings_ms)[:2]) / self.truth_ms


def main() -> None:
    """Measure, calibrate, measure again, compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--precision", type=Precision, default=Precision.FP32)
    parser.add_argument("--runtime", default="onnxruntime")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--without", choices=TESTED, default="proxylessnas")
    parser.add_argument("--log", type=Path, help="go on with this log of the calibration")
    options = parser.parse_args()
    key = ModelKey("this-machine", options.runtime, options.precision, 1, options.threads)
    tested = unseen(options.without)
    with tempfile.TemporaryDirectory() as folder, Bench(key) as bench:
        log = options.log or Path(folder) / "log.csv"
        print(f"{cpu_name()}, {key}, {bench.versions}", flush=True)
        visit(bench, tested)
        began = time.monotonic()
        measure(bench, key, options.without, log, options.minutes * 60)
        took = time.monotonic() - began
        for _ in range(_LATER_VISITS):
            visit(bench, tested)
        rows = read_log(log).rows
    model = calibrate(rows, key).model
    print(f"{len(rows)} networks in {took / 60:.1f} minutes, none of {options.without}")
    compare(model, tested, options.without)


def unseen(without: str) -> list[Tested]:
    """Networks of every tested space that no calibration draws."""
    drawn = {candidate.architecture for candidate in candidates(without)}
    found = []
    for name in TESTED:
        fresh = whole_networks(find_space(name), 4 * OF_EACH, seed=_TEST_SEED)
        fresh = [candidate for candidate in fresh if candidate.architecture not in drawn]
        order = np.random.default_rng(_TEST_SEED).permutation(len(fresh))[:OF_EACH]
        found += [Tested(name, fresh[index], []) for index in order]
    return found


def candidates(without: str) -> list[Candidate]:
    """What the calibration chooses from."""
    spaces = [find_space(name) for name in space_names() if name != without]
    return pool(spaces, with_references=True, blocks_only=[find_space(without)])


def visit(bench: Bench, tested: Sequence[Tested]) -> None:
    """Measure every tested network once more."""
    for item in tested:
        result = bench.measure(item.candidate.architecture.text)
        assert isinstance(result, Result), result
        item.readings_ms.append(result.reading.latency_ms)


def measure(bench: Bench, key: ModelKey, without: str, log: Path, budget_s: float) -> None:
    """Calibrate as the command does."""

    def watch(step: Step) -> None:
        if step.measured % 25 == 0:
            error = "–" if step.recent_error is None else f"{step.recent_error:.1%}"
            print(f"  {step.spent_s:4.0f} s, {step.measured} networks, latest off by {error}",
                  flush=True)  # fmt: skip

    Campaign(
        bench,
        key,
        candidates(without),
        log,
        budget_s,
        watch=watch,
    ).run()


def compare(model: CostModel, tested: Sequence[Tested], without: str) -> None:
    """Print errors by space, and the bar: ±10%, or twice the noise where that is more."""
    estimates = [model.estimate(item.candidate.network) for item in tested]
    truth = np.array([item.truth_ms for item in tested])
    noise = np.array([item.noise for item in tested])
    error = np.array([e.latency_ms for e in estimates]) / truth - 1
    low, high = np.array([e.latency_interval_ms for e in estimates]).T
    covered = (low <= truth) & (truth <= high)
    allowed = np.maximum(0.10, 2 * noise)
    print("space            median error    bias  ±10%  ±10% or noise  interval  run-to-run noise")
    names = np.array([item.space for item in tested])
    for name in (*TESTED, "all"):
        inside = names == name if name != "all" else np.ones(len(names), bool)
        at = np.abs(error[inside])
        print(
            f"{name + (' (none)' if name == without else ''):22s}{np.median(at):7.1%}"
            f"{np.median(error[inside]):+8.1%}{(at <= 0.1).mean():6.0%}"
            f"{(at <= allowed[inside]).mean():15.0%}{covered[inside].mean():10.0%}"
            f"{np.median(noise[inside]):18.1%}"
        )


if __name__ == "__main__":
    main()
