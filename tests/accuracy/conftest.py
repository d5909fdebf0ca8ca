"""A small fitted model, made once for the tests of this folder."""

from __future__ import annotations

import pytest

from nas.accuracy.interactions import InteractionModel
from tests.accuracy.synthetic import fitted


@pytest.fixture(scope="session")
def small_model() -> InteractionModel:
    return fitted()
