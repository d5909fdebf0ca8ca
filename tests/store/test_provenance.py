"""Provenance in words: what stands in a table of evidence."""

from __future__ import annotations

from nas.store.provenance import provenance_words


def test_facts_within_facts_are_told_and_what_lies_deeper_is_not() -> None:
    provenance = {
        "kind": "inherited",
        "data": {"source": "digits", "pictures": 1797, "classes": {"0": 178}},
        "error": 0.062981,
        "seeds": [1, 2],
    }
    assert provenance_words(provenance, without=("kind",)) == (
        "data: source digits, pictures 1797; error: 0.06298; seeds: 1, 2"
    )
