"""Errors ↔ plain documents, by which one process raises what went wrong in another."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from nas import errors
from nas.errors import DeclarationError, NasError, Problem, UnknownNameError


def kind_of(error: type[NasError]) -> str:
    """The name of an error in kebab case, without `Error`."""
    words = re.findall("[A-Z][a-z]*", error.__name__.removesuffix("Error"))
    return "-".join(word.lower() for word in words)


def to_document(error: NasError) -> dict[str, Any]:
    """An error as plain JSON."""
    document: dict[str, Any] = {"kind": kind_of(type(error)), "detail": sendable(str(error))}
    if isinstance(error, UnknownNameError):
        document |= {"what": error.kind, "name": sendable(error.name), "known": list(error.known)}
    if isinstance(error, DeclarationError):
        document |= {"file": error.file, "problems": list(map(_fault, error.problems))}
    return document


def from_document(document: Mapping[str, Any]) -> NasError:
    """The error that a document stands for; an InputError where it is of no kind known here."""
    kind = KINDS.get(str(document.get("kind")), errors.InputError)
    if kind is UnknownNameError and "known" in document:
        return UnknownNameError(document["what"], document["name"], document["known"])
    if kind is DeclarationError and document.get("problems"):
        faults = [Problem(**fault) for fault in document["problems"]]
        return DeclarationError(document.get("file", "request"), faults)
    if kind in (UnknownNameError, DeclarationError, errors.MissingExtraError):
        kind = errors.InputError
    return kind(document["detail"])


def sendable(text: str) -> str:
    """A text without lone surrogates, which JSON cannot carry in UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _fault(problem: Problem) -> dict[str, str | None]:
    return {
        "path": sendable(problem.path),
        "rule": sendable(problem.rule),
        "received": sendable(problem.received),
        "nearest": problem.nearest,
    }


def _kinds(root: type[NasError]) -> dict[str, type[NasError]]:
    found = {kind_of(root): root}
    for branch in root.__subclasses__():
        found |= _kinds(branch)
    return found


KINDS: Mapping[str, type[NasError]] = _kinds(NasError)
"""Every error of ours, by its name in documents."""
