"""A study that somebody asked for over HTTP → the same with paths that the server may read.

What a request names as a file must lie under a folder that the server was given at its start;
code may be named only where the server was told so. A name that is no path stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nas.errors import InputError, UnknownNameError
from nas.search.network_list import ENDINGS
from nas.search.study import StudySpec
from nas.service.settings import Settings
from nas.space.catalog import space_names

_TABLES = (".csv", ".csv.gz")


def allowed(spec: StudySpec, settings: Settings) -> StudySpec:
    """The study with every path resolved.

    Raises:
        UnknownNameError: for an unknown space.
        InputError: if it names code, or a file outside the roots, and may not.
    """
    if spec.data is not None:
        raise InputError(
            "`data` must be left out: a server trains nothing; got "
            f"{spec.data!r}; run `nas search --data` in a terminal, and look at the study here"
        )
    changes: dict[str, object] = {}
    if spec.space not in space_names():
        if not looks_like_path(spec.space):
            raise UnknownNameError("space", spec.space, space_names())
        changes["space"] = under_a_root("space", spec.space, settings.data_roots)
    if spec.evaluator is not None:
        changes["evaluator"] = _evaluator(spec.evaluator, settings)
    changes["warm_start"] = tuple(
        under_a_root("warm_start", name, settings.data_roots) if looks_like_path(name) else name
        for name in spec.warm_start
    )
    return spec.model_copy(update=changes)


def check_stored(spec: StudySpec, settings: Settings) -> None:
    """Refuse to resume a study with what a request for it could not have named.

    Relative paths are those of the folder that the server runs in.

    Raises:
        InputError: with what it names.
    """
    here = {
        "space": _absolute(spec.space) if spec.space not in space_names() else spec.space,
        "evaluator": spec.evaluator and _absolute(spec.evaluator),
        "warm_start": tuple(map(_absolute, spec.warm_start)),
    }
    allowed(spec.model_copy(update=here), settings)


def _absolute(name: str) -> str:
    code = ":" in name and not name.endswith(_TABLES)
    return str(Path(name).absolute()) if looks_like_path(name) and not code else name


def _evaluator(name: str, settings: Settings) -> str:
    if name.endswith(_TABLES):
        return under_a_root("evaluator", name, settings.data_roots)
    if not settings.allow_evaluators:
        raise InputError(
            "`evaluator` must be a table (.csv) or left out, because this server was started "
            f"without --allow-evaluators and runs nobody's code; got {name!r}; start it with that "
            "option, or run `nas search` in a terminal"
        )
    return name


def looks_like_path(name: str) -> bool:
    """Whether a name would be looked for among files."""
    if not name.isprintable() or any(sign in name for sign in "/\\"):
        return True
    try:
        return name.endswith((".yaml", ".yml", *_TABLES, *ENDINGS)) or Path(name).exists()
    except OSError:  # Too long for a name.
        return True


def under_a_root(key: str, name: str, roots: Sequence[Path]) -> str:
    """A file that a request names, as the server may read it.

    Args:
        key: What names it, for the message.
        name: Absolute, or relative to one of the roots.
        roots: The folders given at the start.

    Raises:
        InputError: unless it is a file that lies, links followed, under one of them.
    """
    for root in roots:
        try:
            place = (root / name).resolve(strict=True)
        except (OSError, ValueError, RuntimeError):  # Not there, or no path at all.
            continue
        if place.is_file() and place.is_relative_to(root.resolve()):
            return str(place)
    given = ", ".join(map(str, roots)) or "none was"
    raise InputError(
        f"`{key}` must be a known name, or a file under a folder that the server was given with "
        f"--data-root ({given}); got {name!r}"
    )
