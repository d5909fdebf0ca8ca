"""Kernels with parameters → random weights and biases, the same in every kind of file."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nas.graph.network import KernelKind, Signature

_BIAS_SCALE = 0.01


def draw_parameters(
    signature: Signature, generator: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Weights of He et al.'s scale, so that activations stay finite, and the bias if there is one.

    Returns:
        Weights as output channels × input channels of a group × height × width, those of a linear
        layer as outputs × inputs.
    """
    shape: tuple[int, ...]
    width = signature.out_shape[0]
    if signature.kind is KernelKind.LINEAR:
        shape = (width, signature.input_elements)
    else:
        channels = signature.in_shapes[0][0] // signature.groups
        shape = (width, channels, signature.kernel, signature.kernel)
    scale = np.float32((2.0 / math.prod(shape[1:])) ** 0.5)
    weights = generator.standard_normal(shape, np.float32) * scale
    if not signature.bias_elements:
        return weights, None
    bias = generator.standard_normal(signature.bias_elements, np.float32)
    return weights, bias * np.float32(_BIAS_SCALE)
