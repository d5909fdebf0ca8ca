"""JSON text and back: every value as it was, however it is spelt."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.errors import StoreError
from nas.store.json_text import from_json, to_json

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters()),  # lone surrogates too
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(plain)
def test_a_value_comes_back_as_it_was(value: object) -> None:
    back = from_json(to_json(value))
    assert back == value and repr(back) == repr(value)
    assert from_json(to_json(value).encode()) == value


@given(st.text(max_size=40))
def test_what_is_read_is_what_python_reads(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(ValueError):
            from_json(text)
    else:
        assert repr(from_json(text)) == repr(expected)


def test_what_is_no_json_is_refused() -> None:
    for value in (float("nan"), {1, 2}, object()):
        with pytest.raises(StoreError, match="plain JSON"):
            to_json(value)
