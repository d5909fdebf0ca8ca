"""Fixtures that every test may ask for: the repository and the public measurement tables."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

REPOSITORY = Path(__file__).resolve().parents[1]

# A person's own calibrated devices and cached pictures must not change what the tests see.
os.environ["XDG_DATA_HOME"] = tempfile.mkdtemp(prefix="nas-tests-")

os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="nas-tests-cache-")

# Parts of the suite run at once: threads of each would wait for those of the others, busily.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# On a shared machine the time of one example says nothing about the code. The same examples each
# time tell a change that breaks something; looking for new ones is for the long form.
settings.register_profile("nas", deadline=None, derandomize=True)
settings.register_profile("long", deadline=None, derandomize=False, max_examples=500)
settings.load_profile("long" if os.environ.get("NAS_TORTURE") else "nas")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of the measurement tables: NAS_DATA_DIR, else ../shared/data."""
    folder = Path(os.environ.get("NAS_DATA_DIR") or REPOSITORY.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"needs the measurement tables; no folder {folder}, set NAS_DATA_DIR")
    return folder
