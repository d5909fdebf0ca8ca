"""Lines of JSON on standard input and output ↔ proposals and their values, inside a peer.

This folder runs in the environment of the library that it drives: nothing here may import the
product, and nothing but these lines may reach standard output. One process holds one run after
the other, because some of these libraries take longer to load than to search.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any


class Over(BaseException):
    """The run is over; nothing that a library catches by mistake."""


class Talk:
    """One run: its setting, then codes out and values in until it is over."""

    def __init__(self, setting: dict[str, Any], send: Callable[[dict[str, Any]], None]) -> None:
        self.setting, self._send = setting, send

    def values(self, codes: list[list[int]]) -> list[list[float]]:
        """Propose codes and hear what they are worth.

        Raises:
            Over: when nothing more is wanted.
        """
        self._send({"codes": codes})
        heard = json.loads(sys.stdin.readline() or "{}")
        if "values" not in heard:
            raise Over
        told: list[list[float]] = heard["values"]
        return told


def serve(search: Callable[[Talk], None], version: str) -> None:
    """Hold every run that is asked for, until standard input ends."""
    # Libraries print; the pipe is kept apart for the conversation.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def send(message: dict[str, Any]) -> None:
        out.write(json.dumps(message) + "\n")
        out.flush()

    send({"version": version})
    for line in iter(sys.stdin.readline, ""):
        try:
            search(Talk(json.loads(line), send))
        except Over:
            continue
