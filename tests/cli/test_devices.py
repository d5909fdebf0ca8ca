"""`nas devices`: listing, finding, and explaining one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nas.cost.catalog import device_models, modelled_devices
from nas.cost.profile import device_names
from tests.cli.conftest import Run


def devices_in(said: str) -> list[str]:
    return [line.split()[0] for line in said.splitlines() if re.match(r"[a-z0-9-]+ ", line)][1:]


def test_every_device_has_a_row_of_the_model_that_its_name_stands_for(run: Run) -> None:
    done = run("devices")
    assert devices_in(done.out) == device_names()
    for name in ("raspberry-pi-5", "titan-xp"):
        first, *others = device_models(name)
        assert re.search(rf"^{name} .*{first.file.stem} \+{len(others)} ", done.out, re.M)
    assert done.out == run("devices", "list").out


def test_json_has_every_model_with_its_evidence(run: Run) -> None:
    models = run("devices", "--json").json()
    assert {model["device"] for model in models} == set(modelled_devices())
    assert len({model["model"] for model in models}) == len(models) > 250
    for model in models:
        error = model["evidence"]["latency_error"]
        assert error["samples"] > 0 and error["median"] <= 0.5
        assert 0 <= error["interval_coverage"] <= 1


@pytest.mark.parametrize("words", [("rpi",), ("RASPBERRY",), ("raspberry", "pi")])
def test_words_list_all_models_of_what_they_find(run: Run, words: tuple[str, ...]) -> None:
    said = run("devices", *words).out
    assert "raspberry-pi-5: Raspberry Pi 5" in said and "jetson" not in said
    for stored in device_models("raspberry-pi-5"):
        assert re.search(rf"^{stored.file.stem} ", said, re.M)


def test_a_kind_lists_only_that_kind(run: Run) -> None:
    phones = devices_in(run("devices", "--kind", "phone").out)
    assert {"pixel-3", "iphone-5s"} <= set(phones) < set(device_names())
    refused = run("devices", "--kind", "phones")
    assert refused.code == 2 and "did you mean 'phone'" in refused.err


def test_words_that_find_nothing_are_said(run: Run) -> None:
    done = run("devices", "toaster")
    assert done.code == 2
    assert "no device has 'toaster'" in done.err


def test_show_explains_a_device(run: Run, tmp_path: Path) -> None:
    done = run("devices", "show", "rpi5", "--html", "pi5.html")
    assert done.code == 0, done.err
    for part in (
        "raspberry-pi-5: Raspberry Pi 5",
        "Broadcom BCM2712",
        "active power",
        "raspberry-pi-5 stands for the first of them",
        "calibrated on",
        "BSD-3-Clause",
    ):
        assert part in done.out
    assert "wrote pi5.html" in done.err
    assert "Raspberry Pi 5" in (tmp_path / "pi5.html").read_text(encoding="utf-8")
    assert run("devices", "show", "rpi5", "--json").json()["profile"]["kind"] == "board"


def test_show_explains_one_model_of_several(run: Run) -> None:
    name = "raspberry-pi-5/ncnn-int8-b1-t4"
    said = run("devices", "show", name).out
    assert re.search(rf"^{name}$", said, re.M)
    refused = run("devices", "show", "raspberry-pi-5/tflite-fp32-b1")
    assert refused.code == 2 and "`model of raspberry-pi-5` must be one of" in refused.err


def test_show_of_nothing_known(run: Run) -> None:
    done = run("devices", "show", "raspberry-pi-55")
    assert done.code == 2 and "did you mean 'raspberry-pi-5'" in done.err
