"""A fitted model + networks that could be measured → which to measure next, and whether to.

Measuring the network that most shrinks the predictive variance of all candidates is the A-optimal
greedy design of linear models (Chaloner & Verdinelli, 1995), in closed form here: the variance
left by one more measurement does not depend on its outcome.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nas.cost.features import features
from nas.cost.fit import HeldOutError, Sample, held_out_from_half
from nas.cost.log import Measured
from nas.cost.model import AdditiveKernelModel
from nas.cost.prior import Prior, shipped_prior
from nas.graph.network import Network

Floats = NDArray[np.float64]
_HELPS = 0.9  # error with all measurements, relative to that with half of them


def most_informative(
    model: AdditiveKernelModel,
    candidates: Sequence[Network],
    count: int,
    *,
    seconds: Sequence[float] | None = None,
) -> list[int]:
    """Indices of the candidates whose latencies would teach most about all of them, best first.

    Args:
        model: What is known so far.
        candidates: Networks that could be measured, and that predictions should be good for.
        count: How many to choose.
        seconds: What measuring each takes; without it they count the same.
    """
    law = model.latency
    sample = Sample.of(candidates, per_run=law.per_run)
    prices = law.price(sample.signatures)
    costs = sample.counts @ prices
    rows = sample.design(features(sample.signatures)) / costs[:, None]
    shared = rows @ law.posterior.covariance @ rows.T
    if law.smooth is not None:
        far = law.smooth.residual.unknown(sample.signatures)
        parts = sample.counts.toarray() * prices / costs[:, None]
        shared += (parts * far) @ parts.T
    price = np.ones(len(candidates)) if seconds is None else np.asarray(seconds, dtype=float)
    noise, chosen = law.posterior.noise**2, list[int]()
    for _ in range(min(count, len(candidates))):
        taught = np.diag(shared) + noise
        gain = (shared**2).sum(axis=1) / taught / price
        gain[chosen] = -np.inf
        best = int(gain.argmax())
        chosen.append(best)
        shared = shared - np.outer(shared[best], shared[best]) / taught[best]
    return chosen


def more_would_help(
    rows: Sequence[Measured],
    error: HeldOutError,
    *,
    per_run: bool = True,
    prior: Prior | None = None,
) -> bool:
    """Whether the held-out error still falls: from half of the rows to all by more than a tenth.

    Args:
        rows: What was measured.
        error: Held-out error of their latencies.
        per_run: As in `calibrate`.
        prior: As in `calibrate`.
    """
    sample = Sample.of([row.network for row in rows], per_run=per_run)
    half = held_out_from_half(
        sample,
        np.array([row.latency_ms for row in rows]),
        [row.group for row in rows],
        shipped_prior() if prior is None else prior,
    )
    return error.median < _HELPS * half
