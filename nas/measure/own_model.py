"""A measurement log → a person's own model of a device, stored with its evidence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from nas.cost.artefact import file_name, write_model
from nas.cost.calibrate import Calibration, calibrate
from nas.cost.design import more_would_help
from nas.cost.log import MeasurementLog
from nas.cost.model import ModelKey
from nas.cost.profile import active_power_mw
from nas.errors import InputError, TakenError
from nas.graph.network import Precision
from nas.resources import own_folder
from nas.versions import versions

_NAME = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*")
_FEW = 8
"""Networks below which more always help."""


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A calibration.

    Args:
        key: What the model is for.
        fitted: Model and held-out errors.
        file: Where it was written.
        more_helps: Whether the error still falls as networks are added.
    """

    key: ModelKey
    fitted: Calibration
    file: Path
    more_helps: bool


def key_of(
    defaults: Mapping[str, str],
    options: Mapping[str, str | None],
    logged: Mapping[str, str] | None = None,
    *,
    prefix: str = "--",
) -> ModelKey:
    """What a model is for, by options, what the log says, and defaults, in this order.

    Args:
        defaults: By the names of options.
        options: What a person said.
        logged: What the log says.
        prefix: What stands before the name of an option where it is given.

    Raises:
        InputError: if an option contradicts the log, or device or runtime are not known.
    """
    said = dict(logged or {})
    values = {"precision": Precision.FP32.value, "batch": "1"} | dict(defaults) | said
    for name, value in options.items():
        if value is not None and said.get(name, value) != value:
            raise InputError(
                f"`{prefix}{name}` must be {said[name]}, as the log says; got {value}; "
                "leave it out"
            )
        if value is not None:
            values[name] = value
    for name in ("device", "runtime"):
        if name not in values:
            raise InputError(
                f"`{prefix}{name}` must be given where the log has no column `{name}`; got neither"
            )
    threads = values.get("threads")
    return ModelKey(
        check_name(f"{prefix}device", values["device"]),
        check_name(f"{prefix}runtime", values["runtime"]),
        _precision(values["precision"]),
        _whole("batch", values["batch"]),
        None if threads is None else _whole("threads", threads),
    )


def _precision(text: str) -> Precision:
    if text not in tuple(Precision):
        raise InputError(f"`precision` must be one of {', '.join(Precision)}; got {text!r}")
    return Precision(text)


def _whole(name: str, text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,8}", text):
        raise InputError(f"`{name}` must be a whole number above 0; got {text!r}")
    return int(text)


def check_name(option: str, name: str) -> str:
    """Names become parts of paths."""
    if not _NAME.fullmatch(name):
        raise InputError(
            f"`{option}` must be lower-case letters and digits with dots, dashes or underscores "
            f"between them, such as raspberry-pi-4; got {name!r}"
        )
    return name


def check_absent(
    key: ModelKey, folder: Path | None, *, force: bool, option: str = "--force"
) -> None:
    """Refuse to replace a model that exists, unless that is said.

    Raises:
        TakenError: naming the file, and the option that says it.
    """
    file = (folder or own_folder("latency_models")) / key.device / file_name(key)
    if file.exists() and not force:
        raise TakenError(f"`{file}` must not exist yet; give {option} to replace it")


def fit_and_store(
    key: ModelKey, log: MeasurementLog, folder: Path | None, *, source: str, licence: str
) -> Calibrated:
    """Fit a log and write the model with its evidence.

    Where the log has no energy and the profile of a known device states its active power, energy
    is modelled from it, as for shipped models.
    """
    fitted = calibrate(log.rows, key, active_power_mw=active_power_mw(key.device))
    evidence = {
        "source": source,
        "licence": licence,
        "log_sha256": log.sha256,
        "samples": len(log.rows),
        "date": datetime.now(UTC).date().isoformat(),
        "versions": versions("numpy", "scipy") | dict(log.versions),
        "notes": "",
    }
    file = write_model(folder or own_folder("latency_models"), fitted, evidence)
    helps = len(log.rows) < _FEW or more_would_help(log.rows, fitted.latency_error)
    return Calibrated(key, fitted, file, helps)
