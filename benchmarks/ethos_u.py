"""Networks → logs of what Vela says that they take: `python -m benchmarks.ethos_u --networks 150`.

The shipped models of the Ethos-U processors are fitted on these logs, which stand beside this
file. An interrupted run goes on where it stopped. About a second a network and processor.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from nas.cost.log import MeasurementLog, read_log
from nas.cost.log_writing import append_row
from nas.errors import InputError
from nas.graph.lower import lower
from nas.measure.ethos_u import ETHOS_U, EthosU, find_ethos_u, simulate, vela_versions
from nas.space.architecture import Architecture
from nas.space.catalog import find_network, find_space, reference_networks

LOGS = Path(__file__).parent / "logs"

SPACES = (
    *("efficientnet", "fbnet", "fbnet_cifar100", "mnasnet", "mobilenet_v2", "mobilenet_v3"),
    *("nas_bench_macro", "proxylessnas"),
)
"""The shipped spaces when the logs were made."""


def simulated() -> Iterator[tuple[EthosU, MeasurementLog]]:
    """What was simulated, of each processor."""
    for device, processor in ETHOS_U.items():
        yield processor, read_log(LOGS / f"{device}.csv.gz")


def networks(count: int) -> list[Architecture]:
    """Different networks: the references, then the spaces in turn."""
    found = {find_network(name): None for name in reference_networks()}
    draws = []
    for name in SPACES:
        space = find_space(name)
        codes = space.sample(count, seed=0)
        draws.append([space.architecture(code) for code in codes])
    for drawn in zip(*draws, strict=True):
        found |= dict.fromkeys(drawn)
    return list(found)[:count]


def simulate_all(architectures: list[Architecture], processor: EthosU, log: Path) -> None:
    """Append what is not in the log yet."""
    done = _names(log)
    for architecture in architectures:
        if architecture.text in done:
            continue
        began = time.perf_counter()
        try:
            found = simulate(lower(architecture), processor)
        except InputError as error:
            print(f"{processor.device}: {architecture.id}: {error}", flush=True)
            continue
        append_row(log, _row(architecture, processor, found.latency_ms, began))


def _row(
    architecture: Architecture, processor: EthosU, latency_ms: float, began: float
) -> dict[str, str | float | None]:
    key = processor.key
    return {
        "network": architecture.text,
        "latency_ms": latency_ms,
        "device": key.device,
        "runtime": key.runtime,
        "precision": key.precision.value,
        "batch": key.batch,
        "versions": " ".join(f"{name}={version}" for name, version in vela_versions().items()),
        "took_s": round(time.perf_counter() - began, 3),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _names(log: Path) -> set[str]:
    """Networks in a log that may not be there yet."""
    if not log.exists():
        return set()
    with log.open(newline="", encoding="utf-8") as handle:
        return {row["network"] for row in csv.DictReader(handle)}


def main() -> None:
    """Simulate networks on one or all processors and leave gzipped logs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=150)
    parser.add_argument("--device", help="one of the processors; all of them if absent")
    arguments = parser.parse_args()
    architectures = networks(arguments.networks)
    for device in [arguments.device] if arguments.device else ETHOS_U:
        log, kept = LOGS / f"{device}.csv", LOGS / f"{device}.csv.gz"
        if kept.exists() and not log.exists():
            log.write_bytes(gzip.decompress(kept.read_bytes()))
        simulate_all(architectures, find_ethos_u(device), log)
        kept.write_bytes(gzip.compress(log.read_bytes(), mtime=0))
        print(f"{device}: {len(_names(log))} networks in {kept}", flush=True)
        log.unlink()


if __name__ == "__main__":
    main()
