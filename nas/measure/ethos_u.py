"""Network → what Arm's compiler says that an Ethos-U processor takes for it: a simulated device.

Vela compiles the int8 network for one configuration of the processor and its memories, and adds up
the cycles of what it has scheduled. Nothing is executed: its figures are estimates, and what they
are written to is labelled `simulated`. Weights are random, which its compression gains least from.
"""

from __future__ import annotations

import csv
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from nas.cost.model import ModelKey
from nas.errors import InputError, MissingExtraError, UnknownNameError
from nas.graph.network import Network, Precision
from nas.measure.runtimes.litert import tflite_model
from nas.versions import versions

RUNTIME = "vela"
"""What a model's key says measured it."""

_CPU_OPERATORS = re.compile(r"^CPU operators = (\d+)", re.MULTILINE)
_KIB = 1024


@dataclass(frozen=True, slots=True)
class EthosU:
    """A processor and the memories around it, by their names in Vela's own configuration file.

    Args:
        device: The accelerator, which is also its name as a device.
        system: Clock, bandwidths and latencies of the memories.
        memories: What lies where, and how much SRAM the processor has for itself.
    """

    device: str
    system: str
    memories: str

    @property
    def key(self) -> ModelKey:
        """The key of its model."""
        return ModelKey(self.device, RUNTIME, Precision.INT8, 1, None)


ETHOS_U = {
    item.device: item
    for item in (
        EthosU("ethos-u55-256", "Ethos_U55_High_End_Embedded", "Shared_Sram"),
        EthosU("ethos-u65-512", "Ethos_U65_Client_Server", "Dedicated_Sram_384KB"),
        EthosU("ethos-u85-1024", "Ethos_U85_SYS_DRAM_Mid", "Dedicated_Sram_384KB"),
    )
}
"""Accelerators, each in the surroundings that Vela assumes if it is told none."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """What Vela says of one inference.

    Args:
        latency_ms: Cycles over the clock.
        sram_bytes: SRAM in use at most.
        sram_traffic_bytes: Read from and written to SRAM.
        off_chip_traffic_bytes: Read from and written to DRAM or flash.
    """

    latency_ms: float
    sram_bytes: int
    sram_traffic_bytes: int
    off_chip_traffic_bytes: int


def find_ethos_u(device: str) -> EthosU:
    """A configuration by the name of its device.

    Raises:
        UnknownNameError: with the names that exist.
    """
    if device not in ETHOS_U:
        raise UnknownNameError("device", device, ETHOS_U)
    return ETHOS_U[device]


def vela_versions() -> dict[str, str]:
    """Versions of what decides the figures."""
    return versions("ethos-u-vela", "ai-edge-litert")


def simulate(network: Network, processor: EthosU) -> Simulation:
    """Compile a lowered architecture for a processor.

    Raises:
        InputError: if Vela refuses the network, or leaves a part of it to a CPU.
        MissingExtraError: if Vela or LiteRT is not installed.
    """
    if find_spec("ethosu") is None:
        raise MissingExtraError("simulating an Ethos-U", "ethos-u")
    with tempfile.TemporaryDirectory(prefix="nas-vela-") as name:
        folder = Path(name)
        file = folder / "network.tflite"
        file.write_bytes(tflite_model(network, Precision.INT8))
        _compile(file, folder, processor)
        (summary,) = folder.glob("*_summary_*.csv")
        with summary.open(newline="", encoding="utf-8") as handle:
            (row,) = csv.DictReader(handle)
    off_chip = ("dram_total_bytes", "off_chip_flash_total_bytes")
    return Simulation(
        latency_ms=float(row["inference_time"]) * 1e3,
        sram_bytes=round(float(row["sram_memory_used"]) * _KIB),
        sram_traffic_bytes=int(row["sram_total_bytes"]),
        off_chip_traffic_bytes=sum(int(row[name]) for name in off_chip),
    )


def _compile(file: Path, folder: Path, processor: EthosU) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "ethosu.vela", str(file)),
            *("--accelerator-config", processor.device),
            *("--config", "Arm/vela.ini"),
            *("--system-config", processor.system),
            *("--memory-mode", processor.memories),
            *("--output-dir", str(folder)),
            "--show-cpu-operations",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    outside = _CPU_OPERATORS.search(done.stdout)
    if done.returncode or outside is None:
        said = (done.stderr or done.stdout).strip().split("\n")[-1]
        raise InputError(f"`network` must compile for {processor.device}; Vela says: {said}")
    if outside[1] != "0":
        raise InputError(
            f"`network` must run on {processor.device} as a whole; Vela leaves {outside[1]} "
            "operators to a CPU that it does not time; simulate another network"
        )
