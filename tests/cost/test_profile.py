"""Hardware profiles: all load, facts carry sources, names and aliases name one device each."""

from __future__ import annotations

from pathlib import Path

import pytest

from nas.cost.profile import (
    WORLD_AVERAGE,
    HardwareProfile,
    device_aliases,
    device_names,
    find_device,
)
from nas.declarations import load
from nas.errors import DeclarationError, UnknownNameError


@pytest.mark.parametrize("name", device_names())
def test_profiles_load_and_say_where_their_facts_come_from(name: str) -> None:
    profile = find_device(name)
    assert profile.name == name and profile.title
    assert all(fact.value > 0 and fact.source for fact in profile.facts.values())


def test_a_name_or_an_alias_stands_for_one_device() -> None:
    listed = [alias for name in device_names() for alias in find_device(name).aliases]
    assert len(listed) == len(set(listed)), "no alias is given twice"
    assert not set(listed) & set(device_names()), "no alias is another device's name"
    assert set(device_aliases()) == set(listed)
    assert find_device("rpi5") is find_device("raspberry-pi-5")


def test_what_a_profile_does_not_say_is_absent() -> None:
    profile = find_device("eyeriss")
    assert profile.memory_bytes is None and profile.active_power_mw is None
    assert profile.facts == {"carbon_intensity_g_per_kwh": WORLD_AVERAGE}


def test_an_unknown_device_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"did you mean 'raspberry-pi-5'\?"):
        find_device("raspbery-pi-5")


def test_a_fact_without_a_source_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("name: mine\ntitle: Mine\nkind: board\nmemory_bytes: {value: 1}\n")
    with pytest.raises(DeclarationError, match="`memory_bytes.source`: this key is required"):
        load(file, HardwareProfile)
