"""Costs: what a network takes on devices, be it named, written out, or uploaded."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, UploadFile
from pydantic import Field

from nas.service.api.parts import SettingsPart, StorePart, WorkshopsPart
from nas.service.api.uploads import uploaded_bytes
from nas.service.costs import network_costs
from nas.service.given import given_network
from nas.service.onnx_upload import uploaded_network
from nas.service.schemas.costs import MOST_DEVICES, Cost, CostQuestion, Costs
from nas.service.schemas.feasibility import Name

router = APIRouter(prefix="/costs", tags=["costs"])

_UPLOADED = "uploaded network"


@router.post("", summary="What a network costs")
def ask_costs(question: CostQuestion, store: StorePart) -> Costs:
    """Latency, energy and memory with their intervals, and the dearest layers."""
    given = given_network(question.network, store)
    views, without = network_costs(given.network, question.devices)
    return Costs(
        network=given.title,
        id=given.architecture.id,
        parameters=given.network.parameters,
        macs=given.network.macs,
        costs=[Cost.of(view, dearest=question.dearest) for view in views],
        without=without,
    )


@router.post("/onnx", summary="What an uploaded network costs")
def ask_costs_of_onnx(
    file: UploadFile,
    settings: SettingsPart,
    workshops: WorkshopsPart,
    devices: Annotated[
        list[Name],
        Form(description="Names; every device without one."),
        Field(max_length=MOST_DEVICES),
    ] = [],  # noqa: B006 - fastapi copies it
    dearest: Annotated[int, Form(ge=0, le=1000)] = 5,
) -> Costs:
    """The same of an ONNX file that holds all its data; it is read in a bounded process."""
    network = uploaded_network(workshops.onnx, uploaded_bytes(file, settings))
    views, without = network_costs(network, devices or None)
    return Costs(
        network=_UPLOADED,
        id=None,
        parameters=network.parameters,
        macs=network.macs,
        costs=[Cost.of(view, dearest=dearest) for view in views],
        without=without,
    )
