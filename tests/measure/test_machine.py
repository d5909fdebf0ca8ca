"""The machine's state: read where the system tells, absent elsewhere, never zero."""

from __future__ import annotations

from pathlib import Path

from nas.measure.machine import device_name, frequency_mhz, temperature_c


def test_frequency_and_temperature_are_read_or_absent(tmp_path: Path) -> None:
    assert frequency_mhz(0, tmp_path) is None
    assert temperature_c(tmp_path) is None
    clock = tmp_path / "cpu0" / "cpufreq" / "scaling_cur_freq"
    clock.parent.mkdir(parents=True)
    clock.write_text("1500000\n")
    for zone, text in enumerate(("41000\n", "52500\n", "no sensor\n")):
        (tmp_path / f"thermal_zone{zone}").mkdir()
        (tmp_path / f"thermal_zone{zone}" / "temp").write_text(text)
    assert frequency_mhz(0, tmp_path) == 1500.0
    assert temperature_c(tmp_path) == 52.5


def test_a_host_name_becomes_a_device_name() -> None:
    name = device_name()
    assert name and name == name.lower() and not name.startswith("-")
