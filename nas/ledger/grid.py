"""A country, or a number → how much CO2e a kilowatt-hour from the grid stands for.

The figures of countries are in `grid.csv`: life-cycle emissions of electricity in a year, by Our
World in Data and Ember (CC BY 4.0). That of the world is their mean, weighted by generation.
"""

from __future__ import annotations

import csv
import math
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from nas.errors import InputError, UnknownNameError

WORLD = "WORLD"
"""The grid where nobody says another."""

_FILE = Path(__file__).with_name("grid.csv")
_SOURCE = "Our World in Data, Ember"
_MOST = 5000.0  # No fuel emits half as much.
_JOULES_PER_KWH = 3.6e6


@dataclass(frozen=True, slots=True)
class Grid:
    """A grid.

    Args:
        gco2e_per_kwh: Its intensity, in grams of CO2 equivalent a kilowatt-hour.
        source: Whose, of when and by whom, in words.
    """

    gco2e_per_kwh: float
    source: str

    def co2e_g(self, energy_j: float | None) -> float | None:
        """What an energy stands for; None where it is not known."""
        return None if energy_j is None else energy_j / _JOULES_PER_KWH * self.gco2e_per_kwh

    def __str__(self) -> str:
        return f"{self.gco2e_per_kwh:g} gCO2e/kWh, {self.source}"


def find_grid(said: str = WORLD) -> Grid:
    """The grid that a person means.

    Args:
        said: The ISO code of a country in three letters, `WORLD`, or an intensity in gCO2e/kWh.

    Raises:
        UnknownNameError: if there is no figure of that country.
        InputError: if the number cannot be an intensity.
    """
    with suppress(ValueError):
        return _stated(float(said))
    known = _figures()
    code = said.strip().upper()
    if code not in known:
        raise UnknownNameError("grid", said, known)
    intensity, year = known[code]
    place = "world average" if code == WORLD else code
    return Grid(intensity, f"{place} {year} ({_SOURCE})")


def _stated(intensity: float) -> Grid:
    if not (math.isfinite(intensity) and 0 < intensity <= _MOST):
        raise InputError(
            f"`grid` must be above 0 and at most {_MOST:g} gCO2e/kWh, or the ISO code of a "
            f"country such as DEU; got {intensity:g}"
        )
    return Grid(intensity, "as stated")


@cache
def _figures() -> dict[str, tuple[float, int]]:
    with _FILE.open(encoding="ascii", newline="") as lines:
        return {
            row["iso_code"]: (float(row["gco2e_per_kwh"]), int(row["year"]))
            for row in csv.DictReader(lines)
        }
