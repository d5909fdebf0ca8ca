"""HW-NAS-Bench's block table → blocks alone, and HELP's FBNet networks as sums of their blocks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

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
from nas.space.tables import FBNET_OPERATIONS, Row, fbnet_block, help_fbnet

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


def _lut_columns(frame: pd.DataFrame, what: What) -> dict[str, Column]:
    return {
        name: Column(
            device,
            runtime,
            Precision.FP32,
            1,
            column[-2:].replace("mj", "mJ"),
            what,
            positive(frame[column]),
        )
        for name, (device, runtime, column) in _LUT.items()
    }


def lut_blocks(name: str, data: Path) -> CostTable:
    """Blocks alone; those of one shape are one group."""
    frame = pd.read_csv(data / _BLOCKS)
    # These energies are copies of the latency.
    frame["eyeriss_energy_mj"] = frame["eyeriss_energy_mj"].where(
        frame["eyeriss_energy_mj"] != frame["eyeriss_latency_ms"]
    )
    made = [fbnet_block(row) for row in records(frame)]
    is_network = [block is not None for block in made]
    frame = frame[is_network]
    blocks = [block for block in made if block is not None]
    groups = [_shape_group(row) for row in records(frame)]
    return table_of(name, blocks, _lut_columns(frame, What.BLOCKS), groups)


def _shape_group(row: Row) -> str:
    if row["op"] != "ConvBlock":
        return str(row["op"])
    shape = (row["h"], row["w"], row["c_in"], row["c_out"], row["stride"])
    return "ConvBlock " + "x".join(str(int(size)) for size in shape)


def lut_sums(name: str, data: Path) -> CostTable:
    """HELP's 5,000 networks, each priced as the sum of its blocks' rows, as HELP did."""
    networks = pd.read_csv(data / _NETWORKS)
    blocks = pd.read_csv(data / _BLOCKS).set_index("key")
    rows = [_row_keys(str(indices)) for indices in networks["op_idx"]]
    wanted = [column for _, _, column in _LUT.values()]
    sums = np.array([blocks.loc[keys, wanted].sum().to_numpy() for keys in rows])
    columns = _lut_columns(pd.DataFrame(sums, columns=wanted), What.BLOCK_SUM)
    return table_of_space(name, "fbnet_cifar100", map(help_fbnet, records(networks)), columns)


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
