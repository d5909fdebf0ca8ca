"""A calibration ↔ a JSON file that carries its evidence: `latency_models/<device>/<key>.json`.

Plain numbers under stable names, so that the file reads in ten years without this package.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from nas.cost.calibrate import Calibration, HeldOutError
from nas.cost.features import FEATURES, Family
from nas.cost.model import AdditiveKernelModel, Calibrated, Law, ModelKey, Origin
from nas.declarations import Declaration, check
from nas.errors import ArtefactError, DeclarationError, OutputError
from nas.graph.network import Precision

FORMAT = "nas-cost-model/1"


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


class _Coefficients(Declaration):
    calls: float
    macs: float
    input_elements: float
    output_elements: float
    weight_elements: float


class _Ranges(Declaration):
    calls: tuple[float, float]
    macs: tuple[float, float]
    input_elements: tuple[float, float]
    output_elements: tuple[float, float]
    weight_elements: tuple[float, float]


class _Law(Declaration):
    unit: str
    origin: Origin
    coefficients: dict[Family, _Coefficients]
    borrowed: dict[Family, str] = {}


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
                "ranges": dict(zip(FEATURES, known.ranges, strict=True)),
                "kernel_sizes": known.kernel_sizes,
                "activations": known.activations,
                "kinds": known.kinds,
            }
            for family, known in model.calibrated.items()
        },
        "evidence": {
            **evidence,
            "latency_error": asdict(calibration.latency_error),
            "energy_error": calibration.energy_error and asdict(calibration.energy_error),
        },
    }
    file = to / model.key.device / file_name(model.key)
    temporary = file.with_suffix(".json.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        temporary.replace(file)
    except OSError as error:
        raise OutputError(f"`{file}` must be writable; {error.strerror}") from None
    return file


def _law_json(law: Law, unit: str) -> dict[str, Any]:
    return {
        "unit": unit,
        "origin": law.origin.value,
        "coefficients": {
            family.value: dict(zip(FEATURES, numbers, strict=True))
            for family, numbers in law.coefficients.items()
        },
        "borrowed": {family.value: basis for family, basis in law.borrowed.items()},
    }


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
            tuple(getattr(known.ranges, name) for name in FEATURES),
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
    coefficients = {
        family: tuple(getattr(numbers, name) for name in FEATURES)
        for family, numbers in stored.coefficients.items()
    }
    return Law(coefficients, stored.borrowed, stored.origin)
