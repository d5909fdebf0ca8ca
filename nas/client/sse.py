"""Lines of a stream of server-sent events → events."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """One event.

    Args:
        kind: Such as `progress`.
        data: What it says, as JSON.
        id: By which a stream goes on after it; empty if it has none.
    """

    kind: str
    data: Any
    id: str = ""


def events_of(lines: Iterable[str]) -> Iterator[Event | None]:
    """The events of a stream; None for a comment, which says that the other side lives."""
    fields: dict[str, list[str]] = {}
    for line in lines:
        if line.startswith(":"):
            yield None
        elif line:
            name, _, value = line.partition(":")
            fields.setdefault(name, []).append(value.removeprefix(" "))
        elif fields:
            if "data" in fields:
                kind, identity = fields.get("event", ["message"]), fields.get("id", [""])
                yield Event(kind[-1], json.loads("\n".join(fields["data"])), identity[-1])
            fields = {}
