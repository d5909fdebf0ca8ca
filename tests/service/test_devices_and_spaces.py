"""Devices, spaces, feasibility and costs over HTTP: what the library says, and no name a path."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from nas.accuracy.predictor import shipped_predictors
from nas.cost.catalog import find_model, modelled_devices
from nas.cost.profile import device_names
from nas.graph.lower import lower
from nas.report.cost import cost_view
from nas.report.device import device_view
from nas.search.feasibility import all_free, feasibility
from nas.search.problem import make_problem
from nas.search.study import study_from_options
from nas.space.catalog import find_network, find_space, space_names
from tests.cli.conftest import Run
from tests.cli.conftest import run as run  # noqa: F401 - a fixture
from tests.service.client import serving

TRAVERSALS = (
    "../../../etc/passwd",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/etc/passwd",
    "/etc/passwd",
    "....//etc/passwd",
    "search_spaces/mnasnet.yaml",
    "search_spaces%2Fmnasnet.yaml",
    "mnasnet.yaml",
    "networks.json",
    "nul%00byte",
    "C:%5Cwindows",
    "*",
    "%ff%fe",
    "a" * 150,
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with serving(tmp_path_factory.mktemp("service")) as found:
        yield found


def test_every_device_is_listed_page_by_page(client: httpx.Client) -> None:
    names, offset = [], 0
    while True:
        page = client.get("/devices", params={"limit": 40, "offset": offset}).json()
        names += [item["name"] for item in page["items"]]
        offset += 40
        if offset >= page["total"]:
            break
    assert names == sorted({*device_names(), *modelled_devices()})


def test_devices_are_found_by_words_and_kind(client: httpx.Client) -> None:
    found = client.get("/devices", params={"words": "rpi5"}).json()["items"]
    assert found[0]["name"] == "raspberry-pi-5"
    assert all("pi-5" in one["name"] for one in found) and len(found) < 5
    models = found[0]["models"]
    view = device_view("raspberry-pi-5")
    assert [one["name"] for one in models] == [one.name for one in view.models]
    assert [one["chosen"] for one in models] == [True, *[False] * (len(models) - 1)]
    assert models[0]["latency_error"]["median"] == view.models[0].latency_error.median
    kinds = client.get("/devices", params={"kind": "phone", "limit": 500}).json()["items"]
    assert kinds and {one["kind"] for one in kinds} == {"phone"}
    assert client.get("/devices", params={"kind": "toaster"}).status_code == 422


def test_a_device_is_shown_with_all_that_is_known_of_it(client: httpx.Client) -> None:
    shown = client.get("/devices/rpi5").json()
    view = device_view("raspberry-pi-5")
    assert shown["name"] == view.name and "rpi5" in shown["aliases"]
    assert {one["name"] for one in shown["facts"]} == set(view.profile.facts)  # type: ignore[union-attr]
    model, error = shown["models"][0], view.models[0].latency_error
    points = [(p["measured"], p["predicted"], p["low"], p["high"]) for p in
              model["latency_error"]["points"]]  # fmt: skip
    assert points == list(error.points) and model["latency_error"]["by_group"] == error.by_group
    assert model["calibrated_on"] and model["source"] == view.models[0].stored.evidence.source


def test_spaces_say_what_can_be_asked_of_them(client: httpx.Client) -> None:
    listed = client.get("/spaces").json()["items"]
    assert [one["name"] for one in listed] == space_names()
    for one in listed:
        assert int(one["size"]) == find_space(one["name"]).size
        assert ("accuracy" in one["predicted"]) == (one["name"] in shipped_predictors("accuracy"))
    shown = client.get("/spaces/mnasnet").json()
    space = find_space("mnasnet")
    assert {one["name"]: tuple(one["values"]) for one in shown["choices"]} == {
        variable.name: variable.values for variable in space.variables
    }
    assert "accuracy" in shown["feasible_objectives"]
    assert "accuracy" not in client.get("/spaces/fbnet").json()["feasible_objectives"]


@pytest.mark.parametrize("name", TRAVERSALS)
@pytest.mark.parametrize("collection", ["devices", "spaces"])
def test_no_name_in_a_path_leads_to_a_file(
    client: httpx.Client, collection: str, name: str
) -> None:
    answer = client.get(f"/{collection}/{name}")
    assert answer.status_code in (404, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert "root:" not in answer.text


def test_an_unknown_name_is_404_with_the_nearest(client: httpx.Client) -> None:
    answer = client.get("/devices/raspberry-pi-55")
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:nas:unknown-name"
    assert "raspberry-pi-5" in answer.json()["detail"]


def test_feasibility_is_what_the_command_line_says(client: httpx.Client, run: Run) -> None:  # noqa: F811
    limits = {"max_latency_ms": 4, "max_latency_ms@raspberry-pi-4": 9, "max_macs": 5e7}
    asked = {"space": "nas_bench_macro", "devices": ["pixel-3", "raspberry-pi-4"]}
    answer = client.post("/feasibility", json={**asked, "limits": limits})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    said = run(
        "feasible", "--space", "nas_bench_macro", "--device", "pixel-3",
        "--device", "raspberry-pi-4", "--limit", "latency_ms<=4",
        "--limit", "latency_ms@raspberry-pi-4<=9", "--limit", "macs<=50M", "--json",
    ).json()  # fmt: skip
    nearest = said.pop("nearest")
    assert found["nearest"] == {
        "id": nearest.pop("id"), "architecture": nearest.pop("architecture"), "values": nearest
    }  # fmt: skip
    assert found["networks"] == str(said.pop("networks"))
    for key, value in said.items():
        assert found[key] == value, key


def test_what_is_kept_changes_no_answer(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nas.search.feasibility._SAMPLE", 10_000)
    limits = {"max_latency_ms": 40, "min_accuracy": 50}
    asked = {"space": "mnasnet", "devices": ["pixel-3"]}
    client.post("/feasibility", json=asked)
    found = client.post("/feasibility", json={**asked, "limits": limits}).json()
    objectives = all_free("mnasnet", ["pixel-3"])
    spec = study_from_options(
        {"name": "a", "space": "mnasnet", "device": "pixel-3", "objectives": list(objectives),
         "limits": limits}
    )  # fmt: skip
    known = feasibility(make_problem(spec))
    assert found["within"]["share"] == known.within.value
    assert found["nearest"]["values"] == known.needed
    assert {name: one["least"] for name, one in found["ranges"].items()} == {
        name: one.least for name, one in known.ranges.items()
    }


def test_a_moved_limit_is_answered_at_once(client: httpx.Client) -> None:
    def ask(limit: float) -> tuple[float, dict[str, object]]:
        asked = {"space": "mobilenet_v3", "devices": ["jetson-tx2"]}
        began = time.process_time()
        answer = client.post(
            "/feasibility", json={**asked, "limits": {"max_latency_ms": limit, "max_macs": 3e8}}
        )
        return time.process_time() - began, answer.json()

    first, _ = ask(30)
    took = [ask(limit) for limit in (10.9, 12, 20, 25)]
    shares = [found["within"]["share"] for _, found in took]  # type: ignore[index]
    assert shares == sorted(shares) and shares[0] < shares[-1]
    assert min(seconds for seconds, _ in took) < first / 3


def test_a_limit_that_nothing_is_known_of_is_named(client: httpx.Client) -> None:
    asked = {"space": "fbnet", "devices": ["zc706"], "limits": {"min_accuracy": 70}}
    found = client.post("/feasibility", json=asked).json()
    assert found["left_out"] == ["min_accuracy"] and found["limits"] == {}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"limits": {"max_latency": 3}}, "max_latency_ms"),
        ({"limits": {"max_latency_ms": -1}}, "greater than 0"),
        ({"devices": ["pixel-33"]}, "pixel-3"),
        ({"devices": []}, "at least 1"),
        ({"space": "../../etc/passwd"}, "--data-root"),
        ({"space": "search_spaces/mnasnet.yaml"}, "--data-root"),
        ({"space": "mnasnett"}, "mnasnet"),
        ({"limits": {"max_energy_mj": 3}}, "energy"),
        ({"limits": {"max_latency_ms@nowhere": 3}}, "nowhere"),
        ({"limits": {"max_latency_ms@../../x": 3}}, "device"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_question_that_makes_no_sense_says_why(
    client: httpx.Client, changes: dict[str, object], said: str
) -> None:
    asked = {"space": "mnasnet", "devices": ["pixel-3"], "limits": {}, **changes}
    answer = client.post("/feasibility", json=asked)
    assert answer.status_code == 422 and said in answer.json()["detail"]


def test_a_space_under_a_root_can_be_asked_about(tmp_path: Path, repository: Path) -> None:
    spaces = tmp_path / "spaces"
    spaces.mkdir()
    source = repository / "search_spaces" / "nas_bench_macro.yaml"
    (spaces / "mine.yaml").write_text(source.read_text().replace("nas_bench_macro", "mine"))
    with serving(tmp_path, data_roots=(spaces,)) as client:
        asked = {"space": "mine.yaml", "devices": ["pixel-3"]}
        found = client.post("/feasibility", json=asked).json()
        assert (found["space"], found["exact"]) == ("mine", True)


def test_costs_are_what_the_library_predicts(client: httpx.Client) -> None:
    devices = ["pixel-3", "rpi5", "raspberry-pi-5/ncnn-fp32-b1-t4"]
    asked = {"network": "mobilenet_v2@0.75/160", "devices": devices, "dearest": 3}
    found = client.post("/costs", json=asked).json()
    network = lower(find_network("mobilenet_v2@0.75/160"))
    assert (found["parameters"], found["macs"]) == (network.parameters, network.macs)
    for name, cost in zip(devices, found["costs"], strict=True):
        view = cost_view(network, find_model(name))
        assert cost["latency_ms"] == view.estimate.latency_ms
        assert tuple(cost["latency_interval_ms"]) == view.estimate.latency_interval_ms
        assert cost["energy_mj"] == view.estimate.energy_mj
        assert cost["peak_memory_bytes"] == view.estimate.peak_memory_bytes
        assert [one["latency_ms"] for one in cost["dearest"]] == [
            part.latency_ms for part in view.dearest[:3]
        ]


def test_text_costs_what_its_name_does_and_all_devices_come_fastest_first(
    client: httpx.Client,
) -> None:
    architecture = find_network("mnasnet_a1")
    found = client.post("/costs", json={"network": architecture.text}).json()
    assert found["id"] == architecture.id
    latencies = [one["latency_ms"] for one in found["costs"]]
    assert latencies == sorted(latencies)
    assert len(latencies) + len(found["without"]) == len(modelled_devices())


@pytest.mark.parametrize(
    "network",
    ["/etc/passwd", "secret.json", "../x.json", "x.onnx", "0123456789abcdef", "image 3x", "\x00",
     "mobilenet_v2@9999", "image 3x224x224 | conv k3 c99999999999 s2"],
)  # fmt: skip
def test_no_network_of_a_request_is_a_file(
    client: httpx.Client, network: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.json").write_text(json.dumps(find_network("mnasnet_a1").to_json()))
    answer = client.post("/costs", json={"network": network, "devices": ["pixel-3"]})
    assert answer.status_code == 422, answer.text
