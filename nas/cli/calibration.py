"""Measured networks → a stored model, what there is to say of it, and what to measure next."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nas.cli.output import note, out, print_json, print_table
from nas.cost.artefact import file_name, write_model
from nas.cost.calibrate import Calibration, calibrate
from nas.cost.design import more_would_help, most_informative
from nas.cost.fit import HeldOutError
from nas.cost.log import Measured, MeasurementLog
from nas.cost.model import ModelKey
from nas.cost.profile import active_power_mw
from nas.errors import InputError, OutputError
from nas.measure.candidates import Candidate, references, whole_networks
from nas.resources import own_folder
from nas.space.architecture import Architecture
from nas.space.catalog import find_space, space_names
from nas.space.space import SearchSpace
from nas.versions import versions

_NAME = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*")
_FEW = 8
"""Networks below which more always help."""

_DRAWN = 40
"""Networks of each space among which to suggest."""


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


def check_name(option: str, name: str) -> str:
    """Names become parts of paths."""
    if not _NAME.fullmatch(name):
        raise InputError(
            f"`{option}` must be lower-case letters and digits with dots, dashes or underscores "
            f"between them, such as raspberry-pi-4; got {name!r}"
        )
    return name


def check_absent(key: ModelKey, folder: Path | None, *, force: bool) -> None:
    """Refuse to replace a model that exists, unless that is said."""
    file = (folder or own_folder("latency_models")) / key.device / file_name(key)
    if file.exists() and not force:
        raise OutputError(f"`{file}` must not exist yet; give --force to replace it")


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


def sources(spaces: Sequence[str] | None) -> list[SearchSpace]:
    """The named spaces, or all that are shipped."""
    return [find_space(name) for name in (spaces or space_names())]


def networks_of(spaces: Sequence[str] | None) -> list[Candidate]:
    """Networks drawn from the named spaces; from all shipped ones and references without names."""
    drawn = [
        candidate
        for space in sources(spaces)
        for candidate in whole_networks(space, _DRAWN, seed=0)
    ]
    if spaces:
        return drawn
    return drawn + [Candidate.of(network) for network in references()]


def suggest(
    calibrated: Calibrated,
    candidates: Sequence[Candidate],
    count: int,
    done: Sequence[Measured],
) -> list[Architecture]:
    """The networks that would tell the model most, best first; none of those measured."""
    known = {row.name for row in done}
    left = [item for item in candidates if item.architecture.text not in known]
    networks = [item.network for item in left]
    chosen = most_informative(calibrated.fitted.model, networks, count)
    return [left[index].architecture for index in chosen]


def report(calibrated: Calibrated, suggested: Sequence[Architecture], *, as_json: bool) -> None:
    """Print what the fit is worth."""
    if as_json:
        print_json(_document(calibrated, suggested))
        return
    errors = _errors(calibrated.fitted)
    out.print(f"{calibrated.key}", markup=False)
    print_table(
        ["held out", "networks", "median error", "±5%", "±10%", "rank corr.", "90% interval"],
        [_row(name, error) for name, error in errors.items()],
    )
    falls = "still falls" if calibrated.more_helps else "hardly falls any more"
    out.print(f"The error {falls} as networks are added.")
    if suggested:
        out.print("Most telling to measure next:")
        for architecture in suggested:
            out.print(f"  {architecture.text}", markup=False, soft_wrap=True)
    note(f"wrote {calibrated.file}; every verb now knows --device {calibrated.key.device}")


def _errors(fitted: Calibration) -> Mapping[str, HeldOutError]:
    found = {"latency": fitted.latency_error}
    return found if fitted.energy_error is None else found | {"energy": fitted.energy_error}


def _row(name: str, error: HeldOutError) -> list[str]:
    return [
        name,
        str(error.samples),
        f"{error.median:.1%}",
        f"{error.within_5_percent:.0%}",
        f"{error.within_10_percent:.0%}",
        f"{error.spearman:.3f}",
        f"{error.interval_coverage:.0%}",
    ]


def _document(calibrated: Calibrated, suggested: Sequence[Architecture]) -> dict[str, Any]:
    key = calibrated.key
    return {
        "device": key.device,
        "runtime": key.runtime,
        "precision": key.precision.value,
        "batch": key.batch,
        "threads": key.threads,
        "held_out": {
            name: {
                "networks": error.samples,
                "median": error.median,
                "within_5_percent": error.within_5_percent,
                "within_10_percent": error.within_10_percent,
                "spearman": error.spearman,
                "interval_coverage": error.interval_coverage,
            }
            for name, error in _errors(calibrated.fitted).items()
        },
        "more_helps": calibrated.more_helps,
        "suggested": [architecture.text for architecture in suggested],
        "file": str(calibrated.file),
    }
