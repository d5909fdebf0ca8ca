"""Rows of public benchmark tables → choices of our spaces, or architectures.

Pure: rows come in as mappings of column names to text or numbers, whoever read them. The tables
themselves are described in NOTICE and are not part of this package.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nas.space.architecture import Architecture, Image
from nas.space.blocks import Activation, Block, Conv, GlobalPool, InvertedResidual, Linear
from nas.space.templates import Value

Row = Mapping[str, Any]

FBNET_OPERATIONS = (
    *("k3_e1", "k3_e1_g2", "k3_e3", "k3_e6"),
    *("k5_e1", "k5_e1_g2", "k5_e3", "k5_e6", "skip"),
)
"""FBNet's operations in the order of HELP's `op_idx`."""

MACRO_OPERATIONS = ("identity", "k3_e3", "k5_e6")
"""NAS-Bench-Macro's operations in the order of its digits."""

_FBNET_DEPTHS = (1, 4, 4, 4, 4, 4, 1)
_MACRO_DEPTHS = (2, 3, 3)


def accel_nasbench(row: Row) -> dict[str, Value]:
    """A row of Accel-NASBench → choices of `mnasnet`."""
    choices: dict[str, Value] = {}
    for stage in range(7):
        choices[f"stage{stage + 1}.depth"] = int(row[f"block{stage}_l"])
        choices[f"stage{stage + 1}.kernel"] = int(row[f"block{stage}_k"])
        choices[f"stage{stage + 1}.expansion"] = float(row[f"block{stage}_e"])
        se = str(row[f"block{stage}_se"]).lower() in ("true", "1")
        choices[f"stage{stage + 1}.se"] = 0.25 if se else 0.0
    return choices


def once_for_all(row: Row) -> dict[str, Value]:
    """A row of HELP's OFA table or DyNAS-T's (`ks`, `e`, `d`, `r`) → choices of `mobilenet_v3`."""
    kernels, expansions = str(row["ks"]).split(), str(row["e"]).split()
    choices: dict[str, Value] = {"resolution": int(row["r"])}
    for stage, depth in enumerate(map(int, str(row["d"]).split())):
        choices[f"stage{stage + 1}.depth"] = depth
        for block in range(depth):
            name = f"stage{stage + 1}.block{block + 1}"
            choices[f"{name}.kernel"] = int(kernels[4 * stage + block])
            choices[f"{name}.expansion"] = float(expansions[4 * stage + block])
    return choices


def help_fbnet(row: Row) -> dict[str, Value]:
    """A row of HELP's FBNet table (`op_idx`) → choices of `fbnet_cifar100` or `fbnet`."""
    operations = [FBNET_OPERATIONS[int(index)] for index in str(row["op_idx"]).split()]
    return _operations(operations, _FBNET_DEPTHS)


def nas_bench_macro(row: Row) -> dict[str, Value]:
    """A row of NAS-Bench-Macro (`arch`, eight digits) → choices of `nas_bench_macro`."""
    digits = str(row["arch"]).zfill(sum(_MACRO_DEPTHS))
    return _operations([MACRO_OPERATIONS[int(digit)] for digit in digits], _MACRO_DEPTHS)


def _operations(operations: list[str], depths: tuple[int, ...]) -> dict[str, Value]:
    remaining = iter(operations)
    return {
        f"stage{stage}.block{block}.operation": next(remaining)
        for stage, depth in enumerate(depths, start=1)
        for block in range(1, depth + 1)
    }


def fbnet_block(row: Row) -> Architecture | None:
    """A row of HW-NAS-Bench's FBNet block table → the block alone as an architecture.

    None for the identity, which is not a network.
    """
    operation = row["op"]
    if operation == "FC":
        return Architecture(Image(int(row["c_in"]), 1, 1), (Linear(int(row["c_out"])),))
    image = Image(int(row["c_in"]), int(row["h"]), int(row["w"]))
    if operation == "AvgP":
        return Architecture(image, (GlobalPool(),))
    width, stride = int(row["c_out"]), int(row["stride"])
    block: Block
    if operation == "Skip":
        if stride == 1 and width == image.channels:
            return None
        block = Conv(kernel=1, width=width, stride=stride)
    elif operation == "ConvNorm":
        block = Conv(int(row["kernel"]), width, stride, activation=Activation.RELU)
    else:
        block = InvertedResidual(
            kernel=int(row["kernel"]),
            width=width,
            stride=stride,
            hidden=image.channels * int(row["expansion"]),
            groups=int(row["groups"]),
            activation=Activation.RELU,
        )
    return Architecture(image, (block,))
