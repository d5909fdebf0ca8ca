"""`nas spaces`, `devices`, `cost`, `show` and `calibrate`, as a person uses them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from nas.cost.catalog import find_model
from nas.cost.log import Measured, write_log
from nas.cost.profile import device_names
from nas.graph.lower import lower
from nas.space.catalog import find_network, reference_networks, space_names
from tests.cli.conftest import Run


def test_spaces_lists_spaces_and_references(run: Run) -> None:
    said = run("spaces").out
    assert all(re.search(rf"^{name} ", said, re.M) for name in space_names())
    assert all(re.search(rf"^{name} ", said, re.M) for name in reference_networks())
    assert re.search(r"^mobilenet_v2 +3\.50 +300\.8 ", said, re.M)
    listed = run("spaces", "--json").json()
    sizes = {space["name"]: space["size"] for space in listed["spaces"]}
    assert sizes["nas_bench_macro"] == 3**8


@pytest.mark.parametrize("name", space_names())
def test_spaces_show_and_check_every_shipped_space(run: Run, repository: Path, name: str) -> None:
    shown = run("spaces", "show", name)
    size = run("spaces", "show", name, "--json").json()["size"]
    assert f"{size:,} networks" in shown.out
    checked = run("spaces", "check", repository / "search_spaces" / f"{name}.yaml")
    assert checked.code == 0
    assert "valid" in checked.out and f"{size:,} networks" in checked.out


def test_devices_lists_every_device(run: Run) -> None:
    said = run("devices").out
    models = run("devices", "--json").json()
    assert {model["device"] for model in models} == set(device_names())
    for model in models:
        assert re.search(rf"^{model['device']} .* {model['evidence']['samples']}$", said, re.M)


def test_cost_agrees_with_show_and_with_itself(run: Run) -> None:
    (cost,) = run("cost", "mobilenet_v2", "--device", "jetson-tx2", "--json").json()
    assert cost["parameters"] == 3_504_872
    assert sum(kernel["latency_ms"] for kernel in cost["kernels"]) == pytest.approx(
        cost["latency_ms"]
    )
    shown = run("show", "mobilenet_v2", "--device", "jetson-tx2")
    assert len(re.findall(r"\d\.\d%  +\d+\.\d%", shown.out)) == len(cost["kernels"])
    assert f"total: {cost['latency_ms']:.1f} ms" in shown.out
    assert run("show", "mobilenet_v2", "--device", "jetson-tx2", "--json").json() == cost


def test_a_network_may_be_a_name_text_or_json(run: Run, tmp_path: Path) -> None:
    architecture = find_network("mobilenet_v2@0.35/96")
    (tmp_path / "architecture.json").write_text(
        json.dumps(architecture.to_json()), encoding="utf-8"
    )
    costs = [
        run("cost", given, "--device", "pixel-3", "--json").json()[0]["latency_ms"]
        for given in ("mobilenet_v2@0.35/96", architecture.text, "architecture.json")
    ]
    assert costs[0] == costs[1] == costs[2]


def test_several_devices_in_one_table(run: Run) -> None:
    said = run("cost", "resnet18", *(f"--device={name}" for name in device_names())).out
    table = said.split("dearest")[0]
    assert all(re.search(rf"^{name} ", table, re.M) for name in device_names())


def test_calibrate_writes_a_model_with_its_error(run: Run, tmp_path: Path) -> None:
    model = find_model("jetson-tx2").model
    rows = []
    for name in ("mobilenet_v2", "mnasnet_b1", "mobilenet_v1", "proxylessnas_mobile"):
        for size in (128, 160, 192, 224):
            architecture = find_network(f"{name}/{size}")
            estimate = model.estimate(lower(architecture))
            rows.append(Measured.of(architecture, estimate.latency_ms, estimate.energy_mj, name))
    write_log(tmp_path / "log.csv", rows)
    options = ("--device", "my-board", "--runtime", "mine", "--measurements", "log.csv")
    done = run("calibrate", *options, "--to", "models")
    assert done.code == 0, done.err
    assert "latency: 16 networks, held-out median error" in done.out
    file = tmp_path / "models" / "my-board" / "mine-fp32-b1.json"
    assert f"wrote {file.relative_to(tmp_path)}" in done.out
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / "log.csv", file]


def test_calibrate_to_a_place_that_is_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file", encoding="utf-8")
    rows = [
        Measured.of(find_network(f"mobilenet_v2/{size}"), size / 10, None, str(size))
        for size in (128, 160, 192, 224)
    ]
    write_log(tmp_path / "log.csv", rows)
    options = ("--device", "my-board", "--runtime", "mine", "--measurements", "log.csv")
    done = run("calibrate", *options, "--to", "models")
    assert done.code == 2 and done.err.startswith("error: ")
    assert (tmp_path / "models").read_text(encoding="utf-8") == "a file"
