"""A search space → one weight-sharing network that holds the weights of all of its networks.

Every place of the space, a position in a stage and what stands there, has one layer of the largest
shape. A network uses the first channels of each and the centre of its kernels (Cai et al.,
Once-for-All, ICLR 2020), through the same layers that `build` makes.

Why a position counts blocks and not declarations: where a block may be the identity, different
choices give the same network, and one network must have one set of weights.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import final

import torch
from torch import Tensor, nn
from torch.func import functional_call

from nas.networks.build import BUILD, Argument, ClassificationNetwork, LayerCall
from nas.networks.layers import initialize
from nas.space.architecture import Architecture
from nas.space.membership import locate
from nas.space.slots import Slot
from nas.space.space import Codes, SearchSpace
from nas.space.templates import Value

Step = tuple[str, LayerCall]
"""The name of a place, and the layer that a network has there."""
_Way = tuple[int, int, tuple[tuple[int, Value], ...]]  # width, blocks in the stage, shared choices


@final
class Supernet(nn.Module):
    """All networks of a space with shared weights.

    Args:
        space: Whose networks it holds.
        seed: Of the first weights; equal seeds give equal weights. None leaves them out, where
            others are to be loaded.
    """

    def __init__(self, space: SearchSpace, *, seed: int | None = 0) -> None:
        super().__init__()
        self.space = space
        calls = largest_calls(space)
        with torch.random.fork_rng(devices=[]), torch.device("meta" if seed is None else "cpu"):
            torch.default_generator.manual_seed(seed or 0)
            self.places = nn.ModuleDict({place: call.make() for place, call in calls.items()})
            if seed is not None:
                initialize(self.places)
        self._skeletons: dict[tuple[object, ...], nn.Module] = {}

    def forward(self, images: Tensor, code: Codes) -> Tensor:
        """Logits of the network of a code; gradients flow into the shared weights.

        Args:
            images: N × C × H × W; any H and W, also others than the code asks for.
            code: Canonical, of shape (variables,).
        """
        x = images
        for place, call in steps(self.space, code):
            layer = self._skeleton(call).train(self.training)
            x = functional_call(layer, _cut(self.places[place], layer), (x,), strict=True)
        return x.flatten(1)

    def slice(self, architecture: Architecture) -> ClassificationNetwork:
        """The module that `build` makes, with copies of the shared weights.

        Raises:
            ChoiceError: if the network is not one of the space.
        """
        path = list(steps(self.space, locate(self.space, architecture)))
        with torch.device("meta"):
            network = ClassificationNetwork(call.make() for _, call in path)
        weights = {
            f"blocks.{index}.{name}": tensor.detach().clone()
            for index, (place, _) in enumerate(path)
            for name, tensor in _cut(self.places[place], network.blocks[index]).items()
        }
        network.load_state_dict(weights, assign=True)
        for name, parameter in network.named_parameters():
            assert parameter.device.type != "meta", f"`{name}` has no shared weights"
        return network.train(self.training)

    def _skeleton(self, call: LayerCall) -> nn.Module:
        """A layer without weights, made once: it says which weights it needs and uses them."""
        key = call.layer, *sorted(call.arguments.items())
        if key not in self._skeletons:
            with torch.device("meta"):
                self._skeletons[key] = call.make()
        return self._skeletons[key]


def steps(space: SearchSpace, code: Codes) -> Iterator[Step]:
    """The places that a network passes, in order, and its layers there."""
    channels, count = space.declaration.input.channels, 0
    for slot in space.slots:
        values = tuple(space.variables[index].values[code[index]] for index in slot.variables)
        passed, channels, count = _through(slot, values, channels, count)
        yield from passed


def largest_calls(space: SearchSpace) -> dict[str, LayerCall]:
    """For each place the layer that every network's layer there is a part of."""
    found: dict[str, list[LayerCall]] = {}
    ways: set[_Way] = {(space.declaration.input.channels, 0, ())}
    for index, slot in enumerate(space.slots):
        later = {variable for other in space.slots[index + 1 :] for variable in other.variables}
        ways = {
            (channels, count, tuple((key, chosen[key]) for key in sorted(later & chosen.keys())))
            for way in ways
            for channels, count, chosen in _continued(space, slot, way, found)
        }
    return {place: _largest(calls) for place, calls in found.items()}


def _continued(
    space: SearchSpace, slot: Slot, way: _Way, found: dict[str, list[LayerCall]]
) -> Iterator[tuple[int, int, dict[int, Value]]]:
    """All ways through a slot from the end of a way; the layers met are added to `found`."""
    channels, count, fixed = way[0], way[1], dict(way[2])
    options = [
        (fixed[index],) if index in fixed else space.variables[index].values
        for index in slot.variables
    ]
    for values in itertools.product(*options):
        passed, *end = _through(slot, values, channels, count)
        for place, call in passed:
            found.setdefault(place, []).append(call)
        yield end[0], end[1], {**fixed, **dict(zip(slot.variables, values, strict=True))}


def _through(
    slot: Slot, values: tuple[Value, ...], channels: int, count: int
) -> tuple[list[Step], int, int]:
    """The steps of a slot, then the width and the blocks of its stage so far after it."""
    stage = slot.name.partition(".")[0]
    count = 0 if slot.position == 1 else count
    passed: list[Step] = []
    for block in slot.blocks(values, channels):
        call = BUILD[block.kind](block, channels)
        channels, count = getattr(block, "width", channels), count + 1
        passed.append((f"{stage}-{count}-{block.kind}{_form(call)}", call))
    return passed, channels, count


def _form(call: LayerCall) -> str:
    """What layers must have in common, besides their kind, to share weights."""
    groups = call.arguments.get("groups", 1)
    return (f"-g{groups}" if groups != 1 else "") + ("-bias" if call.arguments.get("bias") else "")


def _largest(calls: Sequence[LayerCall]) -> LayerCall:
    """The layer with the largest of each number and every part that any of the layers has."""
    arguments: dict[str, Argument] = {}
    for name in dict.fromkeys(name for call in calls for name in call.arguments):
        stated = [value for call in calls if (value := call.arguments.get(name)) is not None]
        numbers = [value for value in stated if isinstance(value, int)]
        arguments[name] = max(numbers) if numbers else next(iter(stated), None)
    return LayerCall(calls[0].layer, arguments)


def _cut(shared: nn.Module, layer: nn.Module) -> dict[str, Tensor]:
    """For every tensor of a layer the part of the shared one: first channels, centre of kernels.

    Parts are views, so gradients and running statistics reach the shared tensors.
    """
    whole = {**dict(shared.named_parameters()), **dict(shared.named_buffers())}
    wanted = itertools.chain(layer.named_parameters(), layer.named_buffers())
    return {name: _part(whole[name], tensor.shape) for name, tensor in wanted}


def _part(tensor: Tensor, shape: torch.Size) -> Tensor:
    for dimension, (size, wanted) in enumerate(zip(tensor.shape, shape, strict=True)):
        if size != wanted:
            start = (size - wanted) // 2 if dimension >= 2 else 0
            tensor = tensor.narrow(dimension, start, wanted)
    return tensor
