"""What an evaluator says of a few networks + what training finds → how far to trust its ranking.

Only ranks are compared: a search needs to know which of two networks is better.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nas.accuracy.attempt import attempt
from nas.accuracy.evaluator import NetworkEvaluator
from nas.errors import InputError
from nas.graph.lower import lower
from nas.space.architecture import Architecture
from nas.space.space import SearchSpace

Floats = NDArray[np.float64]

LEAST_NETWORKS = 4
"""Below that, an interval says nothing."""

_RESAMPLES = 1000
_LOW, _HIGH = 5, 95  # percentiles: an interval of 90%


@dataclass(frozen=True, slots=True)
class Correlation:
    """A rank correlation with its 90% interval, from resampled networks."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Trust:
    """How far two rankings of the same networks agree, from -1 to 1."""

    kendall: Correlation
    spearman: Correlation


@dataclass(frozen=True, slots=True)
class Compared:
    """A network, what the evaluator said of it, and what its own training came to."""

    architecture: Architecture
    said: float
    found: float


def trust(said: ArrayLike, found: ArrayLike, *, seed: int = 0) -> Trust:
    """Compare two rankings; shapes (count,).

    Kendall's τ (b) is the share of pairs in the same order less that of those in the other;
    Spearman's ρ the correlation of ranks. The intervals are bootstrapped over networks.
    """
    x, y = np.asarray(said, float), np.asarray(found, float)
    assert len(x) == len(y) >= LEAST_NETWORKS and np.isfinite([x, y]).all()
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(x), np.full(len(x), 1 / len(x)), size=_RESAMPLES)
    counts = np.vstack([np.ones(len(x)), drawn])  # how often each network counts
    return Trust(*(_correlation(method(x, y, counts)) for method in (_kendall, _spearman)))


def _correlation(values: Floats) -> Correlation:
    """From the value of all networks once, then those of the resamples."""
    low, high = np.percentile(values[1:], [_LOW, _HIGH])
    return Correlation(float(values[0]), float(low), float(high))


def _kendall(x: Floats, y: Floats, counts: Floats) -> Floats:
    order_x, order_y = np.sign(x[:, None] - x), np.sign(y[:, None] - y)

    def total(pairs: Floats) -> Floats:
        summed: Floats = np.sum((counts @ pairs) * counts, axis=1)
        return summed

    return _ratio(total(order_x * order_y), total(order_x**2) * total(order_y**2))


def _spearman(x: Floats, y: Floats, counts: Floats) -> Floats:
    def ranks(values: Floats) -> Floats:
        """Of each network in each resample, about their mean."""
        below = (values[:, None] < values) + 0.5 * (values[:, None] == values)
        centred: Floats = counts @ below - counts.sum(axis=1, keepdims=True) / 2
        return centred

    rank_x, rank_y = ranks(x), ranks(y)
    variances = np.sum(counts * rank_x**2, axis=1) * np.sum(counts * rank_y**2, axis=1)
    return _ratio(np.sum(counts * rank_x * rank_y, axis=1), variances)


def _ratio(covariance: Floats, variances: Floats) -> Floats:
    """A correlation; 0 where all are the same, which agrees with nothing."""
    return np.divide(
        covariance, np.sqrt(variances), out=np.zeros_like(covariance), where=variances > 0
    )


def draw_networks(space: SearchSpace, count: int, *, seed: int) -> list[Architecture]:
    """Different networks of a space, uniformly.

    Raises:
        InputError: if that many are too few to say anything, or more than there are.
    """
    if count < LEAST_NETWORKS:
        raise InputError(f"`networks` must be at least {LEAST_NETWORKS}; got {count}")
    drawn = map(space.architecture, space.sample(10 * count, seed=seed))
    distinct = {network.id: network for network in drawn}
    if len(distinct) < count:
        raise InputError(
            f"`networks` must be fewer than {space.name} has; got {count}; "
            f"give {len(distinct)} or fewer"
        )
    return list(distinct.values())[:count]


def compare(
    evaluator: NetworkEvaluator,
    reference: NetworkEvaluator,
    networks: Sequence[Architecture],
    *,
    seed: int,
    folder: Path,
    on_progress: Callable[[int, float], None] = lambda number, share: None,
) -> list[Compared]:
    """Ask both about each network.

    Args:
        evaluator: To be judged.
        reference: To judge by, such as stand-alone training.
        networks: Which.
        seed: Of both.
        folder: For their checkpoints; trainings that are there are gone on from.
        on_progress: Told the number of the network, from 0, and the share of its training done.

    Raises:
        EvaluationFailedError: if one of them fails on a network.
    """
    compared = []
    for number, network in enumerate(networks):
        said = found = np.nan
        for report in attempt(evaluator, network, seed=seed, folder=folder / "evaluator"):
            said = report.accuracy
        for report in attempt(reference, network, seed=seed, folder=folder / network.id):
            found = report.accuracy
            on_progress(number, report.share)
        compared.append(Compared(network, said, found))
    return compared


def against_counts(compared: Sequence[Compared], *, seed: int = 0) -> dict[str, Trust]:
    """How far MACs and parameters, which cost nothing, rank the same networks."""
    lowered = [lower(item.architecture) for item in compared]
    found = [item.found for item in compared]
    return {
        "macs": trust([network.macs for network in lowered], found, seed=seed),
        "parameters": trust([network.parameters for network in lowered], found, seed=seed),
    }
