"""Kernel signatures → families and physical features: the columns of every additive cost model.

A family is a group of kernels that share a cost law; the features are counts per launch. Where a
family was never measured its law is borrowed along `BASIS`, from kernels that do the same work.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from nas.graph.network import KernelKind, Signature


class Family(StrEnum):
    """Kernels with one cost law."""

    POINTWISE = "pointwise_conv"
    CONV = "conv"
    GROUPED = "grouped_conv"
    DEPTHWISE = "depthwise_conv"
    LINEAR = "linear"
    POOL = "pool"
    ELEMENTWISE = "elementwise"
    MOVEMENT = "movement"


FEATURES = ("calls", "macs", "input_elements", "output_elements", "weight_elements")
"""What the cost of a launch is linear in."""

TRAFFIC = "traffic"
"""The device-wide cost of moving one element, the last resort of memory-bound families."""

BASIS: dict[Family, str] = {
    # A dense convolution or a linear layer is the same arithmetic as pointwise convolutions.
    Family.CONV: Family.POINTWISE,
    Family.GROUPED: Family.POINTWISE,
    Family.LINEAR: Family.POINTWISE,
    # These do next to no arithmetic: what they cost is the memory that they move.
    Family.POOL: TRAFFIC,
    Family.ELEMENTWISE: TRAFFIC,
    Family.MOVEMENT: TRAFFIC,
}

_BY_KIND = {
    KernelKind.DEPTHWISE_CONV: Family.DEPTHWISE,
    KernelKind.LINEAR: Family.LINEAR,
    KernelKind.MAX_POOL: Family.POOL,
    KernelKind.AVERAGE_POOL: Family.POOL,
    KernelKind.GLOBAL_POOL: Family.POOL,
    KernelKind.ADD: Family.ELEMENTWISE,
    KernelKind.MULTIPLY: Family.ELEMENTWISE,
    KernelKind.ACTIVATION: Family.ELEMENTWISE,
    KernelKind.CONCAT: Family.MOVEMENT,
    KernelKind.SLICE: Family.MOVEMENT,
    KernelKind.TRANSPOSE: Family.MOVEMENT,
}
_FAMILY_INDEX = {family: index for index, family in enumerate(Family)}


def family_of(signature: Signature) -> Family:
    """The family whose law prices a kernel."""
    if signature.kind is not KernelKind.CONV:
        return _BY_KIND[signature.kind]
    if signature.groups > 1:
        return Family.GROUPED
    return Family.POINTWISE if signature.kernel == 1 else Family.CONV


def features(signatures: Sequence[Signature]) -> NDArray[np.float64]:
    """Features of each kernel, in the columns of its family.

    Returns:
        Shape (count, families × features), zero outside the kernel's own family.
    """
    table = np.zeros((len(signatures), len(Family), len(FEATURES)))
    for row, signature in enumerate(signatures):
        table[row, _FAMILY_INDEX[family_of(signature)]] = (
            1,
            signature.macs,
            signature.input_elements,
            signature.output_elements,
            signature.weight_elements,
        )
    return table.reshape(len(signatures), len(Family) * len(FEATURES))
