"""Kernels → the cost of each, and networks → a cost with its interval, by one fitted law.

A law is linear: a kernel's cost is its features times coefficients, plus, where enough was
measured for it to pay, its base cost times a smooth function of its shape (`nas.cost.residual`).
A network adds up its kernels and what an inference pays once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import scipy
from numpy.typing import NDArray

from nas.cost.features import COLUMNS, PER_RUN, Runs, features, run_features
from nas.cost.posterior import Posterior
from nas.cost.residual import Residual
from nas.graph.network import Network, Signature

Floats = NDArray[np.float64]
NORMAL_90 = 1.6448536269514722
"""Half of a normal variable's 90% interval in standard deviations."""

# A standard deviation, as a share. Families of networks with an activation of their own are 4% to
# 24% off where the device never ran it (benchmarks/cost_models.md, across spaces).
_DOUBT = 0.2


class Origin(StrEnum):
    """What the values that a law was fitted on are."""

    MEASURED = "measured"
    SIMULATED = "simulated"
    MODELLED = "modelled"


@dataclass(frozen=True, eq=False)
class Smooth:
    """The part of a law that is smooth in a kernel's shape: its base cost times a share.

    Args:
        residual: Functions of the shape.
        base: Coefficients of the base cost, shape (columns,).
        weights: What nearness to each centre adds to the share, shape (functions,).
    """

    residual: Residual
    base: Floats
    weights: Floats


@dataclass(frozen=True, eq=False)
class Law:
    """One cost of a device.

    Args:
        posterior: Of the columns of `nas.cost.features`.
        least: Least cost of a kernel per unit of each column, shape (columns,).
        priced: Columns that anything measured stands behind, here or elsewhere, (columns,).
        measured: Columns that were measured here, (columns,).
        per_run: Whether an inference pays once, besides its kernels.
        widening: Factor from the posterior's deviations to those of held-out networks.
        origin: What it was fitted on.
        smooth: Where it paid.
    """

    posterior: Posterior
    least: Floats
    priced: NDArray[np.bool_]
    measured: NDArray[np.bool_]
    per_run: bool
    widening: float
    origin: Origin
    smooth: Smooth | None = None

    def price(self, signatures: Sequence[Signature]) -> Floats:
        """Cost of each kernel; shape (count,)."""
        table = features(signatures)
        cost = _times(table, self.posterior.mean)
        if self.smooth is not None:
            share = _times(self.smooth.residual.near(signatures), self.smooth.weights)
            cost += base_cost(table, self.smooth.base, self.least) * share
        bounded: Floats = np.maximum(cost, _times(table, self.least))
        return bounded

    def run(self, runs: Runs) -> Floats:
        """What each inference costs besides its kernels; shape (inferences,)."""
        return self._once(runs.features()) if self.per_run else np.zeros(len(runs.input_elements))

    def _once(self, rows: Floats) -> Floats:
        """The same, of the columns `PER_RUN`."""
        cost: Floats = np.maximum(_times(rows, self.posterior.mean[-len(PER_RUN) :]), 0.0)
        return cost

    def predict(
        self,
        signatures: Sequence[Signature],
        counts: Floats | scipy.sparse.csr_array,
        runs: Floats,
    ) -> tuple[Floats, Floats]:
        """Costs of networks and their standard deviations, to be widened; (networks,) each.

        Networks held out tell how far to trust what was measured. Of what was not, they tell
        nothing: its part of the deviation may be widened, never narrowed, and is at least
        `_DOUBT` of what kernels take that have something never measured.

        Args:
            signatures: Distinct kernels.
            counts: How often each network has each, dense or sparse, shape (networks, kernels).
            runs: What an inference of each pays once, shape (networks, columns).
        """
        table, prices = features(signatures), self.price(signatures)
        summed = counts @ table + runs
        strange = (table[:, ~self.measured] > 0).any(axis=1)
        unmeasured = self._variance(np.where(self.measured, 0.0, summed))
        doubt = unmeasured + (_DOUBT * (counts @ np.where(strange, prices, 0.0))) ** 2
        unsure = self._variance(summed) - unmeasured + doubt * max(1.0, self.widening**-2)
        costs = counts @ prices + self._once(runs[:, -len(PER_RUN) :])
        variance = np.maximum(unsure, 0.0) + (self.posterior.noise * costs) ** 2
        if self.smooth is not None:
            # What no measured kernel is near to is as unknown as it was before measuring.
            base = base_cost(table, self.smooth.base, self.least)
            variance += counts**2 @ (base**2 * self.smooth.residual.unknown(signatures))
        return costs, np.sqrt(variance)

    def _variance(self, summed: Floats) -> Floats:
        """What the coefficients leave open of sums of features; shape (networks,)."""
        unsure: Floats = np.einsum("ij,jk,ik->i", summed, self.posterior.covariance, summed)
        return unsure

    def interval(self, network: Network, cost: float) -> tuple[float, float]:
        """The 90% interval about a network's cost."""
        return self.intervals([network], [cost])[0]

    def intervals(
        self, networks: Sequence[Network], costs: Sequence[float]
    ) -> list[tuple[float, float]]:
        """The 90% intervals about the costs of networks, in one go."""
        each = [Counter(kernel.signature for kernel in network.kernels) for network in networks]
        distinct = list(dict.fromkeys(signature for counts in each for signature in counts))
        table = np.array([[counts[one] for one in distinct] for counts in each], float)
        runs = np.zeros((len(each), len(COLUMNS)))
        if self.per_run:
            runs = run_features(networks)
        _, deviations = self.predict(distinct, table, runs)
        halves = NORMAL_90 * self.widening * deviations
        pairs = zip(costs, halves.tolist(), strict=True)
        return [(max(0.0, cost - half), cost + half) for cost, half in pairs]


def base_cost(table: Floats, base: Floats, least: Floats) -> Floats:
    """What the smooth part multiplies, of kernels with these features; shape (kernels,)."""
    cost: Floats = np.maximum(_times(table, base), _times(table, least))
    return cost


def _times(rows: Floats, vector: Floats) -> Floats:
    """Rows times a vector, the same to the last bit on any number of threads, as BLAS is not: a
    search that goes on in another process must come to the same costs.
    """
    product: Floats = (rows * vector).sum(axis=1)
    return product
