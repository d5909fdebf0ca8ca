"""Devices that are known ↔ what they say about the next: `latency_models/prior.json`.

The coefficients of known devices, up to their speed, are draws of one distribution, learned by
expectation-maximisation (empirical Bayes; Dempster, Laird & Rubin, 1977): every device's posterior
under the present covariance, then the covariance of these posteriors, until they agree.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from threadpoolctl import threadpool_limits

from nas.cost.features import COLUMNS, Family
from nas.cost.gaussian import Moments, component
from nas.declarations import Declaration, check
from nas.errors import ArtefactError, DeclarationError
from nas.resources import folder

Floats = NDArray[np.float64]

FORMAT = "nas-cost-prior/1"
_ROUNDS = 15
_OWN_WEIGHT = 2.0  # devices' worth of belief that columns vary independently
_REPRESENTATIVES = 40
_FLOOR = 1e-6  # keeps the covariance invertible where no device has been
_DIGITS = 4
_IDEALS = (("calls",), ("macs",), ("input_elements", "output_elements"), ("weight_elements",))
"""What each ideal device pays for."""


@dataclass(frozen=True)
class Prior:
    """What known devices say about an unknown one; columns are those of `nas.cost.features`.

    Args:
        names: Known devices.
        scale: What a typical network has of each column, shape (columns,).
        devices: Coefficients of each in units of 1 / scale, of mean square 1, (devices, columns).
        covariance: Second moment over devices, of trace = columns, shape (columns, columns).
        known: Whether any device had a column at all, shape (columns,).
    """

    names: tuple[str, ...]
    scale: Floats
    devices: Floats
    covariance: Floats
    known: NDArray[np.bool_]


def ideal_devices(scale: Floats) -> Floats:
    """Devices that pay for launches alone, for MACs, for activations moved or for weights read.

    Why: where no relative of a device is known, such as a GPU among phones, one of these is nearer
    than any device that is. HELP's GPUs, Xeons and phones after ten networks each, every device of
    the same maker left out of the prior: mean rank correlation .86 over 12 columns, else .81.

    Returns:
        In the units of `Prior.devices`; shape (devices, columns).
    """
    families = {family.value for family in Family}
    paid = [name.partition(".")[2] * (name.partition(".")[0] in families) for name in COLUMNS]
    made = np.array([np.isin(paid, counts) for counts in _IDEALS]) * scale
    devices: Floats = made / np.sqrt(np.mean(made**2, axis=1, keepdims=True))
    return devices


def learn_prior(
    devices: Mapping[str, tuple[Floats, Floats]], *, relatives: Collection[str] | None = None
) -> Prior:
    """The prior that measured devices imply.

    Args:
        devices: By name, summed features of networks, shape (networks, columns), and their costs.
        relatives: Those that may be another's nearest relative; without it, all. The others shape
            the covariance only.
    """
    columns = len(COLUMNS)
    typical = np.array([design.mean(axis=0) for design, _ in devices.values()])
    seen = (typical > 0).sum(axis=0)
    scale = np.where(seen > 0, typical.sum(axis=0) / np.maximum(seen, 1), 1.0)
    moments = [
        Moments.of(design / costs[:, None] / scale * np.median(costs), np.ones(len(costs)))
        for design, costs in devices.values()
    ]
    covariance = np.eye(columns)
    with threadpool_limits(1):  # small matrices: threads would wait for each other
        for _ in range(_ROUNDS):
            covariance, means = _round(moments, covariance)
    kept = [index for index, name in enumerate(devices) if relatives is None or name in relatives]
    names, known = [list(devices)[index] for index in kept], np.array(means)[kept]
    chosen = _most_unlike(known) if kept else []
    return Prior(
        tuple(names[index] for index in chosen), scale, known[chosen], covariance, seen > 0
    )


def _round(moments: Sequence[Moments], covariance: Floats) -> tuple[Floats, list[Floats]]:
    """One round: the devices' posteriors, normed, and the covariance that they imply."""
    columns = len(covariance)
    second, means = np.zeros((columns, columns)), []
    for each in moments:
        fitted = component(each, covariance)
        scale, noise = fitted.best()
        mean, factor = fitted.at(scale, noise)
        second += (np.outer(mean, mean) + factor @ factor.T) / scale
        means.append(mean / np.sqrt(np.mean(mean**2)))
    second += np.diag(np.diag(second)) * _OWN_WEIGHT / len(moments)
    return second * columns / np.trace(second) + _FLOOR * np.eye(columns), means


def _most_unlike(devices: Floats) -> list[int]:
    """Up to `_REPRESENTATIVES` devices, each the one least like those before it.

    Why: the mixture takes time for every device, and most are near another.
    """
    directions = devices / np.linalg.norm(devices, axis=1, keepdims=True)
    chosen, alike = [0], np.abs(directions @ directions[0])
    while len(chosen) < min(_REPRESENTATIVES, len(devices)):
        chosen.append(int(alike.argmin()))
        alike = np.maximum(alike, np.abs(directions @ directions[chosen[-1]]))
    return sorted(chosen)


class _Document(Declaration):
    format: str = Field(pattern=f"^{FORMAT}$")
    columns: tuple[str, ...]
    scale: tuple[float, ...]
    known: tuple[bool, ...]
    devices: dict[str, tuple[float, ...]]
    covariance: tuple[tuple[float, ...], ...]


def write_prior(file: Path, prior: Prior) -> None:
    """Write what `read_prior` reads, to four significant digits."""

    def rounded(numbers: Floats) -> list[float]:
        return [float(f"{number:.{_DIGITS}g}") for number in numbers]

    rows = [row[: index + 1] for index, row in enumerate(prior.covariance)]
    document = {
        "format": FORMAT,
        "columns": COLUMNS,
        "scale": rounded(prior.scale),
        "known": prior.known.tolist(),
        "devices": {
            name: rounded(device) for name, device in zip(prior.names, prior.devices, strict=True)
        },
        "covariance": [rounded(row) for row in rows],
    }
    file.write_text(json.dumps(document) + "\n", encoding="utf-8")


def read_prior(file: Path) -> Prior:
    """Read a prior.

    Raises:
        ArtefactError: naming the file and the rule.
    """
    try:
        document = check(json.loads(file.read_text(encoding="utf-8")), _Document, file)
    except (OSError, ValueError) as error:
        raise ArtefactError(f"{file}: must be a readable {FORMAT} JSON file; {error}") from None
    except DeclarationError as error:
        raise ArtefactError(f"{error}; make it again with `make models`") from None
    if document.columns != COLUMNS:
        raise ArtefactError(
            f"{file}: `columns` must be those of this version; make it again with `make models`"
        )
    columns = len(COLUMNS)
    covariance = np.zeros((columns, columns))
    for index, row in enumerate(document.covariance):
        covariance[index, : index + 1] = covariance[: index + 1, index] = row
    # Rounding may have cost it a little of its definiteness.
    lowest = float(np.linalg.eigvalsh(covariance)[0])
    covariance += max(0.0, _FLOOR - lowest) * np.eye(columns)
    return Prior(
        tuple(document.devices),
        np.array(document.scale),
        np.array(list(document.devices.values())).reshape(-1, columns),
        covariance,
        np.array(document.known),
    )


@cache
def shipped_prior() -> Prior:
    """The prior of every device that ships."""
    return read_prior(folder("latency_models") / "prior.json")
