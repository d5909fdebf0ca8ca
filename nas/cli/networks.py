"""What a person types for a network → the network: a name, text, JSON, ONNX or a stored id."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from nas.graph.lower import lower
from nas.graph.network import Network
from nas.graph.onnx import from_onnx
from nas.space.architecture import Architecture, block_text, parse
from nas.space.catalog import find_network

_ID = re.compile(r"[0-9a-f]{16}")

ARCHITECTURE_HELP = (
    "A reference network (mobilenet_v2, mobilenet_v2@0.75/160; `nas spaces` lists them), "
    "architecture text, an architecture.json, or the id of a network in the database."
)


@dataclass(frozen=True, slots=True)
class Given:
    """A network that a person named: lowered, and as an architecture unless it came from ONNX."""

    title: str
    network: Network
    architecture: Architecture | None

    def block_name(self, index: int) -> str:
        """The block that a kernel belongs to, as far as it is known."""
        return block_text(self.architecture.blocks[index]) if self.architecture else ""


def read_architecture(text: str, database: str) -> Architecture:
    """An architecture by name, text, JSON file or stored id."""
    if _ID.fullmatch(text):
        from nas.store.store import Store

        with Store.open(database, create=False) as store:
            return parse(store.architecture_text(text))
    return find_network(text)


def read_network(text: str, database: str) -> Given:
    """A lowered network by name, text, JSON or ONNX file, or stored id."""
    if text.endswith(".onnx"):
        return Given(Path(text).name, from_onnx(Path(text)), None)
    architecture = read_architecture(text, database)
    title = architecture.id if "|" in text else text
    return Given(title, lower(architecture), architecture)
