"""A JSON document → a dataclass; fields that only one side knows do no harm.

A newer server says more than an older client knows, which is left out; an older one says less,
for which a default stands in.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from functools import lru_cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def decoded(kind: type[T], document: Mapping[str, Any]) -> T:
    """A value of a dataclass.

    Raises:
        KeyError: if the document lacks what has no default.
    """
    hints, given = _hints(kind), {}  # type: ignore[arg-type]
    for field in fields(kind):  # type: ignore[arg-type]
        key = field.metadata.get("key", field.name)
        if key in document:
            given[field.name] = _value(hints[field.name], document[key])
        elif field.default is MISSING and field.default_factory is MISSING:
            raise KeyError(key)
    return kind(**given)


@lru_cache
def _hints(kind: Hashable) -> dict[str, Any]:
    return get_type_hints(kind)


def _value(hint: Any, value: Any) -> Any:
    if value is None or hint is Any:
        return value
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        kinds = [one for one in inner if one is not type(None)]
        return _value(kinds[0], value) if len(kinds) == 1 else value
    if origin is tuple:
        each = inner[0] if inner[-1] is Ellipsis else Any
        return tuple(_value(each, one) for one in value)
    if origin is dict:
        return {key: _value(inner[1], one) for key, one in value.items()}
    if hint is datetime:
        return datetime.fromisoformat(value)
    return decoded(hint, value) if isinstance(hint, type) and is_dataclass(hint) else value
