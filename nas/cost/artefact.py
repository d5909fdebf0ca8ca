"""A calibration ↔ a JSON file that carries its evidence: `latency_models/<device>/<key>.json`.

Plain numbers under stable names, so that the file reads in ten years without this package.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, model_validator

from nas.cost.calibrate import Calibration
from nas.cost.features import COLUMNS, COUNTS, Family
from nas.cost.fit import HeldOutError
from nas.cost.law import Law, Origin, Smooth
from nas.cost.model import AdditiveKernelModel, Calibrated, ModelKey
from nas.cost.posterior import Posterior
from nas.cost.residual import Residual
from nas.declarations import Declaration, check
from nas.errors import ArtefactError, DeclarationError, OutputError
from nas.graph.network import Precision

Floats = NDArray[np.float64]

FORMAT = "nas-cost-model/2"


class Evidence(Declaration):
    """Where a model comes from.

    `latency_error` and `energy_error` are of rows held out by group, relative to their values.
    """

    source: str
    licence: str
    log_sha256: str
    samples: int
    date: str
    versions: dict[str, str]
    notes: str = ""
    latency_error: HeldOutError
    energy_error: HeldOutError | None


def _known(name: str) -> str:
    if name not in COLUMNS:
        raise ValueError(f"must be a feature of this version; {name!r} is none")
    return name


_Column = Annotated[str, AfterValidator(_known)]


class _Ranges(Declaration):
    calls: tuple[float, float]
    macs: tuple[float, float]
    input_elements: tuple[float, float]
    output_elements: tuple[float, float]
    weight_elements: tuple[float, float]


class _Smooth(Declaration):
    base: dict[_Column, float]
    length: float
    centres: tuple[tuple[float, ...], ...]
    weights: tuple[float, ...]


class _Law(Declaration):
    """Columns that are not named have a coefficient of zero."""

    unit: str
    origin: Origin
    noise: float
    widening: float
    per_run: bool
    coefficients: dict[_Column, float]
    least: dict[_Column, float]
    priced: tuple[_Column, ...]
    measured: tuple[_Column, ...]
    covariance: tuple[tuple[float, ...], ...]
    smooth: _Smooth | None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if [len(row) for row in self.covariance] != list(range(1, len(self.priced) + 1)):
            raise ValueError("`covariance` must be the lower triangle over `priced`")
        if self.smooth and len({len(row) for row in self.smooth.centres}) > 1:
            raise ValueError("`centres` must have the same number of coordinates each")
        if self.smooth and len(self.smooth.centres) != len(self.smooth.weights):
            raise ValueError("`weights` must be one for each of `centres`")
        return self


class _Calibrated(Declaration):
    ranges: _Ranges
    kernel_sizes: tuple[int, ...]
    activations: tuple[str, ...]
    kinds: tuple[str, ...]


class _Document(Declaration):
    format: str = Field(pattern=f"^{FORMAT}$")
    device: str
    runtime: str
    precision: Precision
    batch: int | None
    threads: int | None
    latency: _Law
    energy: _Law | None
    calibrated: dict[Family, _Calibrated]
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A cost model, the file that it was read from, and the evidence in it."""

    model: AdditiveKernelModel
    evidence: Evidence
    file: Path


def file_name(key: ModelKey) -> str:
    """The name of a model's file within its device's folder."""
    threads = f"-t{key.threads}" if key.threads else ""
    batch = f"b{key.batch}" if key.batch else "throughput"
    return f"{key.runtime}-{key.precision.value}-{batch}{threads}.json"


