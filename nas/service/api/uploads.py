"""An uploaded file → its bytes, as far as they are no more than the server takes."""

from __future__ import annotations

from fastapi import HTTPException, UploadFile

from nas.service.settings import Settings


def uploaded_bytes(file: UploadFile, settings: Settings) -> bytes:
    """What a file of a request holds; its name is not looked at.

    Raises:
        HTTPException: 413, if it is larger than the server takes.
    """
    most = settings.most_upload_bytes
    data = file.file.read(most + 1)
    if len(data) > most:
        raise HTTPException(413, f"`file` must be at most {most >> 20:,} MiB; got more")
    return data
