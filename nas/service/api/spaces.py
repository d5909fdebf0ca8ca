"""Spaces: what there is to search in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from nas.service.api.parts import Limit, Offset
from nas.service.given import shipped_space
from nas.service.schemas.listing import Listing
from nas.service.schemas.spaces import SpaceDetails, SpaceSummary
from nas.space.catalog import find_space, space_names

router = APIRouter(prefix="/spaces", tags=["spaces"])

SpaceName = Annotated[
    str, Path(alias="space", min_length=1, max_length=200, description="A shipped space.")
]


@router.get("", summary="List spaces")
def list_spaces(limit: Limit = 50, offset: Offset = 0) -> Listing[SpaceSummary]:
    """Every shipped search space, by name."""
    names = space_names()
    items = [SpaceSummary.of(find_space(name)) for name in names[offset : offset + limit]]
    return Listing(items=items, total=len(names), limit=limit, offset=offset)


@router.get("/{space}", summary="Show a space")
def show_space(space: SpaceName) -> SpaceDetails:
    """Its choices and size, and what can be asked of its networks for nothing."""
    return SpaceDetails.of(shipped_space(space))
