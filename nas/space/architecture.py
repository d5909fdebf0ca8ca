"""Architecture text or JSON ↔ Architecture: a network as a frozen value that people can read.

The canonical text is one line, blocks separated by bars, the input image first:

    image 3x224x224 | conv k3 s2 c32 relu6 | mb k3 c16 relu6 | ... | pool | fc c1000

Tokens: k kernel, s stride, c output width, h hidden width, g groups, p padding, an activation,
`se<width>:<activation>:<gate>` squeeze-and-excitation, `bias`/`nobias`. What equals its default
is left out, so that equal networks have equal text; the id is a hash of that text. The grammar is
closed: an unknown word is an error with its position, never ignored.

Why every width is absolute: an expansion factor or a squeeze ratio means different widths under
different rounding rules; the network is the same only if the widths are.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cached_property
from typing import Any, TypeVar

from nas.errors import ArchitectureError, did_you_mean
from nas.space.blocks import (
    BLOCK_TYPES,
    Activation,
    Block,
    BlockKind,
    Gate,
    SqueezeExcite,
)

FORMAT = "nas-architecture/1"

# The order is the order of words in the canonical text.
_LETTERS = {
    "k": "kernel",
    "s": "stride",
    "h": "hidden",
    "c": "width",
    "g": "groups",
    "p": "padding",
}
_DIGITS = 9
_IMAGE = re.compile(rf"image (\d{{1,{_DIGITS}}})x(\d{{1,{_DIGITS}}})x(\d{{1,{_DIGITS}}})")
_NUMBER = re.compile(rf"([a-z])(\d{{1,{_DIGITS}}})")
_SE = re.compile(rf"se(\d{{1,{_DIGITS}}}):([a-z0-9]+):([a-z0-9]+)")
_E = TypeVar("_E", Activation, Gate)


@dataclass(frozen=True, slots=True)
class Image:
    """The input of a network: channels × height × width."""

    channels: int
    height: int
    width: int

    def __post_init__(self) -> None:
        if min(self.channels, self.height, self.width) < 1:
            raise ArchitectureError(
                f"`image` sizes must be at least 1; got {self.channels}x{self.height}x{self.width}"
            )


@dataclass(frozen=True)
class Architecture:
    """A classification network: an input image and a sequence of blocks.

    Comparable, hashable, safe to send anywhere; knows nothing of spaces, torch or weights.
    """

    image: Image
    blocks: tuple[Block, ...]

    def __post_init__(self) -> None:
        if not self.blocks:
            raise ArchitectureError("`architecture` must have at least one block; got none")

    def __str__(self) -> str:
        return self.text

    @cached_property
    def text(self) -> str:
        """The canonical one-line text."""
        size = f"{self.image.channels}x{self.image.height}x{self.image.width}"
        return " | ".join([f"image {size}", *map(block_text, self.blocks)])

    @cached_property
    def id(self) -> str:
        """The first 16 hex digits of the SHA-256 of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping that `from_json` turns back into an equal value."""
        image = {field.name: getattr(self.image, field.name) for field in fields(self.image)}
        return {"format": FORMAT, "image": image, "blocks": [_block_json(b) for b in self.blocks]}


def block_text(block: Block) -> str:
    """One block in the notation, defaults left out."""
    stated = {
        field.name: value
        for field in fields(block)
        if (value := getattr(block, field.name)) != field.default
    }
    words = [block.kind.value]
    words += [f"{letter}{stated.pop(name)}" for letter, name in _LETTERS.items() if name in stated]
    for value in stated.values():
        if isinstance(value, SqueezeExcite):
            words.append(f"se{value.width}:{value.activation.value}:{value.gate.value}")
        elif isinstance(value, bool):
            words.append("bias" if value else "nobias")
        else:
            words.append(value.value)
    return " ".join(words)


def parse(text: str) -> Architecture:
    """Read architecture text; the inverse of `str(architecture)`.

    Raises:
        ArchitectureError: naming the block, its position and the word at fault.
    """
    head, *rest = [part.strip() for part in text.strip().split("|")]
    match = _IMAGE.fullmatch(head)
    if match is None:
        raise ArchitectureError(
            f"architecture text must start with `image CxHxW |`, such as "
            f"`image 3x224x224 | ...`; got {head[:60]!r}"
        )
    channels, height, width = map(int, match.groups())
    blocks = tuple(_parse_block(part, index) for index, part in enumerate(rest, start=1))
    return Architecture(Image(channels, height, width), blocks)


def _parse_block(text: str, index: int) -> Block:
    where = f"block {index} ({text!r})"
    kind_word, *words = text.split() or [""]
    if kind_word not in tuple(BlockKind):
        known = [kind.value for kind in BlockKind]
        raise ArchitectureError(
            f"{where}: block kind must be one of {', '.join(known)}; "
            f"got {kind_word!r}{did_you_mean(kind_word, known)}"
        )
    block_type = BLOCK_TYPES[BlockKind(kind_word)]
    allowed = {field.name for field in fields(block_type)}
    values: dict[str, Any] = {}
    for position, word in enumerate(words, start=2):
        name, value = _parse_word(word, where, position)
        if name not in allowed:
            raise ArchitectureError(
                f"{where}: word {position} sets `{name}`, which `{kind_word}` does not have; "
                f"got {word!r}; it takes {', '.join(sorted(allowed)) or 'nothing'}"
            )
        if name in values:
            raise ArchitectureError(f"{where}: word {position} sets `{name}` twice; got {word!r}")
        values[name] = value
    return _make_block(block_type, values, where)


def _parse_word(word: str, where: str, position: int) -> tuple[str, Any]:
    if word in tuple(Activation):
        return "activation", Activation(word)
    if word in ("bias", "nobias"):
        return "bias", word == "bias"
    if match := _SE.fullmatch(word):
        width, activation, gate = match.groups()
        if activation in tuple(Activation) and gate in tuple(Gate):
            return "se", SqueezeExcite(int(width), Activation(activation), Gate(gate))
    elif (match := _NUMBER.fullmatch(word)) and match[1] in _LETTERS:
        return _LETTERS[match[1]], int(match[2])
    activations = ", ".join(item.value for item in Activation)
    raise ArchitectureError(
        f"{where}: word {position} must be one of k/s/c/h/g/p followed by up to {_DIGITS} digits, "
        f"an activation ({activations}), se<width>:<activation>:<gate>, bias or nobias; "
        f"got {word!r}{did_you_mean(word, [item.value for item in Activation])}"
    )


def _make_block(block_type: type[Block], values: dict[str, Any], where: str) -> Block:
    missing = [
        field.name
        for field in fields(block_type)
        if field.default is MISSING and field.name not in values
    ]
    if missing:
        raise ArchitectureError(
            f"{where}: `{block_type.kind.value}` needs {', '.join(missing)}; got none"
        )
    try:
        return block_type(**values)
    except ArchitectureError as error:
        raise ArchitectureError(f"{where}: {error}") from None


def _block_json(block: Block) -> dict[str, Any]:
    values: dict[str, Any] = {"kind": block.kind.value}
    for field in fields(block):
        value = getattr(block, field.name)
        if isinstance(value, SqueezeExcite):
            value = {
                "width": value.width,
                "activation": value.activation.value,
                "gate": value.gate.value,
            }
        values[field.name] = value
    return values


def from_json(document: Mapping[str, Any]) -> Architecture:
    """Read what `Architecture.to_json` wrote.

    Raises:
        ArchitectureError: naming the block and the field at fault.
    """
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        found = (
            document.get("format") if isinstance(document, Mapping) else type(document).__name__
        )
        raise ArchitectureError(f"`format` must be {FORMAT!r}; got {found!r}")
    image, blocks = document.get("image"), document.get("blocks")
    if not isinstance(image, Mapping) or set(image) != {"channels", "height", "width"}:
        raise ArchitectureError(f"`image` must give channels, height and width; got {image!r}")
    if not isinstance(blocks, list):
        raise ArchitectureError(f"`blocks` must be a list; got {type(blocks).__name__}")
    return Architecture(
        Image(**{name: _integer(f"image.{name}", value) for name, value in image.items()}),
        tuple(_block_from_json(block, f"blocks.{index}") for index, block in enumerate(blocks)),
    )


def _block_from_json(document: Any, where: str) -> Block:
    if not isinstance(document, Mapping) or document.get("kind") not in tuple(BlockKind):
        raise ArchitectureError(
            f"{where}: `kind` must be one of {', '.join(BlockKind)}; got {document!r}"
        )
    block_type = BLOCK_TYPES[BlockKind(document["kind"])]
    allowed = {field.name for field in fields(block_type)}
    values: dict[str, Any] = {}
    for name, value in document.items():
        if name == "kind":
            continue
        if name not in allowed:
            raise ArchitectureError(
                f"{where}: unknown key {name!r}{did_you_mean(name, allowed)}; "
                f"`{document['kind']}` takes {', '.join(sorted(allowed))}"
            )
        values[name] = _field_from_json(name, value, f"{where}.{name}")
    return _make_block(block_type, values, where)


def _field_from_json(name: str, value: Any, where: str) -> Any:
    if name == "activation":
        return _member(Activation, value, where)
    if name == "bias":
        if not isinstance(value, bool):
            raise ArchitectureError(f"`{where}` must be true or false; got {value!r}")
        return value
    if value is None:
        return None
    if name == "se":
        if not isinstance(value, Mapping) or set(value) != {"width", "activation", "gate"}:
            raise ArchitectureError(f"`{where}` must give width, activation, gate; got {value!r}")
        return SqueezeExcite(
            _integer(f"{where}.width", value["width"]),
            _member(Activation, value["activation"], f"{where}.activation"),
            _member(Gate, value["gate"], f"{where}.gate"),
        )
    return _integer(where, value)


def _member(enum: type[_E], value: Any, where: str) -> _E:
    if value not in tuple(enum):
        raise ArchitectureError(f"`{where}` must be one of {', '.join(enum)}; got {value!r}")
    return enum(value)


def _integer(where: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 10**_DIGITS:
        raise ArchitectureError(
            f"`{where}` must be a whole number of up to {_DIGITS} digits; got {value!r}"
        )
    return value


def read_json(text: str) -> Architecture:
    """Read architecture JSON from its text."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:  # also of numbers and nests beyond measure
        raise ArchitectureError(f"architecture JSON must parse; got {error}") from None
    return from_json(document)