def write_model(to: Path, calibration: Calibration, evidence: Mapping[str, Any]) -> Path:
    """Write a model under `to`/<device>/; returns the file.

    Args:
        to: The folder of all models.
        calibration: What was fitted.
        evidence: source, licence, log_sha256, samples, date, versions and notes.

    Raises:
        OutputError: if the file cannot be written.
    """
    model = calibration.model
    document = {
        "format": FORMAT,
        **asdict(model.key),
        "latency": _law_json(model.latency, "ms"),
        "energy": None if model.energy is None else _law_json(model.energy, "mJ"),
        "calibrated": {
            family.value: {
                "ranges": dict(zip(COUNTS, known.ranges, strict=True)),
                "kernel_sizes": known.kernel_sizes,
                "activations": known.activations,
                "kinds": known.kinds,
            }
            for family, known in model.calibrated.items()
        },
        "evidence": {
            **evidence,
            "latency_error": _error_json(calibration.latency_error),
            "energy_error": calibration.energy_error and _error_json(calibration.energy_error),
        },
    }
    file = to / model.key.device / file_name(model.key)
    temporary = file.with_suffix(".json.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(document, separators=(",", ":"))
        temporary.write_text(text + "\n", encoding="utf-8")
        temporary.replace(file)
    except OSError as error:
        raise OutputError(f"`{file}` must be writable; {error.strerror}") from None
    return file


def _law_json(law: Law, unit: str) -> dict[str, Any]:
    """Numbers to seven digits, covariances to four: they say how sure, not how much.

    Covariances are of the columns that are priced, the lower triangle by rows.
    """
    posterior, priced = law.posterior, np.flatnonzero(law.priced)
    covariance = posterior.covariance[np.ix_(priced, priced)]
    return {
        "unit": unit,
        "origin": law.origin.value,
        "noise": posterior.noise,
        "widening": law.widening,
        "per_run": law.per_run,
        "coefficients": _named(posterior.mean),
        "least": _named(law.least),
        "priced": [COLUMNS[index] for index in priced],
        "measured": [COLUMNS[index] for index in np.flatnonzero(law.measured)],
        "covariance": [_short(row[: index + 1], 4) for index, row in enumerate(covariance)],
        "smooth": law.smooth
        and {
            "base": _named(law.smooth.base),
            "length": law.smooth.residual.length,
            "centres": [_short(row, 7) for row in law.smooth.residual.centres],
            "weights": _short(law.smooth.weights, 7),
        },
    }


def _error_json(error: HeldOutError) -> dict[str, Any]:
    """Figures in full; what is only drawn or listed, to five digits."""
    return asdict(error) | {
        "by_group": {name: _short(np.array([off]), 5)[0] for name, off in error.by_group.items()},
        "points": [_short(np.array(point), 5) for point in error.points],
    }


def _named(values: Floats) -> dict[str, float]:
    return {name: value for name, value in zip(COLUMNS, _short(values, 7), strict=True) if value}


def _short(values: Floats, digits: int) -> list[float]:
    return [float(f"{value:.{digits}g}") for value in values]


def read_model(file: Path) -> StoredModel:
    """Read what `write_model` wrote.

    Raises:
        ArtefactError: naming the file, the place in it and the rule.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        document = check(content, _Document, file)
    except (OSError, ValueError) as error:
        raise ArtefactError(f"{file}: must be a readable {FORMAT} JSON file; {error}") from None
    except DeclarationError as error:
        raise ArtefactError(f"{error}; refit it with `nas calibrate`") from None
    key = ModelKey(
        document.device, document.runtime, document.precision, document.batch, document.threads
    )
    calibrated = {
        family: Calibrated(
            tuple(getattr(known.ranges, name) for name in COUNTS),
            known.kernel_sizes,
            known.activations,
            known.kinds,
        )
        for family, known in document.calibrated.items()
    }
    energy = None if document.energy is None else _law(document.energy)
    model = AdditiveKernelModel(key, _law(document.latency), energy, calibrated)
    return StoredModel(model, document.evidence, file)


def _law(stored: _Law) -> Law:
    smooth = None
    if stored.smooth is not None:
        residual = Residual(np.array(stored.smooth.centres), stored.smooth.length)
        smooth = Smooth(residual, _vector(stored.smooth.base), np.array(stored.smooth.weights))
    covariance = np.zeros((len(COLUMNS),) * 2)
    priced = [COLUMNS.index(name) for name in stored.priced]
    for index, row in zip(priced, stored.covariance, strict=True):
        covariance[index, priced[: len(row)]] = covariance[priced[: len(row)], index] = row
    return Law(
        Posterior(_vector(stored.coefficients), covariance, stored.noise),
        _vector(stored.least),
        np.isin(COLUMNS, stored.priced),
        np.isin(COLUMNS, stored.measured),
        stored.per_run,
        stored.widening,
        stored.origin,
        smooth,
    )


def _vector(named: Mapping[str, float]) -> Floats:
    return np.array([named.get(name, 0.0) for name in COLUMNS])
