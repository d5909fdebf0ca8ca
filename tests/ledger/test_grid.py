"""Grids: by country, by number, the world's, and what is none."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import nas.ledger.grid
from nas.errors import InputError, UnknownNameError
from nas.ledger.grid import find_grid


def test_a_kilowatt_hour_stands_for_the_intensity() -> None:
    for said, intensity in (("DEU", 381), ("deu", 381), ("WORLD", 481), ("380.5", 380.5)):
        grid = find_grid(said)
        assert grid.co2e_g(3.6e6) == pytest.approx(intensity)
        assert grid.co2e_g(None) is None
    assert find_grid() == find_grid("WORLD")
    assert str(find_grid()) == "481 gCO2e/kWh, world average 2023 (Our World in Data, Ember)"
    assert str(find_grid("20")) == "20 gCO2e/kWh, as stated"


def test_every_figure_is_one_of_a_recent_year() -> None:
    file = Path(nas.ledger.grid.__file__).with_name("grid.csv")
    rows = list(csv.DictReader(file.read_text().splitlines()))
    codes = [row["iso_code"] for row in rows]
    assert len(codes) == len(set(codes)) > 200
    for row in rows:
        assert len(row["iso_code"]) == 3 or row["iso_code"] == "WORLD"
        assert 10 <= float(row["gco2e_per_kwh"]) <= 1500 and int(row["year"]) >= 2021


@pytest.mark.parametrize("said", ["0", "-3", "nan", "inf", "1e9"])
def test_numbers_that_are_no_intensity_are_refused(said: str) -> None:
    with pytest.raises(InputError, match="above 0 and at most 5000 gCO2e/kWh"):
        find_grid(said)


def test_a_country_without_a_figure_is_named() -> None:
    with pytest.raises(UnknownNameError, match="got 'DEUU'.*did you mean 'DEU'"):
        find_grid("DEUU")
