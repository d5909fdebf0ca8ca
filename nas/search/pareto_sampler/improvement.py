"""Beliefs about errors + known costs → expected hypervolume improvement of every candidate.

Costs are known, so only the error is integrated over: with s(c) the least error on the front at
costs no larger than c, a candidate of costs c and error e adds the volume over all c' beyond c
of max(0, s(c') - e). Its expectation is a sum over the cells on which s is constant of the cell's
volume beyond c times the expected improvement on the cell's level: a closed form, whatever the
shape of the front. In general the expectation needs a decomposition into boxes (Emmerich, 2005).

Everything is minimised and scaled: errors to [0, 1] over what was evaluated, costs to [0, 1].

Why the error has a shifted lognormal belief: accuracies crowd near the best and spread out below,
so the surrogate learns log(error + shift), and small differences at the top count for more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import qmc

from nas.search.pareto_sampler.features import Array

# Beyond two known costs cells are sampled: so many points of a Sobol' sequence.
_SOBOL_POINTS = 1024
# With two known costs the exact sum is made for so many candidates of the largest upper bound.
_EXACT = 400


@dataclass(frozen=True, slots=True)
class Beliefs:
    """Of each candidate: log(error + shift) is normal, unless it fails or collapses.

    Args:
        mean: (count,) of log(error + shift).
        deviation: (count,) of the same.
        shift: Above 0, in scaled error.
        sound: (count,) probability that it neither fails nor collapses.
    """

    mean: Array
    deviation: Array
    shift: float
    sound: Array

    def of(self, rows: NDArray[np.intp]) -> Beliefs:
        """Those of some candidates."""
        return Beliefs(self.mean[rows], self.deviation[rows], self.shift, self.sound[rows])

    def gain(self, level: Array | float) -> Array:
        """Expected max(0, level - error) of every candidate; `level` broadcasts from the right."""
        top = np.maximum(np.asarray(level) + self.shift, 1e-12)
        ahead = (np.log(top) - self.mean) / self.deviation
        below = np.exp(np.minimum(self.mean + self.deviation**2 / 2, 50.0))
        gain: Array = top * ndtr(ahead) - below * ndtr(ahead - self.deviation)
        return np.maximum(gain, 0.0)


def expected_improvement(beliefs: Beliefs, costs: Array, front: Array, corner: Array) -> Array:
    """Expected growth of the hypervolume by each candidate.

    Args:
        beliefs: About `count` candidates.
        costs: (count, costs) scaled.
        front: (points, 1 + costs): scaled error, then costs, of what is evaluated.
        corner: (1 + costs,) the reference point.
    """
    front = front[(front < corner).all(1)]
    if costs.shape[1] == 0:
        improvement = beliefs.gain(min([corner[0], *front[:, 0]]))
    elif costs.shape[1] == 1:
        improvement = _one_cost(beliefs, costs[:, 0], front, corner)
    elif costs.shape[1] == 2:
        improvement = _two_costs(beliefs, costs, front, corner)
    else:
        improvement = _many_costs(beliefs, costs, front, corner)
    return improvement * beliefs.sound


def _one_cost(beliefs: Beliefs, cost: Array, front: Array, corner: Array) -> Array:
    order = np.lexsort((front[:, 0], front[:, 1]))
    levels = np.concatenate([[corner[0]], np.minimum.accumulate(front[order, 0])])
    edges = np.concatenate([[-np.inf], front[order, 1], [corner[1]]])
    steps = np.flatnonzero(np.diff(edges) > 0)
    total = np.zeros(len(cost))
    for step in steps:
        reached = np.flatnonzero(cost < edges[step + 1])
        width = edges[step + 1] - np.maximum(cost[reached], edges[step])
        total[reached] += width * beliefs.of(reached).gain(float(levels[step]))
    return total


def _two_costs(beliefs: Beliefs, costs: Array, front: Array, corner: Array) -> Array:
    first, second = np.unique(front[:, 1]), np.unique(front[:, 2])
    levels = np.full((len(first) + 1, len(second) + 1), corner[0])
    for error, one, two in front:
        beyond = levels[np.searchsorted(first, one) + 1 :, np.searchsorted(second, two) + 1 :]
        np.minimum(beyond, error, out=beyond)
    # The level at a candidate's own costs is the largest beyond them, hence an upper bound.
    own = levels[
        np.searchsorted(first, costs[:, 0], side="right"),
        np.searchsorted(second, costs[:, 1], side="right"),
    ]
    bound = np.maximum(corner[1:] - costs, 0).prod(1) * beliefs.gain(own) * beliefs.sound
    best = np.argsort(-bound, kind="stable")[:_EXACT]
    widths = [
        np.maximum(
            np.append(edges, corner[axis + 1])
            - np.maximum(costs[best, axis, None], np.concatenate([[-np.inf], edges])),
            0,
        )
        for axis, edges in enumerate((first, second))
    ]
    # Cells of one level are taken together: the error is integrated once for each level.
    distinct, number = np.unique(levels, return_inverse=True)
    total = np.zeros(len(costs))
    for level in range(len(distinct)):
        rows, columns = np.nonzero(number.reshape(levels.shape) == level)
        volume = (widths[0][:, rows] * widths[1][:, columns]).sum(1)
        total[best] += volume * beliefs.of(best).gain(float(distinct[level]))
    return total


def _many_costs(beliefs: Beliefs, costs: Array, front: Array, corner: Array) -> Array:
    points = qmc.Sobol(costs.shape[1], scramble=False).random(_SOBOL_POINTS) * corner[1:]
    levels = np.full(len(points), corner[0])
    for point in front:
        under = (points >= point[1:]).all(1)
        levels[under] = np.minimum(levels[under], point[0])
    distinct, number = np.unique(levels, return_inverse=True)
    beyond = (points[None] >= costs[:, None]).all(2).astype(float)
    volumes = beyond @ (number[:, None] == np.arange(len(distinct))) * corner[1:].prod()
    total = np.zeros(len(costs))
    for level in range(len(distinct)):
        total += volumes[:, level] / _SOBOL_POINTS * beliefs.gain(float(distinct[level]))
    return total
