"""Files written one after another → files that appear in a folder together, or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from nas.errors import OutputError


@contextmanager
def staged(
    folder: Path, names: Sequence[str], *, force: bool, optional: Sequence[str] = ()
) -> Iterator[Path]:
    """A temporary folder to write `names` into; they move to `folder` when the block ends well.

    However the block ends otherwise, `folder` is as it was. Of `optional` names, what is not
    written takes an old file of that name away.

    Raises:
        OutputError: if the folder is not empty (unless `force`) or cannot be written.
    """
    try:
        check_folder(folder, names, force=force)
        with tempfile.TemporaryDirectory(prefix=".nas-export-", dir=_place(folder)) as temporary:
            staging = Path(temporary, "new")
            staging.mkdir()
            yield staging
            if folder.exists():
                _replace_files(staging, folder, names, optional, Path(temporary, "old"))
            else:
                folder.parent.mkdir(parents=True, exist_ok=True)
                staging.rename(folder)
    except OSError as error:
        raise OutputError(
            f"`folder` must be one that can be written; got {folder}: {error.strerror or error}"
        ) from error


def check_folder(folder: Path, names: Sequence[str], *, force: bool) -> None:
    """Refuse a folder that `staged` would refuse.

    Raises:
        OutputError: if it is not empty, unless `force`, or cannot take files of these names.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise OutputError(f"`folder` must be a folder; got the file {folder}")
    if not force and any(folder.iterdir()):
        raise OutputError(
            f"`folder` must be new or empty; got {folder}, which is not; choose another one, or "
            f"use --force to replace {', '.join(names)} in it"
        )
    for name in names:
        if (folder / name).is_dir():
            raise OutputError(f"`folder` must have no folder called {name}; got {folder / name}")


def _place(folder: Path) -> Path:
    """Where to stage: on the same file system, and known to be writable if the folder is.

    An existing folder may be a mount, or the only place where a person may write.
    """
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())


def _replace_files(
    staging: Path, folder: Path, names: Sequence[str], optional: Sequence[str], backup: Path
) -> None:
    """Move the files in, and take it all back if anything stops that halfway."""
    backup.mkdir()
    try:
        for name in names:
            if os.path.lexists(folder / name):
                (folder / name).replace(backup / name)
            if name not in optional or (staging / name).exists():
                (staging / name).replace(folder / name)
    except BaseException:
        for name in names:
            if os.path.lexists(backup / name):
                (backup / name).replace(folder / name)
            elif not (staging / name).exists():
                (folder / name).unlink(missing_ok=name in optional)
        raise
