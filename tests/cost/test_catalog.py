"""Names of cost models: a device, an alias, one of several models, own before shipped."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from nas.cost.artefact import read_model
from nas.cost.catalog import (
    canonical_device,
    device_models,
    find_model,
    is_own,
    model_files,
    modelled_devices,
)
from nas.cost.profile import device_names, find_device
from nas.errors import UnknownNameError
from nas.resources import folder, own_folder

SHIPPED = sorted(folder("latency_models").glob("*/*.json"))


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder for a person's own models, empty."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return own_folder("latency_models")


def test_every_shipped_file_loads_and_belongs_to_a_profile() -> None:
    assert len(SHIPPED) > 250
    for file in SHIPPED:
        key = read_model(file).model.key
        assert key.device == file.parent.name
        assert find_device(key.device).name == key.device
    assert {file.parent.name for file in SHIPPED} == set(modelled_devices())


def test_every_default_that_a_profile_names_is_shipped() -> None:
    named = {name: find_device(name).default_model for name in device_names()}
    for device, stem in named.items():
        if stem:
            assert find_model(device).file.stem == stem


def test_a_device_stands_for_its_first_model_and_any_can_be_named() -> None:
    models = device_models("raspberry-pi-5")
    assert [model.file.stem for model in models[:2]] == ["ncnn-fp32-b1-t4", "ncnn-fp32-b1-t1"]
    assert [model.file for model in models] == model_files("rpi5")
    assert find_model("raspberry-pi-5").file == models[0].file
    for model in models:
        assert find_model(f"raspberry-pi-5/{model.file.stem}").file == model.file
        assert find_model(f"rpi5/{model.file.stem}").file == model.file


def test_a_named_default_goes_before_more_threads() -> None:
    first, second = device_models("raspberry-pi-4")[:2]
    assert first.file.stem == find_device("raspberry-pi-4").default_model == "tflite-fp32-b1"
    assert second.model.key.threads == 4


def test_an_own_model_goes_before_the_shipped_ones(own: Path) -> None:
    shipped = find_model("pixel-3")
    assert not is_own(shipped.file)
    (own / "pixel-3").mkdir(parents=True)
    shutil.copy(shipped.file, own / "pixel-3" / "mine-fp32-b1.json")
    assert find_model("pixel-3").file == own / "pixel-3" / "mine-fp32-b1.json"
    assert is_own(find_model("pixel3").file)
    assert find_model(f"pixel-3/{shipped.file.stem}").file == shipped.file


def test_an_own_model_of_the_same_key_replaces_the_shipped_one_by_name(own: Path) -> None:
    shipped = find_model("pixel-3")
    (own / "pixel-3").mkdir(parents=True)
    shutil.copy(shipped.file, own / "pixel-3")
    named = find_model(f"pixel-3/{shipped.file.stem}")
    assert is_own(named.file)


def test_a_name_of_an_own_device_beats_an_alias(own: Path) -> None:
    assert canonical_device("m1") == "macbook-pro-m1"
    (own / "m1").mkdir(parents=True)
    shutil.copy(find_model("pixel-3").file, own / "m1" / "mine-fp32-b1.json")
    assert canonical_device("m1") == "m1"
    assert find_model("m1").file.parent == own / "m1"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("raspbery-pi-5", r"`device` must be one of \d+ names.*did you mean 'raspberry-pi-5'"),
        ("pixel-3/tflite-fp32-b2", r"`model of pixel-3` must be one of .*tflite-fp32-b1"),
        ("pixel-3/../pixel-3/tflite-fp32-b1", "`model of pixel-3`"),
        ("*", "`device` must be one of"),
        ("", "`device` must be one of"),
    ],
)
def test_names_of_nothing_are_refused(name: str, said: str) -> None:
    with pytest.raises(UnknownNameError, match=said):
        find_model(name)
