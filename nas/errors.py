"""Every exception of the package, as one tree; catching at any level means what the level says.

    NasError
    ├── EvaluationFailedError     an evaluator failed on one network; the search goes on
    └── InputError                what a person gave cannot be used; the command exits with 2
        ├── DeclarationError      a YAML file breaks its schema (carries every Problem in it)
        ├── ArchitectureError     architecture text, JSON or shapes that cannot be a network
        ├── ChoiceError           choices that are not in a search space
        ├── UnknownNameError      no space, device, study or network of that name
        ├── GraphImportError      an ONNX file that is not a classification CNN of known operators
        ├── MeasurementLogError   a measurement log that cannot be fitted
        ├── UncalibratedKernelError  a cost model has no basis for a kernel
        ├── EvaluatorError        an evaluator that cannot be made, or that always fails
        ├── AccuracyTableError    a table of accuracies that cannot be used
        ├── PicturesError         pictures that cannot be trained on
        ├── TrainingError         a training that cannot go on as it was asked for
        ├── InfeasibleError       no network of the space fits the limits
        ├── ExhaustedError        everything within the limits has been proposed
        ├── StoreError            a database that cannot be opened, read or written
        │   ├── StoreUnavailableError  it is out of reach or locked now; the same call may do later
        │   └── StudyHeldError    a study has another driver
        ├── ArtefactError         a stored model file that is corrupt or not ours
        ├── OutputError           a file or folder that cannot be written
        │   └── TakenError        it exists, and nobody said that it may be replaced
        ├── MissingExtraError     an optional dependency is not installed
        ├── BusyError             enough of the same is being done; it can be asked for again soon
        ├── ServiceError          a server that does not answer, or not as `nas serve` does
        └── StudyFailedError      a search elsewhere that ended with an error

Messages state the rule in back-quotes, then the value received, then the fix.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_MOST_LISTED = 24


class NasError(Exception):
    """Root of all errors that the package raises on purpose."""


class EvaluationFailedError(NasError):
    """An evaluator failed on one network, which is recorded with the reason.

    Args:
        message: The reason.
        spent: What the attempt took, by unit; empty where that is not known.
    """

    def __init__(self, message: str, spent: Mapping[str, float] | None = None) -> None:
        super().__init__(message)
        self.spent = dict(spent or {})


class InputError(NasError):
    """Something a person gave cannot be used; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in a declaration: where it is, the rule, what was there and the nearest valid."""

    path: str
    rule: str
    received: str
    nearest: str | None = None

    def __str__(self) -> str:
        where = f"`{self.path}`: " if self.path else ""
        hint = f"; did you mean {self.nearest}?" if self.nearest else ""
        return f"{where}{self.rule}; got {self.received}{hint}"


class DeclarationError(InputError):
    """A YAML file breaks its schema.

    Args:
        file: The file at fault.
        problems: Every fault found in it, never empty.
    """

    def __init__(self, file: Path | str, problems: Sequence[Problem]) -> None:
        assert problems, "a DeclarationError needs at least one problem"
        self.file = str(file)
        self.problems = tuple(problems)
        super().__init__("\n".join(f"{self.file}: {problem}" for problem in self.problems))


class ArchitectureError(InputError):
    """Architecture text, JSON or shapes that cannot be a network."""


class ChoiceError(InputError):
    """Choices that are not in the search space."""


class UnknownNameError(InputError):
    """A name that stands for nothing here.

    Args:
        kind: What was looked for, such as `device`.
        name: The name received.
        known: The names that exist.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind, self.name, self.known = kind, name, tuple(sorted(known))
        super().__init__(
            f"`{kind}` must be one of {_listed(name, self.known)}; "
            f"got {name!r}{did_you_mean(name, self.known)}"
        )


class GraphImportError(InputError):
    """An ONNX file that is not a classification CNN made of standard operators."""


class MeasurementLogError(InputError):
    """A measurement log that cannot be fitted."""


class UncalibratedKernelError(InputError):
    """A cost model has no basis for pricing a kernel."""


class EvaluatorError(InputError):
    """An evaluator that cannot be made, or that fails on every network."""


class AccuracyTableError(InputError):
    """A table of accuracies that cannot be used."""


class PicturesError(InputError):
    """Pictures, or labels of them, that cannot be trained on."""


class TrainingError(InputError):
    """A training that cannot go on as asked: no memory, no such device, no finite loss."""


class MemoryShortError(TrainingError):
    """A training that needs more memory than there is; smaller batches need less."""


class DivergedError(TrainingError):
    """A training whose loss is no finite number any more; smaller steps may keep it finite."""


class InfeasibleError(InputError):
    """No network of the space fits the limits."""


class ExhaustedError(InputError):
    """Everything within the limits has been proposed."""


class StoreError(InputError):
    """A database that cannot be opened, read or written."""


class StoreUnavailableError(StoreError):
    """A database that is out of reach or locked for now: the same call may succeed later."""


class StudyHeldError(StoreError):
    """A study that another process drives."""


class ArtefactError(InputError):
    """A stored model file that is corrupt, or was not written by this package."""


class OutputError(InputError):
    """A file or folder that cannot be written."""


class TakenError(OutputError):
    """A file that exists, and that nobody said may be replaced."""


class MissingExtraError(InputError):
    """An optional dependency is not installed.

    Args:
        purpose: What needs it, as the subject of a sentence.
        extra: The extra of this package that brings it.
    """

    def __init__(self, purpose: str, extra: str) -> None:
        super().__init__(
            f"{purpose} needs the `{extra}` extra; install it with: pip install 'nas[{extra}]'"
        )


class BusyError(InputError):
    """Enough of the same is being done: it can be asked for again in a moment."""


class ServiceError(InputError):
    """A server that does not answer, or not as `nas serve` does."""


class StudyFailedError(InputError):
    """A search that was waited for and ended with an error."""


def _listed(name: str, known: Sequence[str]) -> str:
    """All names, or those most like the one received where a reader would drown in them."""
    if len(known) <= _MOST_LISTED:
        return ", ".join(known) or "(none yet)"
    close = difflib.get_close_matches(name.lower(), known, n=6, cutoff=0)
    return f"{len(known)} names, such as {', '.join(close)}"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name closest to a misspelt one, or None when nothing is close."""
    matches = difflib.get_close_matches(
        name.lower(), {item.lower(): item for item in known}, n=1, cutoff=0.5
    )
    return next((item for item in known if matches and item.lower() == matches[0]), None)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The sentence tail that suggests the closest known name, or nothing."""
    close = nearest(name, tuple(known))
    return f"; did you mean {close!r}?" if close else ""
