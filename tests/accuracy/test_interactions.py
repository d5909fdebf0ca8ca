"""The model: the link and its inverse, the quadratic form, chunks and empty populations."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.accuracy.interactions import InteractionModel, Link, contrast_columns
from tests.accuracy.synthetic import draw


@given(st.floats(-0.4, 0.4), st.floats(-2, 2), st.floats(0.1, 50), st.floats(-100, 100))
def test_link_has_an_inverse(
    curvature: float, standard: float, scale: float, location: float
) -> None:
    link = Link(location, scale, curvature)
    quantity = np.array([location + scale * standard])
    assert link.to_unit(link.from_unit(quantity)) == pytest.approx(quantity, abs=1e-6 * scale)


def test_prediction_is_the_sum_it_says_it_is(small_model: InteractionModel) -> None:
    levels, _ = draw(5, seed=7)
    straight = replace(small_model, link=Link(0.0, 1.0, 0.0))
    columns = contrast_columns(small_model.contrasts, levels)
    for row, predicted in zip(columns, straight.predict(levels).mean, strict=True):
        total = small_model.intercept[0]
        for weights in (small_model.main, small_model.pairs, small_model.triples):
            for chosen, mean in zip(weights.columns, weights.mean, strict=True):
                total += mean * np.prod(row[chosen])
        assert predicted == pytest.approx(total)


def test_a_pair_never_joins_two_contrasts_of_one_factor(small_model: InteractionModel) -> None:
    owner = np.repeat(
        np.arange(len(small_model.contrasts)), [t.shape[1] for t in small_model.contrasts]
    )
    for weights in (small_model.pairs, small_model.triples):
        for columns in weights.columns:
            assert all(owner[i] != owner[j] for i, j in combinations(columns, 2))


def test_population_size_makes_no_difference(small_model: InteractionModel) -> None:
    levels, _ = draw(9000, seed=8)
    together = small_model.predict(levels)
    assert together.mean[-3:] == pytest.approx(small_model.predict(levels[-3:]).mean, rel=1e-12)
    nothing = small_model.predict(levels[:0])
    assert nothing.mean.shape == nothing.low.shape == nothing.high.shape == (0,)
