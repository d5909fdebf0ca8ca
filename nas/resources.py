"""Names of the shipped data folders → where they lie, in a checkout and in an installed wheel.

Why: the four folders live at the top of the repository, where people look for them, and inside
the package (`nas/data/`) once installed. Only this module knows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

Folder = Literal["search_spaces", "latency_models", "hardware_profiles", "studies"]

_PACKAGE = Path(__file__).resolve().parent


def folder(name: Folder) -> Path:
    """The shipped data folder of that name: the wheel's copy, else the checkout's."""
    installed = _PACKAGE / "data" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name
