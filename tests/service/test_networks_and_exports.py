"""Architectures over HTTP, and exports that run where none of this package is."""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from nas.cost.catalog import find_model, modelled_devices
from nas.errors import BusyError, InputError
from nas.graph.lower import lower
from nas.pareto import Sense
from nas.report.cost import cost_view
from nas.report.neighbours import neighbours_view
from nas.search.problem import make_problem
from nas.search.study import study_from_options
from nas.service.archives import archive_workers, network_archive
from nas.service.problems import problem_of
from nas.service.workers import Workers
from nas.space.architecture import read_json
from nas.space.catalog import find_network, find_space
from nas.space.membership import locate
from nas.store import EvaluationRecord, EvaluationState, ObjectiveRecord, Store
from tests.service.client import serving
from tests.service.test_devices_and_spaces import TRAVERSALS

OBJECTIVES = [
    ObjectiveRecord("accuracy", Sense.MAXIMIZE, "%", {"kind": "predicted", "source": "a table"}),
    ObjectiveRecord("latency_ms", Sense.MINIMIZE, "ms", {"kind": "predicted"}),
]


def filled(database: Path, name: str = "small") -> list[str]:
    """A study of four networks, two of them on the front; their ids."""
    space = find_space("nas_bench_macro")
    codes = space.sample(4, seed=3)
    values = [(70.0, 5.0), (60.0, 3.0), (59.0, 4.0), (50.0, 6.0)]
    records = []
    for number, (code, (accuracy, latency_ms)) in enumerate(zip(codes, values, strict=True)):
        architecture = space.architecture(code)
        records.append(
            EvaluationRecord(
                number,
                architecture.id,
                architecture.text,
                space.decode(code),
                EvaluationState.COMPLETE,
                {"accuracy": accuracy, "latency_ms": latency_ms},
            )
        )
    spec = {"name": name, "space": "nas_bench_macro", "device": "pixel-3", "limits": {}}
    with Store.open(str(database), create=True) as store:
        study = store.create_study(name, spec=spec, objectives=OBJECTIVES)
        store.record(study.id, records)
        store.save_front(study.id, [0, 1])
    return [record.architecture_id for record in records]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, list[str]]]:
    folder = tmp_path_factory.mktemp("service")
    ids = filled(folder / "nas.db")
    with serving(folder) as client:
        yield client, ids


def test_an_architecture_is_shown_with_its_layers(
    stored: tuple[httpx.Client, list[str]],
) -> None:
    client, ids = stored
    plain = client.get(f"/architectures/{ids[0]}").json()
    assert plain["id"] == ids[0] and plain["cost"] is None and plain["layers"] == []
    shown = client.get(f"/architectures/{ids[0]}", params={"device": "zc706"}).json()
    network = lower(find_network(shown["text"]))
    view = cost_view(network, find_model("zc706"))
    assert [one["latency_ms"] for one in shown["layers"]] == [
        part.latency_ms for part in view.estimate.breakdown
    ]
    assert [one["macs"] for one in shown["layers"]] == [k.signature.macs for k in network.kernels]
    assert 0.5 < sum(one["latency_share"] for one in shown["layers"]) <= 1.0001
    assert 0.5 < sum(one["energy_share"] for one in shown["layers"]) <= 1.0001
    assert all(0 < one["memory_to_peak"] <= 1 for one in shown["layers"])
    assert shown["weight_bytes"]["int8"] < shown["weight_bytes"]["fp32"]
    assert {one["block"] for one in shown["layers"]} == set(range(len(shown["blocks"])))


def test_the_same_network_on_every_device(stored: tuple[httpx.Client, list[str]]) -> None:
    client, ids = stored
    found = client.get(f"/architectures/{ids[1]}/devices").json()
    assert len(found["costs"]) + len(found["without"]) == len(modelled_devices())
    latencies = [one["latency_ms"] for one in found["costs"]]
    assert latencies == sorted(latencies)
    reference = client.get("/architectures/mobilenet_v2").json()
    assert reference["id"] == find_network("mobilenet_v2").id


