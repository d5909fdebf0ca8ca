"""Part of a collection, as the API gives it."""

from __future__ import annotations

from typing import Generic, TypeVar

from pydantic import BaseModel

Item = TypeVar("Item")


class Listing(BaseModel, Generic[Item]):
    """Some of a collection, and how many there are in all."""

    items: list[Item]
    total: int
    limit: int
    offset: int
