"""Which kernel-level tensor every ONNX tensor stands for, while its graph becomes kernels.

Reshapes are free, so several ONNX tensors, of several shapes, may stand for one tensor; rules ask
here for the tensor in the form that they need.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from nas.errors import GraphImportError
from nas.graph.builder import NetworkBuilder
from nas.graph.network import Network
from nas.graph.onnx.graph import Node, OnnxGraph


class OnnxLowering:
    """The state that rules share: read `graph`, add kernels to `builder`, `produce` results.

    Args:
        graph: What is lowered.
    """

    def __init__(self, graph: OnnxGraph) -> None:
        _, channels, height, width = graph.shapes[graph.image]
        self.graph = graph
        self.builder = NetworkBuilder((channels, height, width))
        self._tensors = {graph.image: 0}
        self._padded: set[str] = set()
        self._probabilities: set[str] = set()
        self._absorbed: set[Node] = set()

    def network(self) -> Network:
        """What was built.

        Raises:
            GraphImportError: if nothing was, or the result is not that of a kernel.
        """
        name = self.graph.output
        if not self.builder.kernels or name in self._padded or name not in self._tensors:
            raise GraphImportError(
                f"`{name}`, the output, must come from a layer; got {len(self.builder.kernels)} "
                "layers before it"
            )
        return self.builder.build(self._tensors[name])

    def is_absorbed(self, node: Node) -> bool:
        """Whether a kernel before it does this node's work."""
        return node in self._absorbed

    def produce(self, name: str, tensor: int, absorbed: Iterable[Node] = ()) -> None:
        """Record a result, and the nodes that need no kernel of their own."""
        self._tensors[name] = tensor
        self._absorbed.update(absorbed)

    def view(self, node: Node) -> None:
        """Record that a node only names its input anew, whatever its shape."""
        source = self.source(node, node.inputs[0], may_end=True)
        if node.inputs[0] in self._probabilities:
            self._probabilities.add(node.outputs[0])
        self.produce(node.outputs[0], source)

    def pad(self, node: Node) -> None:
        """Record that the result, which only windows read, is the input with their padding."""
        self._padded.add(node.outputs[0])
        self.produce(node.outputs[0], self.image(node, node.inputs[0]))

    def end(self, node: Node) -> None:
        """Record that only views may read the result: probabilities, which no kernel computes."""
        self._probabilities.add(node.outputs[0])
        self.produce(node.outputs[0], self.source(node, node.inputs[0]))

    def source(self, node: Node, name: str, *, may_end: bool = False) -> int:
        """The tensor behind an input, in any shape; probabilities only where it `may_end`.

        Raises:
            GraphImportError: if it is a constant, or no longer logits.
        """
        if name in self._probabilities and not may_end:
            raise node.fault(
                f"`softmax` must be the last operator; got one that writes `{name}`, read here"
            )
        if name not in self._tensors:
            raise node.fault(
                f"`inputs` must be computed from the image; got {name!r}, which is not, or is an "
                "optional output"
            )
        return self._tensors[name]

    def image(self, node: Node, name: str) -> int:
        """The tensor behind an input whose shape says channels, and height and width if any.

        Raises:
            GraphImportError: also if reshapes gave it another shape.
        """
        tensor = self.source(node, name)
        self._require_image(node, name, tensor)
        return tensor

    def window_source(self, node: Node) -> int:
        """The tensor that a window slides over; its padding, if any, is left to the window."""
        name = node.inputs[0]
        if len(self.graph.shapes[name]) != 4:
            raise node.fault(f"`input` must have 4 dimensions; got {self.graph.shapes[name]}")
        return self.source(node, name) if name in self._padded else self.image(node, name)

    def is_flat(self, name: str, tensor: int) -> bool:
        """Whether an ONNX tensor is a vector of all elements of an image's tensor."""
        elements = math.prod(self.builder.tensors[tensor])
        return self.graph.shapes[name] == (self.graph.batch, elements)

    def _require_image(self, node: Node, name: str, tensor: int) -> None:
        dims = self.graph.shapes[name]
        meant, found = (self.graph.batch, *self.builder.tensors[tensor]), (*dims, 1, 1)[:4]
        if len(dims) not in (2, 3, 4) or found != meant:
            raise node.fault(
                f"`input` must be batch x channels (x height x width); got `{name}` of "
                f"{' x '.join(map(str, dims))} for a tensor of {' x '.join(map(str, meant))}; "
                "reshapes in between must be undone"
            )
