"""Architectures: text, layers on a device, and the same network on every device."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from nas.cost.catalog import find_model
from nas.report.cost import cost_view
from nas.report.neighbours import neighbours_view
from nas.service.api.parts import OffersPart, StorePart
from nas.service.costs import network_costs
from nas.service.given import given_network
from nas.service.schemas.costs import Cost, Costs
from nas.service.schemas.networks import NeighboursOut, NetworkOut

router = APIRouter(prefix="/architectures", tags=["architectures"])

NetworkId = Annotated[
    str,
    Path(
        alias="id",
        min_length=1,
        max_length=200,
        description="The id of a network in the store, or the name of a reference network.",
    ),
]


@router.get("/{id}", summary="Show an architecture")
def show_architecture(
    identity: NetworkId,
    store: StorePart,
    device: Annotated[
        str | None, Query(min_length=1, max_length=200, description="Where its layers are costed.")
    ] = None,
) -> NetworkOut:
    """Its text, totals and, on a device, each layer with its share of the costs."""
    given = given_network(identity, store)
    view = None if device is None else cost_view(given.network, find_model(device))
    return NetworkOut.of(given, view)


@router.get("/{id}/devices", summary="An architecture on every device")
def show_on_devices(identity: NetworkId, store: StorePart) -> Costs:
    """What it costs by the model that each device's name stands for, the fastest first."""
    given = given_network(identity, store)
    views, without = network_costs(given.network, None)
    return Costs(
        network=given.title,
        id=given.architecture.id,
        parameters=given.network.parameters,
        macs=given.network.macs,
        costs=[Cost.of(view, dearest=0) for view in views],
        without=without,
    )


@router.get("/{id}/neighbours", summary="What is one change away")
def show_neighbours(
    identity: NetworkId,
    store: StorePart,
    offers: OffersPart,
    space: Annotated[str, Query(min_length=1, max_length=200, description="The space it is of.")],
    device: Annotated[str, Query(min_length=1, max_length=200, description="Where it runs.")],
) -> NeighboursOut:
    """Each network that differs in one choice, and what that change costs or gains."""
    given = given_network(identity, store)
    view = neighbours_view(offers.problem(space, [device]), given.architecture)
    return NeighboursOut.of(view)