@pytest.mark.parametrize("name", [*TRAVERSALS, "0123456789abcdef", "mobilenet_v22"])
@pytest.mark.parametrize("what", ["", "/devices", "/export"])
def test_no_id_is_a_file(stored: tuple[httpx.Client, list[str]], name: str, what: str) -> None:
    answer = stored[0].get(f"/architectures/{name}{what}")
    assert answer.status_code in (404, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("name", TRAVERSALS)
def test_no_name_of_a_study_or_its_network_is_a_file(
    stored: tuple[httpx.Client, list[str]], name: str
) -> None:
    client, _ = stored
    for path in (
        f"/studies/{name}/networks/knee/export",
        f"/studies/small/networks/{name}/export",
    ):
        assert client.get(path).status_code in (404, 422)


def test_neighbours_differ_in_one_choice_and_say_what_it_costs(
    stored: tuple[httpx.Client, list[str]],
) -> None:
    client, ids = stored
    asked = {"space": "nas_bench_macro", "device": "zc706"}
    answer = client.get(f"/architectures/{ids[0]}/neighbours", params=asked)
    assert answer.status_code == 200, answer.text
    found, space = answer.json(), find_space("nas_bench_macro")
    assert found["id"] == ids[0] and set(found["values"]) >= {"latency_ms", "energy_mj", "macs"}
    own = locate(space, find_network(client.get(f"/architectures/{ids[0]}").json()["text"]))
    assert len(found["neighbours"]) == len(space.neighbours(own))
    for one in found["neighbours"]:
        choices = space.decode(own) | {one["choice"]: one["after"]}
        assert space.decode(own)[one["choice"]] == one["before"] != one["after"]
        architecture = space.architecture(space.encode(choices))
        assert architecture.id == one["id"]
        view = cost_view(lower(architecture), find_model("zc706"))
        assert one["values"]["latency_ms"] == pytest.approx(view.estimate.latency_ms)
        assert one["changes"]["macs"] == one["values"]["macs"] - found["values"]["macs"]
        assert not one["better"] or max(one["changes"].values()) <= 0


def test_neighbours_know_accuracy_and_depth() -> None:
    space = find_space("mobilenet_v3").at_resolution(224)
    architecture = space.architecture(space.sample(1, seed=2)[0])
    problem = make_problem(
        study_from_options(
            {"name": "a", "space": "mobilenet_v3", "device": "pixel-3",
             "objectives": ["accuracy", "latency_ms"]}
        )
    )  # fmt: skip
    view = neighbours_view(problem, architecture)
    assert {"accuracy", "latency_ms"} == set(view.values)
    assert any("depth" in one.choice for one in view.neighbours)
    sure = [one for one in view.neighbours if one.architecture.id in view.better]
    assert all(one.values["latency_ms"] <= view.values["latency_ms"] for one in sure)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"space": "mnasnet", "device": "pixel-3"}, "3x224x224"),
        ({"space": "../x.yaml", "device": "pixel-3"}, "--data-root"),
        ({"space": "nas_bench_macro", "device": "nowhere"}, "nowhere"),
        ({"space": "nas_bench_macro"}, "device"),
    ],
)
def test_neighbours_need_a_space_that_builds_the_network(
    stored: tuple[httpx.Client, list[str]], asked: dict[str, str], said: str
) -> None:
    client, ids = stored
    answer = client.get(f"/architectures/{ids[0]}/neighbours", params=asked)
    assert answer.status_code == 422 and said in answer.json()["detail"]


def test_an_unknown_device_is_refused_before_anything_is_built(
    stored: tuple[httpx.Client, list[str]],
) -> None:
    client, ids = stored
    answer = client.get(f"/architectures/{ids[0]}/export", params={"device": "nowhere"})
    assert answer.status_code == 422


RUNS = """
import numpy, onnxruntime, torch
from model import Network
image = torch.zeros(1, *{sizes})
assert Network().eval()(image).shape == (1, {classes})
session = onnxruntime.InferenceSession("model.onnx")
(logits,) = session.run(["logits"], {{"image": image.numpy()}})
assert logits.shape == (1, {classes})
"""


def test_an_exported_network_runs_on_its_own(
    stored: tuple[httpx.Client, list[str]], tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    client, ids = stored
    answer = client.get("/studies/small/networks/most-accurate/export")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    assert f"network-{ids[0]}.zip" in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path)
    assert sorted(names) == ["README.md", "architecture.json", "model.onnx", "model.py"]
    architecture = read_json((tmp_path / "architecture.json").read_text())
    assert architecture.id == ids[0]
    readme = (tmp_path / "README.md").read_text()
    assert "| accuracy | 70 | % | predicted | source: a table |" in readme
    image, classes = architecture.image, lower(architecture).output_shape[0]
    sizes = (image.channels, image.height, image.width)
    code = RUNS.format(sizes=sizes, classes=classes)
    done = subprocess.run(
        [sys.executable, "-I", "-c", "import sys; sys.path.insert(0, '.')\n" + code],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not list(Path(tempfile.gettempdir()).glob("nas-worker-*/nas-archive-*"))
    uploaded = client.post(
        "/costs/onnx",
        files={"file": ("m.onnx", (tmp_path / "model.onnx").read_bytes())},
        data={"devices": ["zc706"]},
    ).json()
    assert uploaded["macs"] == lower(architecture).macs


def test_a_service_that_is_busy_says_when_to_ask_again() -> None:
    answer = problem_of(BusyError("at most 7 of these may be under way; got one more"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")


@pytest.fixture
def workers() -> Iterator[Workers]:
    found = archive_workers()
    yield found
    found.close()


def test_a_network_that_is_too_large_is_refused(workers: Workers) -> None:
    pytest.importorskip("torch")
    with pytest.raises(InputError, match="MiB; got more than"):
        network_archive(workers, find_network("mobilenet_v2/99999"), "huge")
