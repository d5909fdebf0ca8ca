"""Public tables of measured costs → networks, their costs on each device, and what a column is.

    table = find_table("help_fbnet", data)

Each reader knows one table; `NOTICE` says where the tables come from. They are not part of this
repository.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.cost_networks import lower_quickly, one_convolution, text_quickly
from benchmarks.cost_table import Column, CostTable, Floats, What
from nas.graph.network import Precision
from nas.space.architecture import Architecture, Image
from nas.space.blocks import (
    Activation,
    Block,
    Conv,
    Gate,
    GlobalPool,
    InvertedResidual,
    Linear,
    SqueezeExcite,
)
from nas.space.catalog import find_space
from nas.space.rounding import make_divisible
from nas.space.tables import (
    FBNET_OPERATIONS,
    Row,
    accel_nasbench,
    fbnet_block,
    help_fbnet,
    once_for_all,
)

_HELP_FBNET = {
    **{
        f"{name}_{batch}": (device, batch)
        for name, device in (
            ("1080ti", "gtx-1080-ti"),
            ("2080ti", "rtx-2080-ti"),
            ("titanx", "titan-x"),
            ("titanxp", "titan-xp"),
        )
        for batch in (1, 32, 64)
    },
    "gold_6226": ("xeon-gold-6226", 1),
    "silver_4114": ("xeon-silver-4114", 1),
    "pixel2": ("pixel-2", 1),
    "samsung_s7": ("galaxy-s7", 1),
    "essential_ph_1": ("essential-phone", 1),
}
"""Column of HELP's FBNet table → device and batch."""

_HELP_OFA = {
    f"{name}_{batch}": (device, batch)
    for name, device in (("2080ti", "rtx-2080-ti"), ("titan_xp", "titan-xp"))
    for batch in (1, 32, 64)
}
_LUT = {
    "jetson_tx2": ("jetson-tx2", "hw-nas-bench", "edgegpu_latency_ms"),
    "jetson_tx2_energy": ("jetson-tx2", "hw-nas-bench", "edgegpu_energy_mj"),
    "raspi4": ("raspberry-pi-4", "tflite", "raspi4_latency_ms"),
    "pixel3": ("pixel-3", "tflite", "pixel3_latency_ms"),
    "eyeriss": ("eyeriss", "hw-nas-bench", "eyeriss_latency_ms"),
    "eyeriss_energy": ("eyeriss", "hw-nas-bench", "eyeriss_energy_mj"),
    "fpga": ("zc706", "hw-nas-bench", "fpga_latency_ms"),
}
"""Name → device, runtime and column of the block table; the FPGA's energy is 7 W x latency."""

_NETWORKS = "help_fbnet_latency/help_fbnet_latency.csv.gz"
_BLOCKS = "hw_nas_bench_fbnet_lut/fbnet_block_lut.csv.gz"
_ENDS = (
    "ConvNorm_H32_W32_Cin3_Cout16_kernel3_stride1_group1",
    "ConvNorm_H4_W4_Cin352_Cout1504_kernel1_stride1_group1",
    "AvgP_H4_W4_Cin1504_Cout1504_kernel4_stride1",
    "FC_Cin1504_Cout100",
)
_FBNET_STAGES = (
    (16, 1, 1),
    (24, 4, 1),
    (32, 4, 2),
    (64, 4, 2),
    (112, 4, 1),
    (184, 4, 2),
    (352, 1, 1),
)
"""Width, blocks and stride of each stage of FBNet at 32 x 32."""

_ACCEL_LATENCY = {"zcu102": "zcu102", "vck190": "vck190"}
_ACCEL_THROUGHPUT = {
    "a100": ("a100", Precision.FP32),
    "3090": ("rtx-3090", Precision.FP32),
    "tpuv2": ("tpu-v2", Precision.FP32),
    "tpuv3": ("tpu-v3", Precision.FP32),
    "zcu102": ("zcu102", Precision.INT8),
    "vck190": ("vck190", Precision.INT8),
}


def _records(frame: pd.DataFrame) -> list[Row]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _from_space(space: str, choices: Iterable[dict[str, Any]]) -> list[Architecture]:
    found = find_space(space)
    return [found.architecture(found.encode(chosen)) for chosen in choices]


