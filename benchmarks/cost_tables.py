"""Public tables of measured costs → networks, their costs on each device, and what a column is.

    table = find_table("help_fbnet", data)

Each reader knows one table; `NOTICE` says where the tables come from. They are not part of this
repository.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.cost_block_tables import lut_blocks, lut_sums
from benchmarks.cost_networks import one_convolution
from benchmarks.cost_table import (
    Column,
    CostTable,
    What,
    positive,
    records,
    table_of,
    table_of_space,
)
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
from nas.space.rounding import make_divisible
from nas.space.tables import (
    Row,
    accel_nasbench,
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
_ACCEL_LATENCY = {"zcu102": "zcu102", "vck190": "vck190"}
_ACCEL_THROUGHPUT = {
    "a100": ("a100", Precision.FP32),
    "3090": ("rtx-3090", Precision.FP32),
    "tpuv2": ("tpu-v2", Precision.FP32),
    "tpuv3": ("tpu-v3", Precision.FP32),
    "zcu102": ("zcu102", Precision.INT8),
    "vck190": ("vck190", Precision.INT8),
}


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
            positive(frame[f"{column}_ms"]),
        )
        for column, (device, batch) in known.items()
    }
    return table_of_space(name, space, map(choices, records(frame)), columns)


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
            positive(frame[f"latency_{column}_mean"]),
        )
        for column, device in _ACCEL_LATENCY.items()
    }
    for column, (device, precision) in _ACCEL_THROUGHPUT.items():
        per_image = 1000 / positive(frame[f"throughput_{column}_mean"])
        columns[f"{column}_throughput"] = Column(
            device, "accel-nasbench", precision, None, "ms", What.THROUGHPUT, per_image
        )
    return table_of_space(name, "mnasnet", map(accel_nasbench, records(frame)), columns)


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
        for row in records(rows)
    ]
    texts = [" ".join(map(str, row)) for row in rows.itertuples(index=False)]
    groups = [f"{row['c_in']} {row['h_in']} {row['c_out']}" for row in records(rows)]
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
    return table_of(name, made, {"ort_fp32": column}, [row["kind"] for row in rows])


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
    "lut_blocks": lut_blocks,
    "lut_sums": lut_sums,
    "v100": _v100,
    "host": _host,
}
TABLES = tuple(_READERS)
"""Names of all tables."""


def find_table(name: str, data: Path) -> CostTable:
    """Read a table by name from the folder of public tables."""
    return _READERS[name](name, data)
