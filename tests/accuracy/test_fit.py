"""Fitting: a known function is recovered, with an interval that holds what it promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.accuracy.fit import fit, orthogonal_contrasts
from nas.accuracy.interactions import InteractionModel
from nas.accuracy.validate import agreement, held_out_fit, summarise
from tests.accuracy.synthetic import FACTORS, SETTINGS, draw


def test_an_additive_and_pairwise_function_is_recovered(small_model: InteractionModel) -> None:
    levels, quantity = draw(3000, seed=1)
    found = agreement(small_model.predict(levels), quantity)
    assert found.r2 > 0.98
    assert found.kendall_tau > 0.92
    assert found.interval_coverage == pytest.approx(0.9, abs=0.04)
    assert small_model.link.curvature < 0  # the quantity saturates


def test_fitting_is_deterministic_and_withstands_wild_rows(
    small_model: InteractionModel,
) -> None:
    levels, quantity = draw(500, seed=0)
    again = fit(levels, quantity, factors=FACTORS, settings=SETTINGS)
    unseen, truth = draw(500, seed=2)
    assert np.array_equal(again.predict(unseen).mean, small_model.predict(unseen).mean)
    quantity[::50] += 40  # ten rows went wrong
    robust = fit(levels, quantity, factors=FACTORS, settings=SETTINGS)
    assert agreement(robust.predict(unseen), truth).r2 > 0.95


def test_held_out_figures_are_means_over_seeds() -> None:
    levels, quantity = draw(300, seed=4)
    fits = [
        held_out_fit(levels, quantity, factors=FACTORS, settings=SETTINGS, seed=seed)
        for seed in (0, 1)
    ]
    held_out = summarise(fits, rows=300)
    assert (held_out.rows, [fit.seed for fit in held_out.by_seed]) == (60, [0, 1])
    assert held_out.r2 == pytest.approx((fits[0].r2 + fits[1].r2) / 2, abs=1e-4)
    assert held_out.r2 > 0.95


@given(
    st.lists(st.integers(1, 50), min_size=3, max_size=6),
    st.one_of(st.none(), st.integers(0, 2)),
    st.integers(1, 5),
)
def test_contrasts_are_orthonormal_under_the_counts(
    counts: list[int], absent: int | None, degree: int
) -> None:
    table = orthogonal_contrasts(np.array(counts, dtype=float), absent=absent, degree=degree)
    present = [level for level in range(len(counts)) if level != absent]
    share = np.array(counts, dtype=float)[present] / np.array(counts)[present].sum()
    kept = table[present]
    assert kept.shape[1] == min(degree, len(present) - 1)
    assert share @ kept == pytest.approx(0, abs=1e-9)
    assert (kept.T * share) @ kept == pytest.approx(np.eye(kept.shape[1]), abs=1e-9)
    if absent is not None:
        assert not table[absent].any()
