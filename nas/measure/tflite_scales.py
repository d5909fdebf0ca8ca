"""Operators and the range of each activation → how every tensor is stored in 8 bits.

TensorFlow Lite's own scheme: activations per tensor with a zero point, weights symmetric per
output channel, biases in 32 bits at the scale of what they are added to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas.measure.tflite_writer import Graph

Range = tuple[float, float]

_WEIGHTED = {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"}

_SAME_SCALE = {
    "PAD", "PADV2", "MAX_POOL_2D", "AVERAGE_POOL_2D", "CONCATENATION", "SPLIT", "RESHAPE",
    "TRANSPOSE",
}  # fmt: skip
"""Operators that only move or select numbers: what goes in and out has one scale."""

_LOGISTIC_RANGE = (0.0, 255 / 256)
"""The operator's output has the scale 1/256, whatever is seen."""


@dataclass(frozen=True, slots=True)
class Scale:
    """real = scale × (stored - zero).

    Args:
        scale: One for the tensor, or one for each channel.
        zero: The integer that stands for 0.
        dtype: Of the integers.
        axis: Where the channels are.
    """

    scale: NDArray[np.float32]
    zero: int = 0
    dtype: type[np.int8 | np.int32] = np.int8
    axis: int = 0

    def stored(self, values: NDArray[Any]) -> NDArray[Any]:
        """The integers of some values."""
        shape = [1] * values.ndim
        if self.scale.size > 1:
            shape[self.axis] = -1
        limits = np.iinfo(self.dtype)
        steps = np.round(values / self.scale.astype(np.float64).reshape(shape)) + self.zero
        return steps.clip(limits.min, limits.max).astype(self.dtype)

    def real(self, stored: NDArray[Any]) -> NDArray[np.float32]:
        """The values of integers of a tensor with one scale."""
        return (stored.astype(np.float32) - self.zero) * self.scale


def int8_scales(graph: Graph, ranges: Mapping[int, Range]) -> dict[int, Scale]:
    """How each tensor is stored, by index; tensors of axes and sizes stay as they are.

    Args:
        graph: What is stored.
        ranges: Least and greatest value of each activation.
    """
    found = {index: _affine(*limits) for index, limits in _settled(graph, ranges).items()}
    for operator in graph.operators:
        if operator.code in _WEIGHTED:
            source, weights, *bias = operator.inputs
            tensor = graph.tensors[weights]
            assert tensor.values is not None and tensor.channel_axis is not None
            found[weights] = _symmetric(tensor.values, tensor.channel_axis)
            for index in bias:
                scale = found[source].scale * found[weights].scale
                found[index] = Scale(scale, dtype=np.int32)
    return found


def _settled(graph: Graph, ranges: Mapping[int, Range]) -> dict[int, Range]:
    """Ranges of activations and of numbers beside them, one for all that must share a scale."""
    settled = dict(ranges)
    for index, tensor in enumerate(graph.tensors):
        if tensor.values is not None and tensor.values.dtype == np.float32:
            settled[index] = (float(tensor.values.min()), float(tensor.values.max()))
    for operator in graph.operators:
        if operator.code == "LOGISTIC":
            settled[operator.outputs[0]] = _LOGISTIC_RANGE
    # What was only moved says nothing new, and may hold the lowest number as padding.
    moved = {
        index for item in graph.operators if item.code in _SAME_SCALE for index in item.outputs
    }
    for group in _groups(graph):
        seen = [settled[index] for index in group & ranges.keys() - moved]
        joint = (min(low for low, _ in seen), max(high for _, high in seen))
        settled |= dict.fromkeys(group, joint)
    return settled


def _groups(graph: Graph) -> Iterator[set[int]]:
    """Tensors of numbers that must share a scale, directly or through one another."""
    groups: dict[int, set[int]] = {}
    for operator in graph.operators:
        if operator.code in _SAME_SCALE:
            touched = {*operator.inputs, *operator.outputs}
            joint = {index for index in touched if _is_number(graph, index)}
            joint |= {other for index in joint for other in groups.get(index, ())}
            groups |= dict.fromkeys(joint, joint)
    yield from {id(group): group for group in groups.values()}.values()


def _is_number(graph: Graph, index: int) -> bool:
    values = graph.tensors[index].values
    return values is None or values.dtype == np.float32


def _affine(low: float, high: float) -> Scale:
    """Zero is always representable, exactly: padding needs it."""
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / 255 or 1.0
    return Scale(np.array([scale], np.float32), round(-128 - low / scale))


def _symmetric(weights: NDArray[Any], axis: int) -> Scale:
    others = tuple(item for item in range(weights.ndim) if item != axis)
    greatest = np.abs(weights).max(axis=others)
    scale = np.where(greatest > 0, greatest / 127, 1.0).astype(np.float32)
    return Scale(scale, axis=axis)
