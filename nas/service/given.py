"""What a request names as a network or a space → the thing; a name never becomes a path."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from nas.errors import ArchitectureError, StoreError, UnknownNameError
from nas.graph.lower import lower
from nas.graph.network import Network
from nas.service.allowed import looks_like_path, under_a_root
from nas.space.architecture import Architecture, parse
from nas.space.catalog import find_network, find_space, reference_networks, space_names
from nas.space.space import SearchSpace
from nas.store import Store

_ID = re.compile(r"[0-9a-f]{16}")

MOST_TEXT = 20_000
"""Characters of an architecture in a request; a hundred blocks take some three thousand."""


@dataclass(frozen=True, slots=True)
class GivenNetwork:
    """A network that a request names.

    Args:
        title: What to call it.
        architecture: As an architecture.
        network: Lowered.
    """

    title: str
    architecture: Architecture
    network: Network


def given_network(text: str, store: Store) -> GivenNetwork:
    """A network by reference name, architecture text, or id in the store.

    Raises:
        UnknownNameError: if it is none of these.
        ArchitectureError: if it is text that cannot be a network.
    """
    architecture = _architecture(text, store)
    titled = text in reference_networks() or "@" in text or "/" in text
    title = text if titled and "|" not in text else architecture.id
    return GivenNetwork(title, architecture, lower(architecture))


def _architecture(text: str, store: Store) -> Architecture:
    if len(text) > MOST_TEXT:
        raise ArchitectureError(
            f"an architecture must take at most {MOST_TEXT:,} characters; got {len(text):,}"
        )
    if _ID.fullmatch(text):
        try:
            return parse(store.architecture_text(text))
        except StoreError:
            raise UnknownNameError("id of a network", text, ()) from None
    if text.endswith(".json"):  # the library would open it
        raise UnknownNameError("network", text, reference_networks())
    return find_network(text)


def given_space(name: str, roots: tuple[Path, ...]) -> SearchSpace:
    """A shipped space, or one in a file under a root of the server.

    Raises:
        UnknownNameError: if it is neither.
        DeclarationError: if the file breaks the schema.
    """
    if name in space_names():
        return find_space(name)
    if not looks_like_path(name):
        raise UnknownNameError("space", name, space_names())
    return find_space(under_a_root("space", name, roots))


def shipped_space(name: str) -> SearchSpace:
    """A shipped space.

    Raises:
        UnknownNameError: with the names that exist.
    """
    if name not in space_names():
        raise UnknownNameError("space", name, space_names())
    return find_space(name)