def _table(
    name: str, made: Sequence[Architecture], columns: dict[str, Column], groups: Sequence[str] = ()
) -> CostTable:
    texts = [text_quickly(architecture) for architecture in made]
    return CostTable(name, texts, [lower_quickly(a) for a in made], groups or texts, columns)


def _positive(values: Any) -> Floats:
    numbers = np.asarray(values, dtype=float)
    return np.where(numbers > 0, numbers, np.nan)


def _help(name: str, data: Path) -> CostTable:
    space, choices, known = {
        "help_fbnet": ("fbnet_cifar100", help_fbnet, _HELP_FBNET),
        "help_ofa": ("mobilenet_v3", once_for_all, _HELP_OFA),
    }[name]
    frame = pd.read_csv(data / f"{name}_latency/{name}_latency.csv.gz")
    columns = {
        column: Column(
            device,
            "help",
            Precision.FP32,
            batch,
            "ms",
            What.END_TO_END,
            _positive(frame[f"{column}_ms"]),
        )
        for column, (device, batch) in known.items()
    }
    return _table(name, _from_space(space, map(choices, _records(frame))), columns)


def _accel(name: str, data: Path) -> CostTable:
    frame = pd.read_csv(data / "accel_nasbench/accel_nasbench.csv.gz")
    columns = {
        f"{column}_latency": Column(
            device,
            "vitis-ai",
            Precision.INT8,
            1,
            "ms",
            What.END_TO_END,
            _positive(frame[f"latency_{column}_mean"]),
        )
        for column, device in _ACCEL_LATENCY.items()
    }
    for column, (device, precision) in _ACCEL_THROUGHPUT.items():
        per_image = 1000 / _positive(frame[f"throughput_{column}_mean"])
        columns[f"{column}_throughput"] = Column(
            device, "accel-nasbench", precision, None, "ms", What.THROUGHPUT, per_image
        )
    return _table(name, _from_space("mnasnet", map(accel_nasbench, _records(frame))), columns)


def _lut_columns(frame: pd.DataFrame, what: What) -> dict[str, Column]:
    return {
        name: Column(
            device,
            runtime,
            Precision.FP32,
            1,
            column[-2:].replace("mj", "mJ"),
            what,
            _positive(frame[column]),
        )
        for name, (device, runtime, column) in _LUT.items()
    }


def _lut_blocks(name: str, data: Path) -> CostTable:
    """Blocks alone; those of one shape are one group."""
    frame = pd.read_csv(data / _BLOCKS)
    # These energies are copies of the latency.
    frame["eyeriss_energy_mj"] = frame["eyeriss_energy_mj"].where(
        frame["eyeriss_energy_mj"] != frame["eyeriss_latency_ms"]
    )
    made = [fbnet_block(row) for row in _records(frame)]
    is_network = [block is not None for block in made]
    frame = frame[is_network]
    blocks = [block for block in made if block is not None]
    groups = [_shape_group(row) for row in _records(frame)]
    return _table(name, blocks, _lut_columns(frame, What.BLOCKS), groups)


def _shape_group(row: Row) -> str:
    if row["op"] != "ConvBlock":
        return str(row["op"])
    shape = (row["h"], row["w"], row["c_in"], row["c_out"], row["stride"])
    return "ConvBlock " + "x".join(str(int(size)) for size in shape)


def _lut_sums(name: str, data: Path) -> CostTable:
    """HELP's 5,000 networks, each priced as the sum of its blocks' rows, as HELP did."""
    networks = pd.read_csv(data / _NETWORKS)
    blocks = pd.read_csv(data / _BLOCKS).set_index("key")
    rows = [_row_keys(str(indices)) for indices in networks["op_idx"]]
    wanted = [column for _, _, column in _LUT.values()]
    sums = np.array([blocks.loc[keys, wanted].sum().to_numpy() for keys in rows])
    made = _from_space("fbnet_cifar100", map(help_fbnet, _records(networks)))
    return _table(name, made, _lut_columns(pd.DataFrame(sums, columns=wanted), What.BLOCK_SUM))


