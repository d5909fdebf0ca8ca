"""An ONNX graph as values: the nodes that an image passes through, with every shape known.

What is free at inference (identity, dropout, casts) is gone, and all arithmetic over constants and
shapes is done, so that what remains is what runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas.errors import GraphImportError

Dims = tuple[int, ...]
"""An ONNX tensor's dimensions, batch included."""

Array = NDArray[np.generic]


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One ONNX node; two nodes are never equal.

    Args:
        label: What a person finds it by, for messages.
        op: Operator of the standard domain.
        inputs: Names of the tensors read; an empty name is an optional input left out.
        outputs: Names of the tensors written.
        attributes: Values by name; defaults are absent, strings are bytes.
    """

    label: str
    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]

    def fault(self, rule: str) -> GraphImportError:
        """The error that this node breaks a rule."""
        return GraphImportError(f"{self.label}: {rule}")


@dataclass(frozen=True, slots=True, eq=False)
class OnnxGraph:
    """Nodes in execution order, every one of which depends on the image.

    Args:
        image: Name of the input.
        output: Name of the result.
        nodes: What runs, in order.
        shapes: Dimensions of every tensor, weights included.
        constants: Values of the small constants.
        unread: Small constants whose values are in a file beside the model.
        varying: Names of the tensors that depend on the image.
        users: The nodes that read each tensor, in order.
    """

    image: str
    output: str
    nodes: tuple[Node, ...]
    shapes: Mapping[str, Dims]
    constants: Mapping[str, Array]
    unread: frozenset[str]
    varying: frozenset[str]
    users: Mapping[str, tuple[Node, ...]]

    @property
    def batch(self) -> int:
        """Images in the batch that the shapes are for."""
        return self.shapes[self.image][0]

    def only_user(self, name: str) -> Node | None:
        """The node that reads a tensor, if nothing else does."""
        users = self.users.get(name, ())
        return users[0] if len(users) == 1 and name != self.output else None

    def constant(self, node: Node, position: int) -> Array | None:
        """The value of a small constant input, or None where it is left out.

        Raises:
            GraphImportError: if the value depends on the image or is not in the file.
        """
        name = node.inputs[position] if position < len(node.inputs) else ""
        if not name:
            return None
        if name in self.constants:
            return self.constants[name]
        if name in self.unread:
            raise node.fault(external_rule(name))
        raise node.fault(f"`input {position}` must be a small constant; got {name!r}")

    def weight(self, node: Node, position: int) -> Dims:
        """The dimensions of an input that must be constant.

        Raises:
            GraphImportError: if it depends on the image, is left out or is empty.
        """
        name = node.inputs[position] if position < len(node.inputs) else ""
        dims = self.shapes.get(name)
        if name in self.varying or dims is None or min(dims, default=1) < 1:
            raise node.fault(
                f"`input {position}` must be a constant weight; got {name!r}; "
                "weights computed from the image are not understood"
            )
        return dims


def external_rule(name: str) -> str:
    """The rule that small constants stand in the model file."""
    return (
        f"the value of `{name}` must be inside the model file; got a reference to another file; "
        "export with small constants inside, or as one file"
    )
