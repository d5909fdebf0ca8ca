"""Names and files → the shipped search spaces and reference networks, or a person's own.

A space is a shipped name or a path to YAML. A network is a reference name (`mobilenet_v2`, with
`@0.75` for the width and `/160` for the resolution), architecture text, or architecture JSON.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from nas.declarations import Declaration, load
from nas.errors import ArchitectureError, UnknownNameError
from nas.resources import folder
from nas.space.architecture import Architecture, Image, parse, read_json
from nas.space.blocks import Block
from nas.space.rounding import make_divisible
from nas.space.space import SearchSpace

_NAME = re.compile(r"([a-z][a-z0-9_]*)(?:@([0-9.]+))?(?:/(\d{1,5}))?")


class WidthRule(Declaration):
    """How a reference network widens: channels are rounded to `divisor`.

    `fixed_below_one` keeps the last convolution at its width for multipliers below 1.
    """

    divisor: Annotated[int, Field(ge=1)]
    fixed_below_one: bool = False


class ReferenceNetwork(Declaration):
    """A published network."""

    title: str
    parameters: int
    text: str
    width_rule: WidthRule | None = None


class _References(Declaration):
    networks: dict[str, ReferenceNetwork]


def space_names() -> list[str]:
    """Names of the shipped spaces."""
    return sorted(file.stem for file in folder("search_spaces").glob("*.yaml"))


def find_space(name: str) -> SearchSpace:
    """A shipped space by name, or one from a YAML file by path.

    Raises:
        UnknownNameError: if it is neither.
        DeclarationError: if the file breaks the schema.
    """
    if name in space_names():
        return SearchSpace.from_file(folder("search_spaces") / f"{name}.yaml")
    if name.endswith((".yaml", ".yml")) or Path(name).is_file():
        return SearchSpace.from_file(Path(name))
    raise UnknownNameError("space", name, space_names())


@cache
def reference_networks() -> dict[str, ReferenceNetwork]:
    """The shipped reference networks by name."""
    file = folder("search_spaces") / "references" / "networks.yaml"
    return dict(load(file, _References).networks)


def find_network(text: str) -> Architecture:
    """A network from a reference name, architecture text, or a path to architecture JSON.

    Raises:
        ArchitectureError: naming what is wrong with the text.
        UnknownNameError: if a name is not known.
    """
    if "|" in text or text.strip().startswith("image "):
        return parse(text)
    if text.endswith(".json"):
        try:
            return read_json(Path(text).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise ArchitectureError(f"`{text}` must be a readable JSON file; {error}") from None
    match = _NAME.fullmatch(text)
    references = reference_networks()
    if match is None or match[1] not in references:
        raise UnknownNameError("network", text, references)
    architecture = parse(references[match[1]].text)
    if match[2]:
        architecture = _widened(architecture, match[1], _multiplier(match[2]))
    if match[3]:
        size = int(match[3])
        architecture = replace(architecture, image=Image(architecture.image.channels, size, size))
    return architecture


def _multiplier(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 10:
        raise ArchitectureError(
            f"the width after `@` must be above 0 and at most 10; got {text!r}"
        )
    return value


def _widened(architecture: Architecture, name: str, multiplier: float) -> Architecture:
    """Scale every width but the classifier's by the network's published rule."""
    rule = reference_networks()[name].width_rule
    if rule is None:
        with_rule = [n for n, reference in reference_networks().items() if reference.width_rule]
        raise ArchitectureError(
            f"`{name}` has no published width rule; got @{multiplier}; "
            f"those that have: {', '.join(with_rule)}"
        )
    blocks: list[Block] = []
    channels_before = channels = architecture.image.channels
    last = max(i for i, block in enumerate(architecture.blocks) if block.kind == "conv")
    for index, block in enumerate(architecture.blocks):
        if block.kind in ("pool", "maxpool", "fc"):
            blocks.append(block)
            continue
        width = getattr(block, "width", 0)
        fixed = rule.fixed_below_one and index == last and multiplier < 1
        new = width if fixed else make_divisible(width * multiplier, rule.divisor)
        changes = {"width": new}
        if (hidden := getattr(block, "hidden", None)) is not None:
            changes["hidden"] = round(channels * hidden / channels_before)
        blocks.append(replace(block, **changes))  # type: ignore[arg-type]
        channels_before, channels = width, new
    return Architecture(architecture.image, tuple(blocks))
