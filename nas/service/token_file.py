"""The file of `--token-file` → the token that callers must know, made where there is none."""

from __future__ import annotations

import os
import re
import secrets
import stat
import tempfile
from pathlib import Path

from nas.errors import InputError, OutputError

LEAST_CHARACTERS = 16

_MOST_BYTES = 4096
_FRESH_BYTES = 32
# What the Authorization header can carry (RFC 6750).
_SENDABLE = re.compile(r"[A-Za-z0-9\-._~+/]+=*")


def token_of(file: Path) -> tuple[str, bool]:
    """The token in a file, and whether it was generated just now.

    A file that does not exist is written, whole or not at all, for its owner alone.

    Raises:
        InputError: if others may read the file, or it holds no token.
        OutputError: if it can be neither read nor written.
    """
    try:
        try:
            return _read(file), False
        except FileNotFoundError:
            token = secrets.token_urlsafe(_FRESH_BYTES)
        try:
            _write(file, token)
        except FileExistsError:  # another server was quicker
            return _read(file), False
    except OSError as error:
        raise OutputError(
            f"`--token-file` must be a file that can be read, or written where there is none; got "
            f"{file}: {error.strerror or error}"
        ) from None
    return token, True


def _read(file: Path) -> str:
    with file.open("rb") as opened:
        mode = os.fstat(opened.fileno()).st_mode
        if not stat.S_ISREG(mode):
            raise InputError(f"`--token-file` must be a file; got {file}")
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise InputError(
                f"`--token-file` must be closed to everybody but its owner; got {file} with mode "
                f"{stat.S_IMODE(mode):o}; run: chmod 600 {file}"
            )
        data = opened.read(_MOST_BYTES + 1)
    token = data.decode("ascii", "replace").strip()
    if len(data) > _MOST_BYTES or len(token) < LEAST_CHARACTERS or not _SENDABLE.fullmatch(token):
        raise InputError(
            f"a token must have at least {LEAST_CHARACTERS} characters, all of them letters, "
            f"digits or one of -._~+/; that in {file} has not; remove the file and a fresh one is "
            "made"
        )
    return token


def _write(file: Path, token: str) -> None:
    """Make the file, unless there is one by now; nobody ever sees a part of it."""
    descriptor, temporary = tempfile.mkstemp(prefix=".nas-token-", dir=file.parent)  # mode 600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as opened:
            opened.write(f"{token}\n")
            opened.flush()
            os.fsync(opened.fileno())
        os.link(temporary, file)
    finally:
        os.unlink(temporary)
