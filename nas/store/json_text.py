"""Plain values → JSON text, as short as it gets."""

from __future__ import annotations

import json
from typing import Any

from nas.errors import StoreError


def to_json(value: Any) -> str:
    """A value as JSON.

    Raises:
        StoreError: if part of it is none, such as NaN or a date.
    """
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise StoreError(
            f"what is stored must be plain JSON values; got some that are not ({error})"
        ) from None
