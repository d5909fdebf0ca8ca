"""Architecture → the text of model.py: one readable file that needs torch and nothing of ours.

The layers are the source of `nas.networks` as it stands, only those that the network uses; the
network itself is a class with one line per block.
"""

from __future__ import annotations

import ast
import inspect
import json
from types import ModuleType

from nas.graph.lower import lower
from nas.graph.network import Shape
from nas.networks import blocks, layers
from nas.networks.build import Argument, LayerCall, layer_calls
from nas.space.architecture import Architecture

_FILE = '''"""{title}

Classifies N × {image} images into N × {classes} logits. {weights} Needs torch only.
Architecture {id}.

    import torch
    from model import Network

    network = Network()
    logits = network(torch.randn(1, {sizes}))
"""

from __future__ import annotations

{imports}


{definitions}


class Network(nn.Module):
    """The network, one line per block; the comments give channels × height × width after it."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.Sequential(
{lines}
        )
        initialize(self)

    def forward(self, image: Tensor) -> Tensor:
        """N × {image} → N × {classes}."""
        x: Tensor = self.blocks(image)
        return x.flatten(1)
'''

_FRESH = "The weights are freshly initialised, not\ntrained."
_BESIDE = "A new `Network` has\nfresh weights; README.md says how to load {}."


def model_source(architecture: Architecture, title: str, *, weights: str | None = None) -> str:
    """The text of model.py.

    Args:
        architecture: The network.
        title: What to call it.
        weights: The file beside it that holds weights for it, if there is one.

    Raises:
        ArchitectureError: naming the block whose shapes cannot work.
    """
    calls = layer_calls(architecture)
    network = lower(architecture)
    shapes = {kernel.block: kernel.signature.out_shape for kernel in network.kernels}
    definitions = _definitions({call.layer.__name__ for call in calls} | {"initialize"})
    image = architecture.image
    sizes = (image.channels, image.height, image.width)
    return _FILE.format(
        title=_escaped(title),
        weights=_FRESH if weights is None else _BESIDE.format(weights),
        image=" × ".join(map(str, sizes)),
        sizes=", ".join(map(str, sizes)),
        classes=network.output_shape[0],
        id=architecture.id,
        imports=_imports(definitions),
        definitions=definitions,
        lines="\n".join(_line(call, shapes[index]) for index, call in enumerate(calls)),
    )


def _line(call: LayerCall, shape: Shape) -> str:
    """One block: the arguments that differ from the layer's own defaults, and the shape after."""
    parameters = inspect.signature(call.layer).parameters
    arguments = ", ".join(
        f"{name}={_literal(value)}"
        for name, value in call.arguments.items()
        if value != parameters[name].default
    )
    prefix = "nn." if call.layer.__module__.startswith("torch.") else ""
    comment = "x".join(map(str, shape))
    return f"            {prefix}{call.layer.__name__}({arguments}),  # {comment}"


def _literal(value: Argument) -> str:
    return json.dumps(value) if isinstance(value, str) else repr(value)


def _definitions(names: set[str]) -> str:
    """Source of these classes and functions and of all that they use, in the order of ours."""
    sources = {
        node.name: node
        for module in (layers, blocks)
        for node in _tree(module).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
    }
    needed: set[str] = set()
    waiting = names & sources.keys()
    while waiting:
        name = waiting.pop()
        needed.add(name)
        waiting |= (_names(sources[name]) & sources.keys()) - needed
    order = [name for name in sources if name != "initialize"] + ["initialize"]
    return "\n\n\n".join(_source(name) for name in order if name in needed)


def _source(name: str) -> str:
    home = layers if hasattr(layers, name) else blocks
    return inspect.getsource(getattr(home, name)).rstrip()


def _imports(definitions: str) -> str:
    plain = ["import torch"] if "torch" in _names(ast.parse(definitions)) else []
    return "\n".join([*plain, "from torch import Tensor, nn"])


def _tree(module: ModuleType) -> ast.Module:
    return ast.parse(inspect.getsource(module))


def _names(node: ast.AST) -> set[str]:
    return {child.id for child in ast.walk(node) if isinstance(child, ast.Name)}


def _escaped(title: str) -> str:
    """A title on one line that no docstring is broken by."""
    return " ".join(title.split()).replace("\\", "\\\\").replace('"', '\\"')