def _row_keys(indices: str) -> list[str]:
    """Keys of the block table for a network given as HELP's operation indices."""
    keys = list(_ENDS)
    remaining = iter(indices.split())
    size, channels = 32, 16
    for width, depth, stride in _FBNET_STAGES:
        for step in (stride, *[1] * (depth - 1)):
            operation = FBNET_OPERATIONS[int(next(remaining))]
            shape = f"H{size}_W{size}_Cin{channels}_Cout{width}"
            if operation == "skip":
                keys.append(f"Skip_{shape}_stride{step}")
            else:
                kernel, expansion, *grouped = (word[1:] for word in operation.split("_"))
                keys.append(
                    f"ConvBlock_{shape}_exp{expansion}_kernel{kernel}_stride{step}"
                    f"_group{grouped[0] if grouped else 1}"
                )
            size, channels = size // step, width
    return keys


def _v100(name: str, data: Path) -> CostTable:
    """Single convolutions; those of one (channels in, height, channels out) are one group."""
    frame = pd.read_csv(data / "alibaba_v100_trt_conv/v100_trt_conv.csv.gz")
    # The second fp16 file disagrees with the first by a factor of 2.6 where both have a row.
    frame = frame[(frame["latency_ms"] > 0) & ~frame["source_file"].str.endswith(".damoyolo")]
    shape = ["conv_type", "c_in", "h_in", "c_out", "kernel", "stride", "elmt_fused"]
    wide = frame.pivot_table(
        index=shape, columns=["precision", "batch"], values="latency_ms", aggfunc="median"
    )
    columns = {
        f"{precision}_b{batch}": Column(
            "v100",
            "tensorrt",
            Precision(precision),
            int(batch),
            "ms",
            What.KERNELS,
            wide[precision, batch].to_numpy(),
        )
        for precision, batch in wide.columns
    }
    rows = wide.index.to_frame(index=False)
    networks = [
        one_convolution(
            (int(row["c_in"]), int(row["h_in"]), int(row["h_in"])),
            int(row["c_out"]),
            int(row["kernel"]),
            int(row["stride"]),
            depthwise=row["conv_type"] == "Depthwise",
            added=bool(row["elmt_fused"]),
        )
        for row in _records(rows)
    ]
    texts = [" ".join(map(str, row)) for row in rows.itertuples(index=False)]
    groups = [f"{row['c_in']} {row['h_in']} {row['c_out']}" for row in _records(rows)]
    return CostTable(name, texts, networks, groups, columns)


def _host(name: str, data: Path) -> CostTable:
    """Networks of four families on one core; a family is one group."""
    with gzip.open(data / "host_ort_fp32/host_ort_fp32.jsonl.gz", "rt") as lines:
        rows = [json.loads(line) for line in lines]
    column = Column(
        "x86-core",
        "onnxruntime",
        Precision.FP32,
        1,
        "ms",
        What.END_TO_END,
        np.array([min(row["a"], row["b"]) for row in rows]),
    )
    made = [_host_network(row) for row in rows]
    return _table(name, made, {"ort_fp32": column}, [row["kind"] for row in rows])


_HOST_ACTIVATIONS = {
    "relu": Activation.RELU,
    "relu6": Activation.RELU6,
    "hs": Activation.HARD_SWISH,
    "sw": Activation.SWISH,
}


def _host_network(row: Row) -> Architecture:
    activation, channels = _HOST_ACTIVATIONS[row["kw"]["act"]], row["kw"]["stem"]
    blocks: list[Block] = [Conv(3, channels, 2, activation=activation)]
    for width, kernel, stride, expansion, se in row["spec"]:
        hidden = channels * expansion
        squeezed = SqueezeExcite(make_divisible(hidden / 4, 8), Activation.RELU, Gate.HARD_SIGMOID)
        blocks.append(
            InvertedResidual(
                kernel=kernel,
                width=width,
                stride=stride,
                hidden=hidden if expansion > 1 else None,
                activation=activation,
                se=squeezed if se else None,
            )
        )
        channels = width
    blocks.append(Conv(1, row["kw"].get("head", 1280), activation=activation))
    blocks += [GlobalPool(), Linear(1000)]
    return Architecture(Image(3, row["res"], row["res"]), tuple(blocks))


_READERS: dict[str, Callable[[str, Path], CostTable]] = {
    "help_fbnet": _help,
    "help_ofa": _help,
    "accel_nasbench": _accel,
    "lut_blocks": _lut_blocks,
    "lut_sums": _lut_sums,
    "v100": _v100,
    "host": _host,
}
TABLES = tuple(_READERS)
"""Names of all tables."""


def find_table(name: str, data: Path) -> CostTable:
    """Read a table by name from the folder of public tables."""
    return _READERS[name](name, data)
