"""Kernel signatures → physical features: the columns that every additive cost model is linear in.

A family is a group of kernels that share a cost law. Each family has a cost per launch, MAC,
element read and written, and weight; convolutions also pay for channels padded to the width of
vector and matrix units and for partly filled arrays, and activations that are not part of a
convolution's epilogue have a cost of their own. What an inference pays once, whatever it runs, are
the last columns, `PER_RUN`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nas.graph.network import KernelActivation, KernelKind, Network, Signature

Floats = NDArray[np.float64]


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

COUNTS = ("calls", "macs", "input_elements", "output_elements", "weight_elements")
"""What a launch of any family is charged for."""

_DENSE = ("macs_padded_16", "macs_padded_12_in", "macs_padded_14_wide")
_DEPTHWISE = ("taps", "strided_output_elements", "large_kernel_output_elements")
_COUNTED: dict[Family, tuple[str, ...]] = {
    Family.POINTWISE: (*COUNTS, *_DENSE),
    Family.CONV: (*COUNTS, *_DENSE),
    Family.GROUPED: (*COUNTS, *_DENSE),
    Family.DEPTHWISE: (*COUNTS, *_DEPTHWISE),
    Family.LINEAR: COUNTS,
    Family.POOL: ("calls", "input_elements", "output_elements"),
    Family.ELEMENTWISE: ("calls", "input_elements", "output_elements"),
    Family.MOVEMENT: ("calls", "input_elements", "output_elements"),
}
# Clamps, too: a runtime may fuse one of them and not the other (ONNX Runtime on host_ort_fp32:
# with their columns 92% of networks lie within 10%, without 67%).
CHARGED = (
    KernelActivation.RELU,
    KernelActivation.RELU6,
    KernelActivation.HARD_SWISH,
    KernelActivation.SWISH,
    KernelActivation.SIGMOID,
    KernelActivation.HARD_SIGMOID,
)
"""Activations with a cost of their own."""

PER_RUN = (
    "run.calls",
    "run.input_elements",
    "run.output_elements",
    "run.weight_elements_beyond_2_mib",
)
"""What one inference pays besides its kernels.

Weights of small networks stay in the last cache from one inference to the next; those of large
ones come from memory every time.
"""

COLUMNS: tuple[str, ...] = (
    *(f"{family.value}.{name}" for family, names in _COUNTED.items() for name in names),
    *(f"{each.value}.{name}" for each in CHARGED for name in ("calls", "output_elements")),
    *PER_RUN,
)
"""Names of all columns, `<family or activation>.<what is counted>`."""

CALLS = {family: COLUMNS.index(f"{family.value}.calls") for family in Family}
"""The column of each family's launches."""

_INDEX = {name: index for index, name in enumerate(COLUMNS)}
_CACHED_MIB = 2.0  # elements, 8 MiB of float32: a common size of last caches
_MIB = 2**20  # counts of millions keep the numbers of a model within a few orders of magnitude


def family_of(signature: Signature) -> Family:
    """The family whose law prices a kernel."""
    if signature.kind is not KernelKind.CONV:
        return _BY_KIND[signature.kind]
    if signature.groups > 1:
        return Family.GROUPED
    return Family.POINTWISE if signature.kernel == 1 else Family.CONV


def features(signatures: Sequence[Signature]) -> Floats:
    """Features of kernels: calls in ones, everything else in units of 2**20.

    Returns:
        Shape (count, columns), zero outside the kernel's own family and activation.
    """
    table = np.zeros((len(signatures), len(COLUMNS)))
    for row, signature in enumerate(signatures):
        columns, values = _entries(signature)
        table[row, columns] = values
    return table


@lru_cache(maxsize=2**16)  # fits and estimates ask for the same kernels over and over
def _entries(signature: Signature) -> tuple[list[int], list[float]]:
    """The columns that a kernel has something of, and how much."""
    counts = _counts(signature)
    named = [name for name in counts if name in _INDEX]
    return [_INDEX[name] for name in named], [counts[name] for name in named]


def _counts(signature: Signature) -> dict[str, float]:
    """Every count of a kernel by the name of its column."""
    family = family_of(signature)
    counts: dict[str, float] = {
        "calls": 1.0,
        "macs": signature.macs / _MIB,
        "input_elements": signature.input_elements / _MIB,
        "output_elements": signature.output_elements / _MIB,
        "weight_elements": signature.weight_elements / _MIB,
    }
    if family is Family.DEPTHWISE:
        counts |= _depthwise_counts(signature)
    elif family in (Family.POINTWISE, Family.CONV, Family.GROUPED):
        counts |= _dense_counts(signature)
    named = {f"{family.value}.{name}": value for name, value in counts.items()}
    if signature.activation in CHARGED:
        named[f"{signature.activation.value}.calls"] = 1.0
        named[f"{signature.activation.value}.output_elements"] = counts["output_elements"]
    return named


def _dense_counts(signature: Signature) -> dict[str, float]:
    """MACs with channels padded to vector units of 16, and to rows and columns of 12 × 14 arrays.

    Why these: AVX-512 and tensor units work on 16 channels at once; a spatial accelerator such as
    Eyeriss (Chen et al., 2016; 12 × 14) idles where a dimension does not fill its array.
    """
    width, _, columns = signature.out_shape
    inside = signature.in_shapes[0][0] / signature.groups
    outside = width / signature.groups
    macs = signature.macs / _MIB

    def padded(size: float, multiple: int) -> float:
        return float(np.ceil(size / multiple)) * multiple / size

    return {
        "macs_padded_16": macs * padded(inside, 16) * padded(outside, 16),
        "macs_padded_12_in": macs * padded(inside, 12),
        "macs_padded_14_wide": macs * padded(columns, 14),
    }


def _depthwise_counts(signature: Signature) -> dict[str, float]:
    """What depthwise convolutions take with the side of their kernel and their stride."""
    outputs = signature.output_elements / _MIB
    return {
        "taps": signature.kernel * outputs,
        "strided_output_elements": outputs if signature.stride > 1 else 0.0,
        "large_kernel_output_elements": outputs if signature.kernel > 3 else 0.0,
    }


@dataclass(frozen=True, slots=True)
class Runs:
    """Inferences of networks: elements that go in and out, and of all weights; one entry each."""

    input_elements: Floats
    output_elements: Floats
    weight_elements: Floats

    @classmethod
    def of(cls, networks: Sequence[Network]) -> Runs:
        """One inference of each network."""
        return cls(
            np.array([math.prod(network.tensors[0]) for network in networks], dtype=float),
            np.array([math.prod(network.output_shape) for network in networks], dtype=float),
            np.array(
                [sum(k.signature.weight_elements for k in n.kernels) for n in networks],
                dtype=float,
            ),
        )

    def features(self) -> Floats:
        """The columns `PER_RUN`; shape (inferences, 4)."""
        beyond = np.maximum(self.weight_elements / _MIB - _CACHED_MIB, 0.0)
        ones = np.ones(len(beyond))
        columns = (ones, self.input_elements / _MIB, self.output_elements / _MIB, beyond)
        return np.stack(columns, axis=1)


def run_features(networks: Sequence[Network]) -> Floats:
    """What one inference of each network pays once; (networks, columns), zero but in `PER_RUN`."""
    rows = np.zeros((len(networks), len(COLUMNS)))
    rows[:, -len(PER_RUN) :] = Runs.of(networks).features()
    return rows
