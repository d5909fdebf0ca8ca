"""A page of HTML → a file, whole or not at all."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from nas.errors import OutputError


def write_page(page: str, file: Path) -> None:
    """Write a page; a failure leaves what was there before.

    Raises:
        OutputError: if the file cannot be written.
    """
    temporary = file.with_name(file.name + ".part")
    try:
        temporary.write_text(page, encoding="utf-8")
        temporary.replace(file)
    except OSError as error:
        raise OutputError(f"`{file}` must be a writable file; {error.strerror}") from None
    finally:
        with suppress(OSError):
            temporary.unlink()
