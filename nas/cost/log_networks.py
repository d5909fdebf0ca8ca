"""What a row of a measurement log calls a network → the network.

Architecture text, a reference name, the id of a stored network, a `.json` or `.onnx` file (from
the log's own folder), or a space with its choices: `space:mnasnet stage1.kernel=3 ...`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from nas.errors import ChoiceError
from nas.graph.lower import lower
from nas.graph.network import Network
from nas.graph.onnx import from_onnx
from nas.space.architecture import Architecture, parse
from nas.space.catalog import find_network, find_space
from nas.space.templates import Value

Stored = Callable[[str], str]
"""The id of a stored network → its architecture text."""

_ID = re.compile(r"[0-9a-f]{16}")
_SPACE = "space:"


class Logged(NamedTuple):
    """A network under the one name that all its spellings share."""

    name: str
    network: Network


def logged_network(text: str, folder: Path, stored: Stored | None = None) -> Logged:
    """Resolve one row's network.

    Args:
        text: What the row says.
        folder: Where files are looked for.
        stored: What an id stands for; without it ids are unknown.

    Raises:
        InputError: naming the rule that the text breaks.
    """
    if text.endswith(".onnx"):
        file = folder / text
        return Logged(str(file), from_onnx(file))
    architecture = _architecture(text, folder, stored)
    return Logged(architecture.text, lower(architecture))


def _architecture(text: str, folder: Path, stored: Stored | None) -> Architecture:
    if text.startswith(_SPACE):
        return _chosen(text.removeprefix(_SPACE))
    if stored is not None and _ID.fullmatch(text):
        return parse(stored(text))
    return find_network(str(folder / text) if text.endswith(".json") else text)


def _chosen(text: str) -> Architecture:
    """A space's name and `variable=value` words → the network."""
    name, *words = text.split() or [""]
    space = find_space(name)
    legal = {variable.name: variable.values for variable in space.variables}
    choices: dict[str, Value] = {}
    for word in words:
        variable, equals, value = word.partition("=")
        if not equals or variable in choices:
            raise ChoiceError(
                f"`{_SPACE}{name}` must be followed by variable=value, each once; got {word!r}"
            )
        # Values are numbers or words; the space knows which, and says what is legal.
        spelt = {str(item): item for item in legal.get(variable, ())}
        choices[variable] = spelt.get(value, value)
    return space.architecture(space.encode(choices))
