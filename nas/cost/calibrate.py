"""Measured networks → a fitted additive model with its held-out error.

Non-negative least squares on relative errors: each family of kernels gets a cost per launch, MAC,
element read, element written and weight, drawn weakly towards values common to the device. A
family that the measurements never contained, or could not tell apart from others, borrows a law
along `nas.cost.features.BASIS`. The held-out error is of this whole procedure, refitted without
one group of rows at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.stats import spearmanr

from nas.cost.features import BASIS, FEATURES, TRAFFIC, Family, family_of, features
from nas.cost.log import Measured
from nas.cost.model import AdditiveKernelModel, Calibrated, Law, ModelKey, Origin
from nas.errors import MeasurementLogError
from nas.graph.network import Network

Floats = NDArray[np.float64]
_MAX_FOLDS = 40
# Strong enough to settle what the data leaves open, too weak to move what it says: held-out errors
# of the shipped devices are the same within a point from 1e-8 to 1e-5, and rise beyond.
_PULL = 1e-5
_IS_TRAFFIC = np.array([name in ("input_elements", "output_elements") for name in FEATURES])


@dataclass(frozen=True, slots=True)
class HeldOutError:
    """Errors on rows that the fit did not see, relative to the measured value.

    Args:
        samples: Rows predicted.
        median: Median absolute relative error.
        within_10_percent: Share of rows within ±10%.
        spearman: Rank correlation of predicted and measured.
        by_group: Median absolute relative error of each held-out group.
    """

    samples: int
    median: float
    within_10_percent: float
    spearman: float
    by_group: dict[str, float]


@dataclass(frozen=True, slots=True)
class Calibration:
    """A fitted model and how well the procedure predicts what it has not seen."""

    model: AdditiveKernelModel
    latency_error: HeldOutError
    energy_error: HeldOutError | None


def calibrate(
    rows: Sequence[Measured],
    key: ModelKey,
    *,
    latency_origin: Origin = Origin.MEASURED,
    energy_origin: Origin = Origin.MEASURED,
) -> Calibration:
    """Fit latency, and energy where at least two rows give it.

    Raises:
        MeasurementLogError: if there are fewer than two rows or two groups.
    """
    networks = [row.network for row in rows]
    design = np.array([_row(network) for network in networks])
    groups = [row.group for row in rows]
    if len(set(groups)) < 2:
        raise MeasurementLogError(
            f"`group` must have at least two values, one to hold out; got {len(set(groups))}"
        )
    latency = np.array([row.latency_ms for row in rows])
    energies = [row.energy_mj for row in rows]
    measured = np.array([energy is not None for energy in energies])
    energy_law = energy_error = None
    if measured.sum() >= 2:
        energy = np.array([value for value in energies if value is not None])
        kept = [group for group, known in zip(groups, measured, strict=True) if known]
        energy_law = fit_law(design[measured], energy, energy_origin)
        energy_error = held_out_error(design[measured], energy, kept)
    model = AdditiveKernelModel(
        key, fit_law(design, latency, latency_origin), energy_law, _calibrated(networks)
    )
    return Calibration(model, held_out_error(design, latency, groups), energy_error)


def _row(network: Network) -> Floats:
    """Summed features of a network's kernels; shape (families × features,)."""
    total: Floats = features([kernel.signature for kernel in network.kernels]).sum(axis=0)
    return total


def fit_law(design: Floats, costs: Floats, origin: Origin) -> Law:
    """The law of every family that has a basis.

    Args:
        design: Summed features of each network, shape (networks, families × features).
        costs: What each network took, in the unit of the law.
        origin: What the costs are.
    """
    own, everywhere = _pooled(design, costs)
    laws: dict[str, tuple[float, ...]] = {
        family: tuple(own[index].tolist())
        for index, family in enumerate(Family)
        if own[index].any()
    }
    traffic = tuple(np.where(_IS_TRAFFIC, everywhere, 0.0).tolist())
    basis_of = {family: basis for family, basis in BASIS.items() if family not in laws}
    bases = {**laws, TRAFFIC: traffic} if any(traffic) else laws
    borrowed = {family: basis for family, basis in basis_of.items() if basis in bases}
    coefficients = {family: laws[family] for family in Family if family in laws}
    coefficients |= {family: bases[basis] for family, basis in borrowed.items()}
    return Law(coefficients, borrowed, origin)


