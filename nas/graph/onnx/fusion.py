"""Nodes after a convolution, linear layer or sum → what its kernel absorbs, as runtimes fuse.

A node is absorbed only if nothing outside the kernel reads what it replaces.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from nas.graph.network import KernelActivation
from nas.graph.onnx.graph import Node, OnnxGraph

_PLAIN = {
    "Relu": KernelActivation.RELU,
    "HardSwish": KernelActivation.HARD_SWISH,
    "Swish": KernelActivation.SWISH,
}
# A gate alone, and the activation that it makes when its own input is multiplied by it. Slopes
# differ between frameworks (hard sigmoid: 1/6 or 0.2) and change no cost.
_GATES = {
    "Sigmoid": (KernelActivation.SIGMOID, KernelActivation.SWISH),
    "HardSigmoid": (KernelActivation.HARD_SIGMOID, KernelActivation.HARD_SWISH),
}
_ENDLESS = 1e30
"""A bound as far away as this is none."""


@dataclass(frozen=True, slots=True)
class ActivationMatch:
    """An activation spelt by one or more nodes, from tensor `source` to tensor `output`."""

    activation: KernelActivation
    nodes: tuple[Node, ...]
    source: str
    output: str


@dataclass(frozen=True, slots=True)
class Epilogue:
    """What a kernel absorbs behind its own node; its result is tensor `output`."""

    nodes: tuple[Node, ...]
    output: str
    bias: bool = False
    normalized: bool = False
    activation: KernelActivation = KernelActivation.LINEAR


def activation_at(graph: OnnxGraph, node: Node) -> ActivationMatch | None:
    """The longest activation whose first node this is, or None."""
    source, output = node.inputs[0], node.outputs[0]
    if node.op in _PLAIN:
        return ActivationMatch(_PLAIN[node.op], (node,), source, output)
    if node.op == "Clip":
        clipped = _clipped(graph, node)
        return ActivationMatch(clipped, (node,), source, output) if clipped else None
    if node.op in _GATES:
        gate, gated = _GATES[node.op]
        match = ActivationMatch(gate, (node,), source, output)
        return _times_source(graph, match, gated) or match
    return _spelt_out(graph, node) if node.op == "Add" else None


def activation_behind(graph: OnnxGraph, name: str) -> ActivationMatch | None:
    """The activation that is all that reads a tensor, or None."""
    users = graph.users.get(name, ())
    if not users or name == graph.output:
        return None
    match = activation_at(graph, users[0])
    if match is None or match.source != name:
        return None
    return match if set(users) <= set(match.nodes) else None


def epilogue(graph: OnnxGraph, name: str, *, biased: bool) -> Epilogue:
    """Bias, batch-norm and activation behind a convolution or linear layer that writes `name`."""
    nodes: tuple[Node, ...] = ()
    bias, normalized = biased, False
    user = graph.only_user(name)
    if user is not None and not biased and _adds_bias(graph, user, name):
        nodes, name, bias = (user,), user.outputs[0], True
        user = graph.only_user(name)
    if user is not None and user.op == "BatchNormalization" and user.inputs[0] == name:
        nodes, name, normalized = (*nodes, user), user.outputs[0], True
    match = activation_behind(graph, name)
    if match is None:
        return Epilogue(nodes, name, bias, normalized)
    return Epilogue((*nodes, *match.nodes), match.output, bias, normalized, match.activation)


def _adds_bias(graph: OnnxGraph, node: Node, name: str) -> bool:
    """Whether a node adds one constant per channel to a tensor."""
    if node.op != "Add":
        return False
    (other,) = [item for item in node.inputs if item != name] or (name,)
    dims, added = graph.shapes[name], graph.shapes[other]
    per_channel = (dims[1],) + (1,) * (len(dims) - 2)
    return other not in graph.varying and added in (per_channel, (1, *per_channel))


def _clipped(graph: OnnxGraph, node: Node) -> KernelActivation | None:
    """ReLU or ReLU6 from the bounds: inputs since opset 11, attributes before."""
    bounds = []
    for position, name, default in ((1, "min", -math.inf), (2, "max", math.inf)):
        value = graph.constant(node, position)
        if value is not None and value.size != 1:
            return None
        bound = node.attributes.get(name, default) if value is None else value.item()
        bounds.append(float(bound))
    if bounds[0] != 0:
        return None
    if bounds[1] > _ENDLESS:
        return KernelActivation.RELU
    return KernelActivation.RELU6 if bounds[1] == 6 else None


def _times_source(
    graph: OnnxGraph, match: ActivationMatch, activation: KernelActivation
) -> ActivationMatch | None:
    """The match with the product of its source and its output appended, if that is all."""
    user = graph.only_user(match.output)
    if user is None or user.op != "Mul" or set(user.inputs) != {match.source, match.output}:
        return None
    return ActivationMatch(activation, (*match.nodes, user), match.source, user.outputs[0])


def _spelt_out(graph: OnnxGraph, add: Node) -> ActivationMatch | None:
    """Hard sigmoid or hard swish as relu6(x + 3) / 6, with x multiplied in before or after."""
    source = _scaled(graph, add, 3.0)
    clip = graph.only_user(add.outputs[0])
    if source is None or clip is None or clip.op != "Clip":
        return None
    if _clipped(graph, clip) is not KernelActivation.RELU6:
        return None
    gate, gated = _GATES["HardSigmoid"]
    match = ActivationMatch(gate, (add, clip), source, clip.outputs[0])
    product = _times_source(graph, match, gated)
    if product is not None:
        return _divided_by_six(graph, product)
    sixth = _divided_by_six(graph, match)
    return sixth and (_times_source(graph, sixth, gated) or sixth)


def _divided_by_six(graph: OnnxGraph, match: ActivationMatch) -> ActivationMatch | None:
    user = graph.only_user(match.output)
    if user is None or user.op not in ("Div", "Mul"):
        return None
    if _scaled(graph, user, 6.0 if user.op == "Div" else 1 / 6) != match.output:
        return None
    return ActivationMatch(match.activation, (*match.nodes, user), match.source, user.outputs[0])


def _scaled(graph: OnnxGraph, node: Node, factor: float) -> str | None:
    """The varying input of a node whose other input is that one number, or None."""
    if len(node.inputs) != 2:
        return None
    left, right = node.inputs
    if node.op != "Div" and left in graph.constants:
        left, right = right, left
    value = graph.constants.get(right)
    if left not in graph.varying or value is None or value.size != 1:
        return None
    return left if math.isclose(float(value.item()), factor, rel_tol=1e-3) else None
