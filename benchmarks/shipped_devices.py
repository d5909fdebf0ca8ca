"""Public tables → the models of all devices in them, with their evidence, into `latency_models/`.

A model whose held-out error is beyond use is not written; the reason is printed instead.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.fittable import Fittable, fittable_devices
from benchmarks.shipped_prior import KnownDevices
from nas.cost.artefact import file_name, write_model
from nas.cost.calibrate import Calibration, calibrate
from nas.cost.fit import HeldOutError
from nas.cost.log import Measured
from nas.cost.prior import Prior, write_prior
from nas.cost.profile import active_power_mw
from nas.errors import MeasurementLogError
from nas.versions import versions

_WORST_ERROR = 0.5


def fit_devices(data: Path, to: Path, only: str = "") -> None:
    """Fit and write the prior and all models; or the models of devices named like `only`."""
    candidates = list(fittable_devices(data))
    known = KnownDevices(candidates)
    if not only:
        write_prior(to / "prior.json", known.prior())
    for candidate in candidates:
        if only in candidate.key.device:
            fit_device(candidate, known.prior_for(candidate), to)


def fit_device(candidate: Fittable, prior: Prior, to: Path) -> None:
    """Fit and write one model; or say why not, and remove what an earlier fit left."""
    try:
        fitted = _fitted(candidate, prior)
    except MeasurementLogError as error:
        _leave_out(candidate, to, str(error))
        return
    if fitted.latency_error.median > _WORST_ERROR:
        _leave_out(candidate, to, _said("latency", fitted.latency_error))
        return
    write_model(to, fitted, _evidence(candidate))
    _report(fitted)


def _leave_out(candidate: Fittable, to: Path, reason: str) -> None:
    print(f"left out: {candidate.key}: {reason}", flush=True)
    (to / candidate.key.device / file_name(candidate.key)).unlink(missing_ok=True)


def _fitted(candidate: Fittable, prior: Prior) -> Calibration:
    latency_origin, energy_origin = candidate.origins
    return calibrate(
        candidate.rows,
        candidate.key,
        latency_origin=latency_origin,
        energy_origin=energy_origin,
        active_power_mw=active_power_mw(candidate.key.device),
        per_run=candidate.per_run,
        prior=prior,
    )


def _evidence(candidate: Fittable) -> dict[str, object]:
    return {
        "source": candidate.source,
        "licence": candidate.licence,
        "log_sha256": rows_sha256(candidate.rows),
        "samples": len(candidate.rows),
        "date": datetime.now(UTC).date().isoformat(),
        "versions": versions("numpy", "scipy"),
        "notes": candidate.notes,
    }


def rows_sha256(rows: Sequence[Measured]) -> str:
    """The hash of what a model is fitted on."""
    lines = (f"{row.name},{row.latency_ms!r},{row.energy_mj!r},{row.group}\n" for row in rows)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _report(fitted: Calibration) -> None:
    for cost, error in (("latency", fitted.latency_error), ("energy", fitted.energy_error)):
        if error:
            print(f"{fitted.model.key}: {_said(cost, error)}", flush=True)


def _said(cost: str, error: HeldOutError) -> str:
    return (
        f"{cost} of {error.samples}: held-out median {error.median:.1%}, "
        f"within 10% {error.within_10_percent:.0%}, Spearman {error.spearman:.3f}"
    )
