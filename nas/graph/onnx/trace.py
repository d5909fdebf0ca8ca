"""ONNX model → OnnxGraph: ONNX's own shape inference, node by node, and constants along the way.

Of the weights only the shapes are looked at. Why node by node: shapes that exporters compute from
other shapes become constants on the way, which inference over whole models does not see.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from nas.errors import GraphImportError
from nas.graph.onnx.constants import NUMBERS, SMALL, fold
from nas.graph.onnx.graph import Array, Dims, Node, OnnxGraph, external_rule
from nas.graph.onnx.reading import (
    STANDARD_DOMAINS,
    image_dims,
    live_nodes,
    only_image,
    opset_of,
)

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto, TypeProto

FREE = ("Cast", "CastLike", "Dropout", "Identity")
"""Operators whose output is their first input, at inference and up to its number format."""

_QUANTIZED = (
    "ConvInteger",
    "DequantizeLinear",
    "DynamicQuantizeLinear",
    "MatMulInteger",
    "QLinearConv",
    "QLinearMatMul",
    "QuantizeLinear",
)
_CONSTANT_TYPES = {
    "value_float": np.float32,
    "value_floats": np.float32,
    "value_int": np.int64,
    "value_ints": np.int64,
}
_MAX_RANK = 8
# Before this opset, inference counted windows that start in the padding, which runtimes skip.
_POOL_OPSET = 22


def read_graph(model: ModelProto, understood: Collection[str]) -> OnnxGraph:
    """The graph of an ONNX model, if all its operators are understood.

    Raises:
        GraphImportError: saying what is wrong with the model, and where.
    """
    nodes, needed = live_nodes(model.graph)
    trace = _Trace(opset_of(model), needed, understood)
    for tensor in model.graph.initializer:
        if tensor.name in needed:
            trace.add_constant(tensor.name, tensor)
    image = only_image(model.graph, needed)
    trace.add_image(image.name, image.type.tensor_type.elem_type, image_dims(image))
    for node in nodes:
        trace.add_node(node)
    return trace.graph(image.name, model.graph.output[0].name)


class _Trace:
    """Follows shapes and constants through the nodes, in order."""

    def __init__(self, opset: int, needed: set[str], understood: Collection[str]) -> None:
        self._opset = opset
        self._needed = needed
        self._understood = understood
        self._types: dict[str, TypeProto] = {}
        self._constants: dict[str, Array] = {}
        self._unread: set[str] = set()
        self._aliases: dict[str, str] = {}
        self._varying: set[str] = set()
        self._nodes: list[Node] = []

    def graph(self, image: str, output: str) -> OnnxGraph:
        """What was traced."""
        output = self._aliases.get(output, output)
        if output not in self._varying:
            raise GraphImportError(f"`{output}`, the output, must depend on the image")
        users: dict[str, list[Node]] = {}
        for node in self._nodes:
            for name in dict.fromkeys(node.inputs):
                users.setdefault(name, []).append(node)
        return OnnxGraph(
            image,
            output,
            tuple(self._nodes),
            {name: _dims(kind) for name, kind in self._types.items()},
            self._constants,
            frozenset(self._unread),
            frozenset(self._varying),
            {name: tuple(readers) for name, readers in users.items()},
        )

    def add_image(self, name: str, element_type: int, dims: Dims) -> None:
        """Declare the input."""
        self._declare(name, element_type, dims)
        self._varying.add(name)

    def add_constant(self, name: str, tensor: TensorProto) -> None:
        """Declare a weight, or a constant small enough to look at."""
        from onnx import TensorProto, numpy_helper

        dims = tuple(tensor.dims)
        self._declare(name, tensor.data_type, dims)
        if len(dims) > _MAX_RANK or math.prod(dims) > SMALL:
            return
        if tensor.data_location == TensorProto.EXTERNAL:
            self._unread.add(name)
            return
        try:
            value = numpy_helper.to_array(tensor)
        except (ValueError, TypeError, KeyError) as error:
            raise GraphImportError(f"`{name}` must hold a tensor; got {error}") from None
        if value.dtype.kind in NUMBERS:
            self._constants[name] = value

    def add_node(self, proto: NodeProto) -> None:
        """Follow one node whose inputs are all declared."""
        op = proto.op_type
        inputs = tuple(self._aliases.get(name, name) for name in proto.input)
        node = _node(proto, inputs)
        self._check_operator(node, proto.domain)
        self._check_names(node)
        varying = not self._varying.isdisjoint(inputs)
        if op == "Constant":
            self.add_constant(node.outputs[0], _constant_tensor(node))
        elif op in FREE and (varying or op != "Cast"):
            self._aliases[node.outputs[0]] = inputs[0]
        elif varying and op != "Shape":
            self._follow(node, proto)
        elif not self._fold(node):
            self._infer(node, proto)

    def _declare(self, name: str, element_type: int, dims: Iterable[int]) -> None:
        from onnx import helper

        self._types[name] = helper.make_tensor_type_proto(element_type, tuple(dims))

    def _check_operator(self, node: Node, domain: str) -> None:
        if node.op in _QUANTIZED:
            raise node.fault(
                "quantized graphs are not supported yet; export the float model instead"
            )
        varying = not self._varying.isdisjoint(node.inputs)
        known = (*self._understood, *FREE, "Constant", "Shape")
        if domain not in STANDARD_DOMAINS or (varying and node.op not in known):
            name = f"{domain}::{node.op}" if domain not in STANDARD_DOMAINS else node.op
            raise node.fault(
                f"`operator` must be one of {', '.join(sorted(known))}; "
                f"got {name}; leave what comes before and after the network out of the file"
            )

    def _check_names(self, node: Node) -> None:
        first = next(iter(node.inputs), "")
        if not node.outputs[0] or (node.op in (*FREE, "Shape") and not first):
            raise node.fault("must name its first input and its first output; got none")
        if node.attributes.get("num_outputs", len(node.outputs)) != len(node.outputs):
            raise node.fault(  # onnx would end the process
                f"`num_outputs` must be {len(node.outputs)}, as many as it names; "
                f"got {node.attributes['num_outputs']}"
            )
        for name in filter(None, node.inputs):
            if name not in self._types:
                raise node.fault(
                    f"nodes must come after what they read; got `{name}`, which nothing before "
                    "it writes"
                )
        for name in filter(None, node.outputs):
            if name in self._types or name in self._aliases:
                raise node.fault(f"tensors must be written once; got `{name}` again")

    def _follow(self, node: Node, proto: NodeProto) -> None:
        """Keep a node that the image passes through."""
        self._infer(node, proto)
        for name in self._needed.intersection(node.outputs):
            dims = _dims(self._types[name]) if name in self._types else (0,)
            if min(dims, default=1) >= 1:
                continue
            for source in self._unread.intersection(node.inputs):
                raise node.fault(external_rule(source))
            raise node.fault(
                f"the shape of `{name}` must be fixed and hold at least one element; "
                "export with a fixed height and width"
            )
        self._nodes.append(node)
        self._varying.update(filter(None, node.outputs))

    def _infer(self, node: Node, proto: NodeProto) -> None:
        """Declare a node's outputs by the standard's own rules."""
        import onnx
        from onnx import defs, helper, numpy_helper, shape_inference

        named = onnx.NodeProto()
        named.CopyFrom(proto)
        named.input[:] = node.inputs
        pools = node.op in ("AveragePool", "MaxPool")
        opset = max(self._opset, _POOL_OPSET) if pools else self._opset
        present = set(filter(None, node.inputs))
        try:
            types = shape_inference.infer_node_outputs(
                defs.get_schema(node.op, opset, ""),
                named,
                {name: self._types[name] for name in present},
                {
                    name: numpy_helper.from_array(self._constants[name])
                    for name in present & self._constants.keys()
                },
                opset_imports=[helper.make_opsetid("", opset)],
            )
        except (
            shape_inference.InferenceError,
            onnx.checker.ValidationError,
            defs.SchemaError,
            RuntimeError,
            ValueError,
        ) as error:
            found = " ".join(str(error).split())
            raise node.fault(f"must be valid ONNX of opset {self._opset}; got {found}") from None
        self._types.update(types)

    def _fold(self, node: Node) -> bool:
        """Declare the value of a node over constants, if it can be known."""
        from onnx import helper

        arrays: list[Array]
        if node.op == "Shape":
            arrays = [np.array(_dims(self._types[node.inputs[0]]), np.int64)]
        elif all(name in self._constants for name in node.inputs):
            arrays = [self._constants[name] for name in node.inputs]
        else:
            return False
        value = fold(node.op, arrays, node.attributes)
        if value is None:
            return False
        name = node.outputs[0]
        self._declare(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
        self._constants[name] = value
        return True


def _node(proto: NodeProto, inputs: tuple[str, ...]) -> Node:
    from onnx import helper

    name = proto.name or next(iter(proto.output), "")
    label = f"node {name!r} ({proto.op_type})"
    try:
        attributes: dict[str, Any] = {
            item.name: helper.get_attribute_value(item) for item in proto.attribute
        }
    except ValueError as error:
        raise GraphImportError(f"{label}: must have readable attributes; got {error}") from None
    names = (proto.op_type, proto.domain, *proto.output, *inputs, *attributes)
    if not all(isinstance(name, str) for name in names):  # bytes are what is not UTF-8
        raise GraphImportError(f"{label}: names must be text in UTF-8; export the model again")
    return Node(label, proto.op_type, inputs, tuple(proto.output), attributes)


def _constant_tensor(node: Node) -> TensorProto:
    """The value of a Constant node, in whichever of its attributes it stands."""
    from onnx import TensorProto, numpy_helper

    for name, value in node.attributes.items():
        if name == "value" and isinstance(value, TensorProto):
            return value
        if name in _CONSTANT_TYPES and np.asarray(value).dtype.kind in "if":
            return numpy_helper.from_array(np.asarray(value, _CONSTANT_TYPES[name]))
    raise node.fault(f"must hold numbers; got {', '.join(node.attributes) or 'nothing'}")


def _dims(kind: TypeProto) -> Dims:
    """Dimensions of a tensor type; 0 stands for one that is not known."""
    if not kind.tensor_type.HasField("shape"):
        return (0,)
    return tuple(dim.dim_value for dim in kind.tensor_type.shape.dim)