def _pooled(design: Floats, costs: Floats) -> tuple[Floats, Floats]:
    """Each family's coefficients, drawn weakly towards one device-wide value per feature.

    Why: a family seen in a handful of shapes (the stem) explains them equally well by any of its
    features, and only some of those explanations carry over to other shapes.

    Returns:
        Coefficients per family, shape (families, features), and device-wide, shape (features,).
    """
    count, kinds = len(FEATURES), len(Family)
    relative = design / costs[:, None]
    # One scale per feature, the same for every family, so that the pull compares like with like.
    scale = relative.reshape(len(costs), kinds, count).max(axis=(0, 1))
    scale = np.where(scale > 0, scale, 1.0)
    fit = np.hstack([relative / np.tile(scale, kinds), np.zeros((len(costs), count))])
    pull = np.hstack([np.eye(kinds * count), -np.tile(np.eye(count), (kinds, 1))])
    strength = np.sqrt(_PULL * len(costs))
    target = np.concatenate([np.ones(len(costs)), np.zeros(len(pull))])
    solution, _ = nnls(np.vstack([fit, strength * pull]), target, maxiter=100_000)
    table = solution.reshape(kinds + 1, count) / scale
    seen = design.any(axis=0).reshape(kinds, count)
    return np.where(seen, table[:-1], 0.0), table[-1]


def held_out_error(design: Floats, costs: Floats, groups: Sequence[str]) -> HeldOutError:
    """Refit without each group in turn and predict it; many groups are held out in folds."""
    names = sorted(set(groups))
    fold_of = {name: index % _MAX_FOLDS for index, name in enumerate(names)}
    folds = np.array([fold_of[group] for group in groups])
    predicted = np.full(len(costs), np.nan)
    for fold in np.unique(folds):
        inside = folds == fold
        law = fit_law(design[~inside], costs[~inside], Origin.MEASURED)
        # A family without a basis in this fold makes its rows unpredictable: NaN, not zero.
        priced = np.where(design[inside] > 0, design[inside] * law.vector(), 0.0)
        predicted[inside] = priced.sum(axis=1)
    known = np.isfinite(predicted)
    if known.sum() < 2:
        raise MeasurementLogError(
            "the log must let at least two rows be predicted from the others; "
            "add networks that share kinds of kernels"
        )
    error = np.abs(predicted / costs - 1)
    by_group = {
        name: float(np.median(error[inside & known]))
        for name in names
        if (inside := np.array([group == name for group in groups])).any()
        and (inside & known).any()
    }
    return HeldOutError(
        int(known.sum()),
        float(np.median(error[known])),
        float((error[known] <= 0.10).mean()),
        float(spearmanr(predicted[known], costs[known]).statistic),
        by_group,
    )


def _calibrated(networks: Sequence[Network]) -> dict[Family, Calibrated]:
    """What of each family the measurements contained."""
    made = {}
    signatures = {kernel.signature for network in networks for kernel in network.kernels}
    for index, family in enumerate(Family):
        mine = [signature for signature in signatures if family_of(signature) is family]
        if not mine:
            continue
        start = index * len(FEATURES)
        columns = features(mine)[:, start : start + len(FEATURES)]
        lows, highs = columns.min(axis=0).tolist(), columns.max(axis=0).tolist()
        made[family] = Calibrated(
            tuple(zip(lows, highs, strict=True)),
            tuple(sorted({signature.kernel for signature in mine})),
            tuple(sorted({signature.activation.value for signature in mine})),
            tuple(sorted({signature.kind.value for signature in mine})),
        )
    return made
