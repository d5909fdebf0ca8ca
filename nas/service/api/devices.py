"""Devices: found by words, and shown with facts, models and errors."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from nas.cost.profile import DeviceKind
from nas.service.api.parts import Limit, Offset
from nas.service.device_views import device_views, known_device
from nas.service.schemas.devices import DeviceDetails, DeviceSummary
from nas.service.schemas.listing import Listing

router = APIRouter(prefix="/devices", tags=["devices"])

DeviceName = Annotated[
    str, Path(alias="device", min_length=1, max_length=200, description="A device or an alias.")
]


@router.get("", summary="List devices")
def list_devices(
    words: Annotated[
        str, Query(max_length=200, description="Only those with these in what names them.")
    ] = "",
    kind: Annotated[DeviceKind | None, Query(description="Only those of this kind.")] = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> Listing[DeviceSummary]:
    """Every device with its models and their held-out errors, by name."""
    found = device_views(words.split(), kind)
    items = list(map(DeviceSummary.of, found[offset : offset + limit]))
    return Listing(items=items, total=len(found), limit=limit, offset=offset)


@router.get("/{device}", summary="Show a device")
def show_device(device: DeviceName) -> DeviceDetails:
    """Facts with their sources, models, errors, and predicted against measured points."""
    return DeviceDetails.of(known_device(device))
