"""Measured networks → a fitted model with its held-out error.

`nas.cost.fit` fits each cost; here are the two of a device together. Energy is power times time:
the latency just fitted joins the prior of the energy as one more known device.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nas.cost.features import COUNTS, Family, family_of
from nas.cost.fit import HeldOutError, Sample, fit_held_out, fit_law
from nas.cost.law import Law, Origin
from nas.cost.log import Measured
from nas.cost.model import AdditiveKernelModel, Calibrated, ModelKey
from nas.cost.posterior import Posterior
from nas.cost.prior import Prior, shipped_prior
from nas.graph.network import Network, Signature

Floats = NDArray[np.float64]


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
    active_power_mw: float | None = None,
    per_run: bool = True,
    prior: Prior | None = None,
) -> Calibration:
    """Fit latency, and energy where at least two rows give it.

    Args:
        rows: What was measured.
        key: What it was measured on.
        latency_origin: What the latencies are.
        energy_origin: What the energies are.
        active_power_mw: Where no energy was measured, it is modelled as this times the latency.
        per_run: Whether an inference pays once besides its kernels, as an end to end one does.
        prior: What other devices say; without it, every device that ships.

    Raises:
        MeasurementLogError: if there are fewer than two rows or two groups.
    """
    prior = shipped_prior() if prior is None else prior
    networks = [row.network for row in rows]
    sample = Sample.of(networks, per_run=per_run)
    groups = [row.group for row in rows]
    latency = np.array([row.latency_ms for row in rows])
    law, error = fit_held_out(sample, latency, groups, prior, latency_origin)
    measured = np.array([row.energy_mj is not None for row in rows])
    energy_law = energy_error = None
    if len({group for group, known in zip(groups, measured, strict=True) if known}) >= 2:
        energy = np.array([row.energy_mj for row in rows if row.energy_mj is not None])
        kept = [group for group, known in zip(groups, measured, strict=True) if known]
        energy_law, energy_error = fit_held_out(
            sample.part(measured), energy, kept, _with_latency(prior, law), energy_origin
        )
    elif active_power_mw is not None:
        energy_law = _times_power(law, active_power_mw)
    return Calibration(
        AdditiveKernelModel(key, law, energy_law, _calibrated(networks)), error, energy_error
    )


def quick_model(
    rows: Sequence[Measured], key: ModelKey, *, prior: Prior | None = None
) -> AdditiveKernelModel:
    """The model of the latencies of dozens of networks, holding nothing out: a tenth of a second.

    It has a smooth part, whether that pays or not, and the intervals of the posterior;
    `calibrate` fits both to networks held out.
    """
    prior = shipped_prior() if prior is None else prior
    networks = [row.network for row in rows]
    sample = Sample.of(networks, per_run=True)
    latency = np.array([row.latency_ms for row in rows])
    law = fit_law(sample, latency, prior, smooth=True)
    return AdditiveKernelModel(key, law, None, _calibrated(networks))


def _with_latency(prior: Prior, latency: Law) -> Prior:
    """The prior of a device's energy, which is likely in proportion to its latency."""
    device = latency.posterior.mean * prior.scale
    device = device / np.sqrt(np.mean(device**2))
    return replace(
        prior,
        names=(*prior.names, "its own latency"),
        devices=np.vstack([prior.devices, device]),
        known=prior.known | latency.priced,
    )


def _times_power(latency: Law, active_power_mw: float) -> Law:
    """Energy in mJ as power times latency in ms."""
    factor = active_power_mw / 1000  # mW × ms is µJ, and energies are mJ
    known = latency.posterior
    return replace(
        latency,
        posterior=Posterior(known.mean * factor, known.covariance * factor**2, known.noise),
        least=latency.least * factor,
        origin=Origin.MODELLED,
        smooth=latency.smooth and replace(latency.smooth, base=latency.smooth.base * factor),
    )


def _calibrated(networks: Sequence[Network]) -> dict[Family, Calibrated]:
    """What of each family the measurements contained."""
    made = {}
    signatures = {kernel.signature for network in networks for kernel in network.kernels}
    for family in Family:
        mine = [signature for signature in signatures if family_of(signature) is family]
        if not mine:
            continue
        made[family] = Calibrated(
            tuple(_range(mine, name) for name in COUNTS),
            tuple(sorted({signature.kernel for signature in mine})),
            tuple(sorted({signature.activation.value for signature in mine})),
            tuple(sorted({signature.kind.value for signature in mine})),
        )
    return made


def _range(signatures: Sequence[Signature], count: str) -> tuple[float, float]:
    values = [1 if count == "calls" else getattr(each, count) for each in signatures]
    return float(min(values)), float(max(values))
