"""A calibrated model → what there is to say of it, and what to measure next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nas.cli.output import note, out, print_json, print_table
from nas.cost.calibrate import Calibration
from nas.cost.design import most_informative
from nas.cost.fit import HeldOutError
from nas.cost.log import Measured
from nas.measure.candidates import Candidate, references, whole_networks
from nas.measure.own_model import Calibrated
from nas.space.architecture import Architecture
from nas.space.catalog import find_space, space_names
from nas.space.space import SearchSpace

_DRAWN = 40
"""Networks of each space among which to suggest."""


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
