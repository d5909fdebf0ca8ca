"""A YAML file + a pydantic schema → a checked value, or every fault located in the file.

The three YAML families (spaces, hardware profiles, studies) all come in through here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from nas.errors import DeclarationError, Problem, nearest

_Model = TypeVar("_Model", bound="Declaration")
_QUOTED = re.compile(r"'([^']*)'")
_RULES = {
    "missing": "this key is required",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping of keys to values",
    "model_type": "must be a mapping of keys to values",
    "model_attributes_type": "must be a mapping of keys to values",
    "too_short": "must not be empty",
}


# What the YAML reader lets through from Python for values such as 2024-99-99 or a nest too deep.
_UNREADABLE = (ValueError, TypeError, AttributeError, KeyError, RecursionError)


class Declaration(BaseModel):
    """Base of every schema read from YAML: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class SchemaRuleError(ValueError):
    """A rule across fields is broken; raised by validators, reported with its own path.

    Args:
        problems: The faults, with paths relative to the model that raises.
    """

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__("; ".join(map(str, problems)))


class _UniqueKeyLoader(yaml.SafeLoader):
    """The safe loader, refusing a key given twice (YAML would silently keep the last)."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is given twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def load(file: Path, schema: type[_Model]) -> _Model:
    """Read and check a YAML file.

    Raises:
        DeclarationError: with every fault in the file.
    """
    return check(read_mapping(file), schema, file)


def check(document: object, schema: type[_Model], file: Path | str) -> _Model:
    """Check a document already read; `file` names it in errors."""
    if not isinstance(document, dict):
        received = "nothing" if document is None else f"{_show(document)}"
        problem = Problem("", "the document must be a mapping of keys to values", received)
        raise DeclarationError(file, [problem])
    # JSON mode is strict about numbers, text and booleans, yet reads lists as tuples and text
    # as enums, which is what YAML can write.
    try:
        text = json.dumps(document, default=str)
    except _UNREADABLE as error:
        problem = Problem("", "must hold plain values under keys of text", f"{error}")
        raise DeclarationError(file, [problem]) from None
    try:
        return schema.model_validate_json(text)
    except ValidationError as error:
        news = filter(_is_news, error.errors())
        problems = [problem for detail in news for problem in _problems(detail, schema)]
        raise DeclarationError(file, list(dict.fromkeys(problems))) from None


def read_mapping(file: Path) -> object:
    """The plain document in a YAML file."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise DeclarationError(
            file, [Problem("", "the file must be readable", f"{reason}")]
        ) from (None)
    try:
        return yaml.load(text, Loader=_UniqueKeyLoader)  # a SafeLoader: builds plain values only
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        received = f"{getattr(error, 'problem', None) or error}"
        raise DeclarationError(file, [Problem(place, "must be valid YAML", received)]) from None
    except _UNREADABLE as error:
        received = f"{error or type(error).__name__}"
        raise DeclarationError(file, [Problem("", "must be valid YAML", received)]) from None


def _is_news(detail: ErrorDetails) -> bool:
    """Whether an error is more than what another one leads to.

    A list with a bad item is also reported as too short, and what a key is by default is not
    known where the keys before it are wrong.
    """
    if detail["type"] == "too_short":
        return bool(detail["input"] == [])
    return detail["type"] != "default_factory_not_called"


def _problems(detail: ErrorDetails, schema: type[BaseModel]) -> Iterator[Problem]:
    location = tuple(part for part in detail["loc"] if not _is_branch(part))
    path = ".".join(map(str, location))
    cause = detail.get("ctx", {}).get("error")
    if isinstance(cause, SchemaRuleError):
        for problem in cause.problems:
            inner = ".".join(filter(None, (path, problem.path)))
            yield Problem(inner, problem.rule, problem.received, problem.nearest)
        return
    kind, received = detail["type"], _show(detail["input"])
    if kind == "missing":
        yield Problem(path, _RULES[kind], "no such key")
    elif kind == "extra_forbidden":
        known = _keys_at(schema, location[:-1])
        rule = f"unknown key; the keys here are {', '.join(known)}" if known else "unknown key"
        yield Problem(path, rule, f"{location[-1]!r}", nearest(str(location[-1]), known))
    elif kind in ("literal_error", "enum"):
        known = _QUOTED.findall(str(detail["ctx"].get("expected", "")))
        close = nearest(str(detail["input"]), known)
        yield Problem(path, f"must be one of {', '.join(known)}", received, close)
    else:
        message = detail["msg"].removeprefix("Value error, ").replace("Input should", "must")
        yield Problem(path, _RULES.get(kind, message), received)


def _is_branch(part: int | str) -> bool:
    """Whether pydantic put the name of a union's branch into the path."""
    return isinstance(part, str) and ("[" in part or part in {"int", "float", "str", "bool"})


def _keys_at(schema: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """The keys that a schema knows at a path, or none where the path leads into free keys."""
    model: Any = schema
    for part in location:
        if isinstance(part, int) or model is None:
            continue
        field = model.model_fields.get(part)
        model = _model_in(field.annotation) if field is not None else model
    return sorted(model.model_fields) if model is not None else []


def _model_in(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        if (found := _model_in(argument)) is not None:
            return found
    return None


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
