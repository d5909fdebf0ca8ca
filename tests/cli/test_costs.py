"""`nas spaces`, `cost`, `show` and `calibrate`, as a person uses them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from nas.cost.catalog import find_model
from nas.cost.log import Measured
from nas.cost.log_writing import write_log
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
    names = ("jetson-tx2", "rpi5/ncnn-int8-b1-t4", "titan-xp/help-fp32-b64", "eyeriss")
    done = run("cost", "resnet18", *(f"--device={name}" for name in names))
    rows = [line.split()[0] for line in done.out.splitlines() if re.match(r"[a-z0-9-]+/", line)]
    assert rows == [
        "jetson-tx2/hw-nas-bench-fp32-b1",
        "raspberry-pi-5/ncnn-int8-b1-t4",
        "titan-xp/help-fp32-b64",
        "eyeriss/hw-nas-bench-fp32-b1",
    ]
    assert "dearest" not in done.out, "four devices are too many to go into detail"
    assert "per batch of 64: titan-xp/help-fp32-b64" in done.err
    assert "simulated latency: eyeriss/hw-nas-bench-fp32-b1" in done.err


def test_all_devices_fastest_first(run: Run) -> None:
    costs = run("cost", "mobilenet_v2", "--all", "--json").json()
    times = [cost["latency_ms"] for cost in costs]
    assert times == sorted(times) and len(times) > 80
    assert len({cost["device"] for cost in costs}) == len(costs)
    for cost in costs:
        low, high = cost["latency_interval_ms"]
        assert 0 <= low <= cost["latency_ms"] <= high
        assert (cost["energy_mj"] is None) == (cost["energy_origin"] is None)
    said = run("cost", "mobilenet_v2", "--all").out
    assert [line.split()[0] for line in said.splitlines() if re.match(r"[a-z0-9-]+/", line)] == [
        cost["model"] for cost in costs
    ]


@pytest.mark.parametrize("options", [(), ("--device", "pixel-3", "--all")])
def test_either_devices_or_all(run: Run, options: tuple[str, ...]) -> None:
    done = run("cost", "mobilenet_v2", *options)
    assert done.code == 2
    assert "either `--device` or `--all` must be given" in done.err


def test_an_onnx_file_is_costed_as_the_network_in_it(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from nas.networks.onnx_export import export_onnx

    export_onnx(find_network("mobilenet_v2@0.35/96"), tmp_path / "model.onnx")
    costs = [
        run("cost", given, "--device", "rpi5", "--device", "jetson-nano", "--json").json()
        for given in ("mobilenet_v2@0.35/96", "model.onnx")
    ]
    for named, read in zip(*costs, strict=True):
        assert read["latency_ms"] == pytest.approx(named["latency_ms"])
        assert read["model"] == named["model"]


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
