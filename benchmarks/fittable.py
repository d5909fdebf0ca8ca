"""Public tables → what each device in them can be fitted on, with where it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.cost_table import CostTable, What
from benchmarks.cost_tables import find_table
from benchmarks.ethos_u import simulated
from benchmarks.ncnn_boards import chosen_runs
from nas.cost.law import Origin
from nas.cost.log import Measured
from nas.cost.model import ModelKey

_MOST_ROWS = 500
_MOST_KERNELS = 2000  # each tells less than a network
_FOLDS = 20

_HW_NAS_BENCH = (
    "HW-NAS-Bench (Li et al., ICLR 2021; github.com/GATECH-EIC/HW-NAS-Bench), FBNet block table, "
    "as dumped by github.com/fracapuano/sim-is-more"
)
_HELP = "HELP (Lee et al., NeurIPS 2021; github.com/HayeonLee/HELP)"
_ACCEL = "Accel-NASBench (Ahmad et al., 2024; github.com/afzalxo/Accel-NASBench)"
_TINYNAS = (
    "TinyNAS operation profile (github.com/alibaba/lightweight-neural-architecture-search), V100"
)
_NCNN = "ncnn benchmark (github.com/Tencent/ncnn, benchmark/README.md at a4d2ea1)"

_BLOCKS_NOTE = (
    "Fitted on stand-alone blocks: a network is priced as the sum of its blocks, as that "
    "benchmark does. Launch overheads of stand-alone blocks are included, so that networks end "
    "to end on a device that overlaps launches take less."
)
_KERNELS_NOTE = (
    "Fitted on stand-alone convolutions: what else a network executes is priced by the memory "
    "that it moves, and lies outside of what was calibrated."
)
_THROUGHPUT_NOTE = (
    "Times are 1 / throughput at a large batch, whose size the source does not state: the time "
    "that an image adds, not the time that one takes alone."
)
_VELA = "Arm's compiler Vela (pypi.org/project/ethos-u-vela), by benchmarks/ethos_u.py"
_VELA_NOTE = (
    "Simulated: what the compiler estimates for networks of all shipped spaces, and the "
    "references, with random weights. Nothing was executed."
)
_NCNN_NOTE = (
    "Contributed by users of ncnn, over several versions of it. Where the processor or the GPU "
    "has half-precision arithmetic, ncnn uses it for networks in fp32."
)


@dataclass(frozen=True, slots=True)
class Fittable:
    """Rows of one key, and what their model's evidence says of them.

    Args:
        key: What the model is for.
        rows: Networks with their costs.
        per_run: Whether each row carries one fixed cost of a call of the runtime.
        origins: What latencies and energies are.
    """

    key: ModelKey
    rows: Sequence[Measured]
    source: str
    licence: str
    per_run: bool = True
    notes: str = ""
    origins: tuple[Origin, Origin] = (Origin.MEASURED, Origin.MEASURED)


def fittable_devices(data: Path) -> Iterator[Fittable]:
    """Everything that the tables have to offer."""
    yield from block_devices(data)
    yield from boards(data)
    yield from _help_devices(find_table("help_fbnet", data), find_table("help_ofa", data))
    yield from _columns(find_table("accel_nasbench", data), _ACCEL, "Apache-2.0")
    yield from _columns(find_table("v100", data), _TINYNAS, "Apache-2.0")
    yield from _ethos_u()


def block_devices(data: Path) -> Iterator[Fittable]:
    """HW-NAS-Bench: latency, and energy where it says more than 7 W x latency does."""
    table = find_table("lut_blocks", data)
    simulated = (Origin.SIMULATED, Origin.SIMULATED)
    for latency, energy, note in (
        ("jetson_tx2", "jetson_tx2_energy", "Energy by the board's own power sensors."),
        ("raspi4", None, ""),
        ("pixel3", None, ""),
        (
            "eyeriss",
            "eyeriss_energy",
            "Energies that equal the latency to the last digit are left out as copying errors.",
        ),
        ("fpga", None, ""),
    ):
        yield Fittable(
            _key(table, latency),
            table.rows(latency, energy),
            _HW_NAS_BENCH,
            "MIT",
            per_run=table.columns[latency].what.per_run,
            notes=f"{_BLOCKS_NOTE} {note}".strip(),
            origins=simulated if latency == "eyeriss" else (Origin.MEASURED, Origin.MEASURED),
        )


def boards(data: Path) -> Iterator[Fittable]:
    """ncnn's benchmark: the chosen runs; says which were left out and why."""
    runs, complaints = chosen_runs(data)
    for complaint in complaints:
        print(f"left out: {complaint}", flush=True)
    for run in runs:
        notes = f"{_NCNN_NOTE} Run {run.number} of the source."
        yield Fittable(run.key, run.rows, _NCNN, "BSD-3-Clause", notes=notes)


def _ethos_u() -> Iterator[Fittable]:
    """Processors that a compiler simulates, from logs that stand beside this file."""
    for processor, log in simulated():
        origins = (Origin.SIMULATED, Origin.SIMULATED)
        rows = _in_folds(sorted(log.rows, key=lambda row: row.name))
        yield Fittable(processor.key, rows, _VELA, "Apache-2.0", notes=_VELA_NOTE, origins=origins)


def _help_devices(fbnet: CostTable, ofa: CostTable) -> Iterator[Fittable]:
    """HELP: both of its spaces together where a device is in both."""
    rows: dict[ModelKey, list[Measured]] = {}
    for table in (fbnet, ofa):
        for name in table.columns:
            rows.setdefault(_key(table, name), []).extend(_rows(table, name))
    for key, measured in rows.items():
        yield Fittable(key, measured, _HELP, "MIT")


def _columns(table: CostTable, source: str, licence: str) -> Iterator[Fittable]:
    notes = {What.THROUGHPUT: _THROUGHPUT_NOTE, What.KERNELS: _KERNELS_NOTE}
    for name, column in table.columns.items():
        yield Fittable(
            _key(table, name),
            _rows(table, name),
            source,
            licence,
            per_run=column.what.per_run,
            notes=notes.get(column.what, ""),
        )


def _key(table: CostTable, name: str) -> ModelKey:
    column = table.columns[name]
    return ModelKey(column.device, column.runtime, column.precision, column.batch, None)


def _rows(table: CostTable, name: str) -> list[Measured]:
    """Rows of a column, evenly over the table; networks that are alone in their group in folds."""
    column = table.columns[name]
    most = _MOST_KERNELS if column.what is What.KERNELS else _MOST_ROWS
    among = _spread(column.known.tolist(), most)
    rows = table.rows(name, among=among)
    if len({row.group for row in rows}) < len(rows):
        return rows
    return _in_folds(rows)


def _in_folds(rows: Sequence[Measured]) -> list[Measured]:
    return [replace(row, group=f"fold {place % _FOLDS}") for place, row in enumerate(rows)]


def _spread(rows: Sequence[int], most: int) -> list[int]:
    """At most so many of the rows, evenly over all of them."""
    step = max(1, len(rows) / most)
    return [rows[int(place * step)] for place in range(min(most, len(rows)))]
