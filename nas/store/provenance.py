"""Where the values of an objective come from → words for a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def provenance_words(provenance: Mapping[str, Any], *, without: tuple[str, ...] = ()) -> str:
    """Every fact as `name: value`; of a fact that is a mapping, what it says itself.

    Args:
        provenance: JSON, as the store keeps it.
        without: Facts that are told elsewhere.
    """
    facts = [(key, value) for key, value in provenance.items() if key not in without]
    return "; ".join(f"{_name(key)}: {_value(value)}" for key, value in facts)


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        own = [(key, one) for key, one in value.items() if not isinstance(one, Mapping)]
        return ", ".join(f"{_name(key)} {_value(one)}" for key, one in own)
    if isinstance(value, float):
        return f"{value:.4g}"
    return ", ".join(map(_value, value)) if isinstance(value, list | tuple) else str(value)


def _name(key: str) -> str:
    return key.replace("_", " ")
