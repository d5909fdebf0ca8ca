"""Summed features of measured networks + a prior → coefficients with their uncertainty.

Costs are linear in the coefficients, w, of the features, and the noise is relative to the cost:
cost = features · w · (1 + noise). The prior is a mixture with one component per known device,

    w ~ N(0, s · ((1 - SHARED) · device deviceᵀ + SHARED · covariance of all devices)),

one per ideal device, which pays for one thing alone, and one of the covariance alone, which says:
the new device is probably like one of these up to its speed, and otherwise differs as devices
differ; or it is like none in particular. Everything is in closed form: each component's evidence
on a grid over s and the noise weighs its posterior, and the mixture is reported by its mean and
covariance.

Why a mixture: a GPU at batch 1 pays by the launch, at batch 64 by the byte, a phone by the MAC.
One Gaussian over all of them knows none of these; ten measurements are enough to tell which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nas.cost.gaussian import NOISES, Component, Moments, component
from nas.cost.prior import Prior, ideal_devices

Floats = NDArray[np.float64]

SHARED = 0.3
"""How far a device may differ from its nearest relative, as a share of how far devices differ."""

_NEGLIGIBLE = 1e-3
_RULED_OUT = 8.0  # log evidence below the best
# The first pass divides by the measured costs, which draws noisy ones down; later ones by the
# predicted, and weigh rows by how far off they are: the noise is Student's, as a runtime that
# picks another algorithm for one shape is not noise of any one width.
_PASSES = 3
_TAILS = 4.0


@dataclass(frozen=True)
class Posterior:
    """Coefficients of one cost of a device.

    Args:
        mean: Coefficients, shape (columns,).
        covariance: Their covariance, shape (columns, columns).
        noise: Standard deviation of what the features do not explain, relative to the cost.
    """

    mean: Floats
    covariance: Floats
    noise: float


@dataclass(frozen=True)
class Inference:
    """A posterior, and the prior that the mixture became in the light of the data.

    Args:
        posterior: Of the coefficients.
        covariance: The components' covariances, weighed by their evidence, in the units of the
            posterior; shape (columns, columns).
    """

    posterior: Posterior
    covariance: Floats


def infer(design: Floats, costs: Floats, prior: Prior) -> Inference:
    """The posterior after measuring networks.

    Args:
        design: Summed features of each network, shape (networks, columns).
        costs: What each took, shape (networks,).
        prior: What other devices say.
    """
    covariances = [
        (1 - SHARED) * np.outer(device, device) + SHARED * prior.covariance
        for device in (*prior.devices, *ideal_devices(prior.scale))
    ]
    return infer_under(design, costs, prior.scale, [*covariances, prior.covariance])


def ordinary(design: Floats, scale: Floats) -> Floats:
    """By how much to take back what is typical of each column where networks have far more of it.

    Why: a lone convolution may be ten thousand times as large as a network's stem, from which all
    is known of convolutions; what is typical would leave room, or ask, for that column only.

    Args:
        design: Summed features of each network, shape (networks, columns).
        scale: What a typical network has of each column, shape (columns,).

    Returns:
        At most 1, and 1 where the networks are like typical ones; shape (columns,).
    """
    sizes = design.mean(axis=0) / scale
    shares: Floats = 1 / np.maximum(1.0, sizes / np.median(sizes[sizes > 0]))
    return shares


def infer_under(
    design: Floats, costs: Floats, scale: Floats, covariances: Sequence[Floats]
) -> Inference:
    """The posterior under a mixture of Gaussians of these covariances, in units of 1 / scale."""
    unit = float(np.median(costs))
    rows, targets = design / scale, costs / unit
    expected, likely, weights = targets, list(covariances), np.ones(len(targets))
    for _ in range(_PASSES):
        relative = np.sqrt(weights) / expected
        found, likely = _mixture(Moments.of(rows * relative[:, None], targets * relative), likely)
        predicted = rows @ found.posterior.mean
        expected = np.clip(predicted, targets / 2, targets * 2)
        off = (targets - predicted) / expected / found.posterior.noise
        weights = (_TAILS + 1) / (_TAILS + off**2)
    back = unit / scale
    both = np.outer(back, back)
    posterior = found.posterior
    return Inference(
        Posterior(posterior.mean * back, posterior.covariance * both, posterior.noise),
        found.covariance * both,
    )


def _mixture(moments: Moments, covariances: Sequence[Floats]) -> tuple[Inference, list[Floats]]:
    """The mixture's posterior, moment-matched, and the covariances that are not ruled out."""
    parts = [component(moments, covariance) for covariance in covariances]
    best = max(float(part.evidence.max()) for part in parts)
    total = sum(float(np.exp(part.evidence - best).sum()) for part in parts)
    columns = len(moments.moment)
    mean, second, prior = np.zeros(columns), np.zeros((columns,) * 2), np.zeros((columns,) * 2)
    variance = kept = 0.0
    for part, covariance in zip(parts, covariances, strict=True):
        for share, scale, noise in _weighty(part, best + float(np.log(total))):
            here, factor = part.at(scale, noise)
            mean += share * here
            second += share * (factor @ factor.T + np.outer(here, here))
            prior += share * scale * covariance
            variance += share * noise**2
            kept += share
    mean = mean / kept
    spread = second / kept - np.outer(mean, mean)
    found = Inference(Posterior(mean, spread, float(np.sqrt(variance / kept))), prior / kept)
    likely = [
        covariance
        for part, covariance in zip(parts, covariances, strict=True)
        if part.evidence.max() > best - _RULED_OUT
    ]
    return found, likely


def _weighty(part: Component, log_total: float) -> list[tuple[float, float, float]]:
    """(weight, scale, noise) of the places of the grid that matter."""
    weights = np.exp(part.evidence - log_total)
    return [
        (float(weights[row, column]), float(part.scales[row]), float(NOISES[column]))
        for row, column in np.argwhere(weights > _NEGLIGIBLE)
    ]
