"""Rank correlations with intervals, and the comparison that they are taken of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kendalltau, spearmanr

from nas.accuracy.evaluator import Report
from nas.accuracy.trust import against_counts, compare, draw_networks, trust
from nas.errors import EvaluationFailedError, InputError
from nas.graph.lower import lower
from nas.space.architecture import Architecture
from tests.accuracy.small_supernet import SPACE

VALUES = np.arange(10.0)


class Counting:
    """Says how many millions of MACs or parameters a network has."""

    provenance = {"kind": "counting"}
    cost_s = 1e-3

    def __init__(self, what: str, sign: float = 1.0) -> None:
        self.what, self.sign = what, sign

    def evaluate(self, architecture: Architecture, *, seed: int, folder: Path) -> Iterator[Report]:
        value = self.sign * getattr(lower(architecture), self.what) / 1e6
        yield Report(0.5, 0.0)
        yield Report(1.0, value)


class Failing(Counting):
    def evaluate(self, architecture: Architecture, *, seed: int, folder: Path) -> Iterator[Report]:
        raise ValueError("no")


def test_equal_and_reversed_rankings() -> None:
    same, reverse = trust(VALUES, VALUES**3), trust(VALUES, -VALUES)
    for found, value in ((same, 1.0), (reverse, -1.0)):
        for item in (found.kendall, found.spearman):
            assert item.value == pytest.approx(value)
            assert item.low == pytest.approx(value) and item.high == pytest.approx(value)


def test_kendall_counts_pairs() -> None:
    # Of the 6 pairs, the first two alone are in the other order.
    assert trust([2, 1, 3, 4], [1, 2, 3, 4]).kendall.value == pytest.approx(4 / 6)


def test_ties_count_as_they_do_elsewhere() -> None:
    rng = np.random.default_rng(0)
    for _ in range(5):
        x, y = rng.integers(0, 6, (2, 20))
        found = trust(x, y)
        assert found.kendall.value == pytest.approx(kendalltau(x, y).statistic)
        assert found.spearman.value == pytest.approx(spearmanr(x, y).statistic)


def test_an_interval_narrows_with_networks_and_holds_the_truth() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=4000)
    y = x + rng.normal(size=4000)
    truth = float(spearmanr(x, y).statistic)
    few, many = trust(x[:10], y[:10]).spearman, trust(x[:300], y[:300]).spearman
    assert few.high - few.low > 3 * (many.high - many.low)
    held = [trust(x[i : i + 40], y[i : i + 40]).spearman for i in range(0, 800, 40)]
    assert sum(item.low <= truth <= item.high for item in held) >= 15  # of 20


def test_one_who_says_the_same_of_all_is_not_trusted() -> None:
    assert trust(np.ones(6), VALUES[:6]).kendall.value == 0


def test_networks_differ_and_are_those_of_the_seed() -> None:
    networks = draw_networks(SPACE, 12, seed=3)
    assert len({network.id for network in networks}) == 12
    assert networks == draw_networks(SPACE, 12, seed=3) != draw_networks(SPACE, 12, seed=4)
    with pytest.raises(InputError, match="at least 4; got 3"):
        draw_networks(SPACE, 3, seed=0)
    with pytest.raises(InputError, match="fewer than small has"):
        draw_networks(SPACE, 2000, seed=0)


def test_both_are_asked_about_each_network(tmp_path: Path) -> None:
    networks, told = draw_networks(SPACE, 5, seed=0), []
    compared = compare(
        Counting("parameters"),
        Counting("macs"),
        networks,
        seed=0,
        folder=tmp_path,
        on_progress=lambda number, share: told.append((number, share)),
    )
    assert [item.architecture for item in compared] == networks
    assert told == [(number, share) for number in range(5) for share in (0.5, 1.0)]
    for item in compared:
        lowered = lower(item.architecture)
        assert (item.said, item.found) == (lowered.parameters / 1e6, lowered.macs / 1e6)
    assert against_counts(compared)["macs"].kendall.value == pytest.approx(1)


def test_a_failure_is_told(tmp_path: Path) -> None:
    with pytest.raises(EvaluationFailedError, match="ValueError: no"):
        compare(
            Failing("macs"), Counting("macs"), draw_networks(SPACE, 4, seed=0),
            seed=0, folder=tmp_path,
        )  # fmt: skip
