"""What a server sends as files → files here, never over what is there already."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path, PurePosixPath

from nas.errors import OutputError, ServiceError, TakenError


def unpack(archive: bytes, folder: Path) -> Path:
    """Write the files of an archive into a new or empty folder.

    Raises:
        TakenError: if the folder holds something.
        OutputError: if it cannot be written.
        ServiceError: if the archive is none, or names a file elsewhere.
    """
    try:
        if folder.is_dir() and any(folder.iterdir()):
            raise TakenError(f"`to` must be a new or empty folder; {folder} holds files")
        with zipfile.ZipFile(io.BytesIO(archive)) as files:
            names = files.namelist()
            if any(PurePosixPath(name).name != name for name in names):
                raise ServiceError(f"an archive must hold plain files; got {', '.join(names)}")
            folder.mkdir(parents=True, exist_ok=True)
            for name in names:
                (folder / name).write_bytes(files.read(name))
    except zipfile.BadZipFile:
        raise ServiceError("an archive must be a zip file; got another") from None
    except OSError as error:
        raise OutputError(f"`to` must be a folder that can be written; got {error}") from None
    return folder


def save(content: bytes, file: Path) -> Path:
    """Write a new file.

    Raises:
        TakenError: if it exists.
        OutputError: if it cannot be written.
    """
    try:
        with file.open("xb") as out:
            out.write(content)
    except FileExistsError:
        raise TakenError(f"`to` must be a new file; {file} exists") from None
    except OSError as error:
        raise OutputError(f"`to` must be a file that can be written; got {error}") from None
    return file


def upload(file: Path) -> tuple[str, bytes]:
    """The name and the content of a file to send.

    Raises:
        OSError: if it cannot be read.
    """
    return file.name, file.read_bytes()
