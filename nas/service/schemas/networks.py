"""Networks in responses: text, blocks, and a table of layers on a device."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel

from nas.graph.network import Precision
from nas.report.cost import CostView
from nas.report.neighbours import NeighboursView
from nas.service.given import GivenNetwork
from nas.service.schemas.costs import Cost, LayerCost
from nas.space.architecture import block_text
from nas.space.templates import Value


class Layer(LayerCost):
    """One kernel of a network on a device, in the order in which it runs.

    `memory_bytes` is what it holds at work: its weights and the tensors it reads and writes;
    `memory_to_peak` is that relative to the peak of the whole network.
    """

    kind: str
    output: tuple[int, int, int]
    memory_bytes: int
    memory_to_peak: float


class NetworkOut(BaseModel):
    """A network; `weight_bytes` and `peak_activation_bytes` are by precision.

    `cost` and `layers` are there where a device was asked for; layers name their block by index.
    """

    id: str
    title: str
    text: str
    image: tuple[int, int, int]
    classes: int
    blocks: list[str]
    parameters: int
    macs: int
    weight_bytes: dict[Precision, int]
    peak_activation_bytes: dict[Precision, int]
    cost: Cost | None
    layers: list[Layer]

    @classmethod
    def of(cls, given: GivenNetwork, view: CostView | None) -> Self:
        """A network, and what it costs by one model."""
        network, architecture = given.network, given.architecture
        image = architecture.image
        return cls(
            id=architecture.id,
            title=given.title,
            text=architecture.text,
            image=(image.channels, image.height, image.width),
            classes=network.output_shape[0],
            blocks=list(map(block_text, architecture.blocks)),
            parameters=network.parameters,
            macs=network.macs,
            weight_bytes={one: network.weight_bytes(one) for one in Precision},
            peak_activation_bytes={one: network.peak_activation_bytes(one) for one in Precision},
            cost=None if view is None else Cost.of(view, dearest=5),
            layers=[] if view is None else _layers(view),
        )


def _layers(view: CostView) -> list[Layer]:
    key, peak = view.model.stored.model.key, view.estimate.peak_memory_bytes
    layers = []
    for part in view.estimate.breakdown:
        signature = part.kernel.signature
        tensors = signature.input_elements + signature.output_elements
        held = (
            signature.weight_elements * key.precision.element_bytes
            + signature.bias_elements * key.precision.bias_bytes
            + tensors * key.precision.element_bytes * key.images
        )
        layers.append(
            Layer(
                **LayerCost.of(part, view).model_dump(),
                kind=signature.kind.value,
                output=signature.out_shape,
                memory_bytes=held,
                memory_to_peak=held / peak if peak else 0.0,
            )
        )
    return layers


class NeighbourOut(BaseModel):
    """A network one choice away; `changes` are its objectives minus those of the network.

    `better` says that it is worse in nothing, and better in something.
    """

    choice: str
    before: Value
    after: Value
    id: str
    text: str
    values: dict[str, float]
    changes: dict[str, float]
    better: bool


class NeighboursOut(BaseModel):
    """A network and what surrounds it in a space."""

    space: str
    id: str
    values: dict[str, float]
    neighbours: list[NeighbourOut]

    @classmethod
    def of(cls, view: NeighboursView) -> Self:
        """A view in plain values."""
        return cls(
            space=view.space,
            id=view.architecture.id,
            values=dict(view.values),
            neighbours=[
                NeighbourOut(
                    choice=one.choice,
                    before=one.before,
                    after=one.after,
                    id=one.architecture.id,
                    text=one.architecture.text,
                    values=dict(one.values),
                    changes={k: value - view.values[k] for k, value in one.values.items()},
                    better=one.architecture.id in view.better,
                )
                for one in view.neighbours
            ],
        )
