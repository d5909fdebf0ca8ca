"""Architectures and single convolutions → Networks, thousands in a second.

Networks of one space share their blocks: each block is lowered once for each shape that comes in,
and a network is its blocks' kernels with the tensors renumbered.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

from nas.graph.lower import lower_blocks
from nas.graph.network import Kernel, KernelKind, Network, Shape, Signature
from nas.space.architecture import Architecture, block_text
from nas.space.blocks import Block

_block = cache(lambda block, shape: lower_blocks([block], shape))
_text = cache(block_text)


@cache
def _placed(block: Block, shape: Shape, index: int, source: int, tensor: int) -> list[Kernel]:
    """A block's kernels where `source` comes in and the next tensor is number `tensor`."""
    renumbered = [source, *range(tensor, tensor + len(_block(block, shape).kernels))]
    return [
        replace(
            kernel,
            reads=tuple(renumbered[read] for read in kernel.reads),
            writes=renumbered[kernel.writes],
            block=index,
        )
        for kernel in _block(block, shape).kernels
    ]


def lower_quickly(architecture: Architecture) -> Network:
    """What `nas.graph.lower.lower` gives, with every block lowered once."""
    image = architecture.image
    shape: Shape = (image.channels, image.height, image.width)
    tensors, kernels, output = [shape], [], 0
    for index, block in enumerate(architecture.blocks):
        lowered = _block(block, shape)
        kernels += _placed(block, shape, index, output, len(tensors))
        if lowered.output:  # an identity keeps the tensor that came in
            output = len(tensors) + lowered.output - 1
        tensors += lowered.tensors[1:]
        shape = lowered.output_shape
    return Network(tuple(kernels), tuple(tensors), output)


def text_quickly(architecture: Architecture) -> str:
    """What `architecture.text` gives, with every block written once."""
    image = architecture.image
    size = f"image {image.channels}x{image.height}x{image.width}"
    return " | ".join([size, *map(_text, architecture.blocks)])


def one_convolution(
    source: Shape, width: int, kernel: int, stride: int, *, depthwise: bool, added: bool
) -> Network:
    """A convolution alone; `added` fuses the sum with a tensor of the output's shape into it."""
    size = tuple((side + 2 * (kernel // 2) - kernel) // stride + 1 for side in source[1:])
    result = (width, *size)
    groups = source[0] if depthwise else 1
    weights = width * (source[0] // groups) * kernel**2
    signature = Signature(
        KernelKind.DEPTHWISE_CONV if depthwise else KernelKind.CONV,
        (source, result) if added else (source,),
        result,
        kernel,
        stride,
        groups,
        weight_elements=weights,
        bias_elements=width,
    )
    reads = (0, 1) if added else (0,)
    tensors = (source, result, result) if added else (source, result)
    only = Kernel(signature, reads, len(tensors) - 1, weights + width, False, 0)
    assert math.prod(result) > 0, f"a convolution of {source} must leave positions; got {result}"
    return Network((only,), tensors, only.writes)
