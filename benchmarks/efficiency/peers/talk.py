"""Lines of JSON on standard input and output ↔ proposals and their values, inside a peer.

This folder runs in the environment of the library that it drives: nothing here may import the
product, and nothing but these lines may reach standard output.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any


class Talk:
    """The conversation of one run: a greeting, then codes out and values in until input ends."""

    def __init__(self) -> None:
        # Libraries print; the pipe is kept apart for the conversation.
        self._out = os.fdopen(os.dup(sys.stdout.fileno()), "w")
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        self.setting: dict[str, Any] = json.loads(sys.stdin.readline())

    def greet(self, version: str) -> None:
        """Say which library answers."""
        self._send({"version": version})

    def values(self, codes: list[list[int]]) -> list[list[float]]:
        """Propose codes and hear what they are worth; ends the process when nobody answers."""
        self._send({"codes": codes})
        line = sys.stdin.readline()
        if not line:
            self._out.close()
            os._exit(0)
        told: list[list[float]] = json.loads(line)["values"]
        return told

    def _send(self, message: dict[str, Any]) -> None:
        self._out.write(json.dumps(message) + "\n")
        self._out.flush()
