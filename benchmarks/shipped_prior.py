"""Everything measured → the prior that ships, and for each device the prior of all the others.

A model that ships is fitted under what other devices say, never its own: its held-out error is
then that of a new device. Boards of ncnn's benchmark shape the covariance of the prior, yet stand
for no nearest relative: they are many, and 21 networks tell little of which of them is nearest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.fittable import Fittable
from nas.cost.features import features
from nas.cost.fit import Sample
from nas.cost.prior import Prior, learn_prior
from nas.graph.network import Precision

Floats = NDArray[np.float64]

_FEWEST_ROWS = 15
_MOST_ROWS = 300


class KnownDevices:
    """Everything measured, as what it says about a device that is not among them.

    Args:
        candidates: Rows of every key; those too few to tell much are not used.
    """

    def __init__(self, candidates: Sequence[Fittable]) -> None:
        self._known = [
            (candidate, *_summed(candidate)) for candidate in candidates if _tells_much(candidate)
        ]
        self._priors: dict[str, Prior] = {}

    def prior_for(self, candidate: Fittable) -> Prior:
        """What the other devices say about one."""
        device = candidate.key.device
        if device not in self._priors:
            self._priors[device] = self.prior(without=device)
        prior = self._priors[device]
        return _covariance_alone(prior) if _is_board(candidate) else prior

    def prior(self, without: str | None = None) -> Prior:
        """What all devices say together, but for the one left out."""
        known = [known for known in self._known if known[0].key.device != without]
        return learn_prior(
            {str(candidate.key): (design, costs) for candidate, design, costs in known},
            relatives={str(candidate.key) for candidate, *_ in known if not _is_board(candidate)},
        )


def _is_board(candidate: Fittable) -> bool:
    return candidate.key.runtime.startswith("ncnn")


def _tells_much(candidate: Fittable) -> bool:
    """Quantized boards resemble each other in other ways; they made the prior worse."""
    quantized_board = _is_board(candidate) and candidate.key.precision is Precision.INT8
    return len(candidate.rows) >= _FEWEST_ROWS and not quantized_board


def _summed(candidate: Fittable) -> tuple[Floats, Floats]:
    """Summed features and latencies of some of a candidate's networks."""
    rows = candidate.rows[:: max(1, len(candidate.rows) // _MOST_ROWS)]
    sample = Sample.of([row.network for row in rows], per_run=candidate.per_run)
    costs = np.array([row.latency_ms for row in rows])
    return sample.design(features(sample.signatures)), costs


def _covariance_alone(prior: Prior) -> Prior:
    return replace(prior, names=(), devices=prior.devices[:0])
