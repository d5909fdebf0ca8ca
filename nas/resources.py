"""Names of data folders → where they lie: shipped in a checkout or a wheel, and a person's own.

Why: the four folders live at the top of the repository, where people look for them, and inside
the package (`nas/data/`) once installed. Only this module knows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from platformdirs import user_data_path

Folder = Literal["search_spaces", "latency_models", "hardware_profiles", "studies"]

_PACKAGE = Path(__file__).resolve().parent


def folder(name: Folder) -> Path:
    """The shipped data folder of that name: the wheel's copy, else the checkout's."""
    installed = _PACKAGE / "data" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


def own_folder(name: Folder) -> Path:
    """Where a person's own files of that kind are kept; it may not exist yet."""
    return user_data_path("nas", appauthor=False) / name


def own_logs() -> Path:
    """Where measurements of a person's own machine are kept; it may not exist yet."""
    return user_data_path("nas", appauthor=False) / "measurements"
