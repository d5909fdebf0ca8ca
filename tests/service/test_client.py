"""`nas.Client` against a real server: what it gives is what the server holds, errors included."""

from __future__ import annotations

import io
import socket
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import fields
from pathlib import Path

import onnx
import pytest
from pydantic import BaseModel

import nas
from nas import errors
from nas.client import devices, ledger, studies
from nas.client.client import Client
from nas.client.connection import Connection
from nas.client.decoding import decoded
from nas.client.files import unpack
from nas.cost.catalog import find_model
from nas.graph.lower import lower
from nas.service.schemas import calibrations, costs, evaluations, feasibility, fronts, networks
from nas.service.schemas import devices as device_schemas
from nas.service.schemas import ledger as ledger_schemas
from nas.service.schemas import spaces as space_schemas
from nas.service.schemas import studies as study_schemas
from nas.service.traces import Trace, traces_folder
from nas.space.catalog import find_network, space_names
from nas.store import Store
from tests.service.client import served, serving
from tests.service.studies import begun, records
from tests.service.test_calibrations import LOG
from tests.service.test_onnx_upload import convolution
from tests.waiting import PATIENCE_S, until

VALUES = [(70.0, 5.0), (60.0, 3.0), (59.0, 4.0), (50.0, 6.0), (80.0, 5.5)]

TWINS: list[tuple[type, type[BaseModel]]] = [
    (studies.Objective, study_schemas.ObjectiveOut),
    (studies.Driver, study_schemas.DriverOut),
    (studies.Progress, study_schemas.ProgressOut),
    (studies.Study, study_schemas.StudyDetail),
    (studies.Point, fronts.PointOut),
    (studies.Reference, fronts.ReferenceOut),
    (studies.Front, fronts.FrontOut),
    (studies.Growth, fronts.HypervolumeOut),
    (studies.Choice, fronts.ChoiceOut),
    (studies.Importance, fronts.ObjectiveImportance),
    (studies.Evaluation, evaluations.EvaluationOut),
    (ledger.Part, ledger_schemas.PartOut),
    (ledger.Saving, ledger_schemas.SavingOut),
    (ledger.Assumed, ledger_schemas.AssumedOut),
    (ledger.Grid, ledger_schemas.GridOut),
    (ledger.Ledger, ledger_schemas.LedgerOut),
    (devices.ModelError, device_schemas.ErrorDetails),
    (devices.Model, device_schemas.ModelDetails),
    (devices.Fact, device_schemas.Fact),
    (devices.Device, device_schemas.DeviceDetails),
    (devices.Calibration, calibrations.CalibrationOut),
    (devices.Space, space_schemas.SpaceSummary),
    (devices.Range, feasibility.RangeOut),
    (devices.Share, feasibility.ShareOut),
    (devices.Nearest, feasibility.Nearest),
    (devices.Feasibility, feasibility.FeasibilityOut),
    (devices.LayerCost, costs.LayerCost),
    (devices.Cost, costs.Cost),
    (devices.Costs, costs.Costs),
    (devices.Network, networks.NetworkOut),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("service")
    with Store.open(str(found / "nas.db"), create=True) as store:
        study = begun(store, "told")
        store.record(study.id, records(VALUES))
        store.finish(study.id)
        for number in range(3):
            begun(store, f"other-{number}", device="rpi5")
    return found


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[Client]:
    with served(folder) as (_, url), nas.Client(url) as found:
        yield found


@pytest.mark.parametrize(("mine", "theirs"), TWINS)
def test_a_value_has_the_fields_of_what_the_server_sends(
    mine: type, theirs: type[BaseModel]
) -> None:
    keys = {field.metadata.get("key", field.name) for field in fields(mine)}
    assert keys == set(theirs.model_fields)


def test_devices_spaces_and_what_is_feasible(client: Client) -> None:
    found = client.devices("pixel 3")
    assert "pixel-3" in [one.name for one in found] and len(found) < 5
    pixel = client.device("pixel-3")
    assert pixel.models[0].latency_error.median < 0.2 and pixel.models[0].chosen
    assert [one.name for one in client.spaces()] == space_names()
    offered = client.feasibility("nas_bench_macro", "pixel-3", {"max_latency_ms": 1e-3})
    assert not offered.feasible and offered.broken["max_latency_ms"] > 1e-3
    assert offered.ranges["latency_ms"].least < offered.ranges["latency_ms"].most


def test_costs_are_those_of_the_library(client: Client, tmp_path: Path) -> None:
    network = lower(find_network("mobilenet_v2"))
    expected = find_model("pixel-3").model.estimate(network)
    found = client.cost("mobilenet_v2", "pixel-3")
    assert found.costs[0].latency_ms == expected.latency_ms
    assert found.costs[0].latency_interval_ms == expected.latency_interval_ms
    assert len(client.cost("mobilenet_v2").costs) > 20
    onnx.save(convolution(), str(tmp_path / "small.onnx"))
    uploaded = client.cost_onnx(tmp_path / "small.onnx", ["pixel-3"])
    assert uploaded.id is None and uploaded.costs[0].latency_ms > 0
    shown = client.network("mobilenet_v2", device="pixel-3")
    assert shown.id == find_network("mobilenet_v2").id
    assert shown.cost is not None and shown.cost.latency_ms == expected.latency_ms


def test_a_log_becomes_a_model(client: Client, tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_bytes(LOG)
    found = client.calibrate(tmp_path / "log.csv", "client-board", runtime="tflite", force=True)
    assert found.model.name.startswith("client-board/tflite")
    with pytest.raises(errors.TakenError):
        client.calibrate(tmp_path / "log.csv", "client-board", runtime="tflite")
    assert client.device("client-board").models[0].own


def test_studies_are_iterated_over_in_pages(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nas.client.client._PAGE", 2)
    assert {"told", "other-0", "other-1", "other-2"} <= {one.name for one in client.studies()}
    assert [one.name for one in client.studies(device="rpi5")] == ["other-2", "other-1", "other-0"]
    assert [one.name for one in client.studies(state="finished")] == ["told"]
    told = [one.architecture for one in client.evaluations("told", state="complete")]
    assert told == [record.architecture_text for record in records(VALUES)]


def test_a_front_can_be_indexed_and_iterated_over(client: Client) -> None:
    front = client.front("told", dominated=10)
    assert [point.number for point in front] == [4, 0, 1] and len(front) == 3
    assert front[0].values == {"accuracy": 80.0, "latency_ms": 5.5}
    assert [point.number for point in front.dominated] == [2, 3]
    assert [point.number for point in client.front("told", until=2)] == [0, 1]
    assert client.growth("told").evaluations == (1, 2, 3, 4, 5)
    latency = client.intervals("told")["latency_ms"]
    assert set(latency) == {point.id for point in front}
    assert all(low < high for low, high in latency.values())
    by_objective = {one.objective: one.choices for one in client.importance("told")}
    shares = [choice.total for choice in by_objective["latency_ms"]]
    assert shares == sorted(shares, reverse=True) and 0 < shares[0] <= 1.1
    study = client.study("told")
    assert study.state == "finished" and study.at_rest and study.created_at.tzinfo is not None
    assert study.progress is not None and study.progress.complete == 5


def test_files_are_written_and_never_over_others(client: Client, tmp_path: Path) -> None:
    page = client.report("told", tmp_path / "told.html")
    assert "3 networks on the front" in page.read_text(encoding="utf-8")
    with pytest.raises(errors.TakenError):
        client.report("told", tmp_path / "told.html")
    with pytest.raises(errors.OutputError):
        client.report("told", tmp_path / "nowhere" / "told.html")


def zipped(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, name)
    return content.getvalue()


def test_archives_are_unpacked_where_nothing_is(client: Client, tmp_path: Path) -> None:
    folder = unpack(zipped("model.py", "README.md"), tmp_path / "a" / "network")
    assert sorted(file.name for file in folder.iterdir()) == ["README.md", "model.py"]
    with pytest.raises(errors.TakenError):
        unpack(zipped("model.py"), folder)
    for strange in (b"no zip", zipped("../model.py"), zipped("/model.py"), zipped("a/model.py")):
        with pytest.raises(errors.ServiceError):
            unpack(strange, tmp_path / "new")
    assert not (tmp_path / "new").exists()
    with pytest.raises(errors.UnknownNameError):
        client.export("told", "0123456789abcdef", tmp_path / "new")


def test_errors_are_those_of_the_library(client: Client) -> None:
    with pytest.raises(errors.UnknownNameError) as unknown:
        client.study("nowhere")
    assert unknown.value.name == "nowhere" and "told" in unknown.value.known
    with pytest.raises(errors.DeclarationError) as faulty:
        client.search("x", space="mnasnet", device="pixel-3", objectives=["accuracyy"], seed=-1)
    assert {problem.path for problem in faulty.value.problems} == {"objectives.0", "seed"}
    with pytest.raises(errors.StoreError, match="must be new"):
        client.search("told", space="nas_bench_macro", device="pixel-3")
    with pytest.raises(errors.StoreError, match="nobody runs"):
        client.stop("told")
    with pytest.raises(errors.InputError, match="finished"):
        client.resume("told")
    with pytest.raises(errors.ArchitectureError):
        client.cost("mb k3 | mb", "pixel-3")


def test_a_study_is_begun_followed_and_deleted(client: Client) -> None:
    begun = client.search("mine", space="mnasnet", device="pixel-3", evaluations=3000)
    assert begun.state in ("starting", "running")
    heard: list[studies.Progress] = []
    done = client.wait("mine", progress=heard.append, timeout_s=PATIENCE_S)
    assert done.state == "finished"
    assert heard[-1].done and heard[-1] == done.progress
    assert len(client.front("mine")) > 3
    took = client.ledger("mine")
    assert done.progress and took.evaluations == done.progress.complete > 0
    assert took.parts and took.together.cpu_s and took.together.wall_s
    assert took.together.energy_j and took.together.energy_kind
    client.delete("mine")
    with pytest.raises(errors.UnknownNameError):
        client.study("mine")


def test_a_study_may_be_given_minutes(client: Client) -> None:
    client.search("timed", space="mnasnet", device="pixel-3", minutes=0.005)
    done = client.wait("timed", progress=False, timeout_s=PATIENCE_S)
    assert (done.state, done.minutes, done.evaluations) == ("finished", 0.005, None)
    client.delete("timed")


def test_progress_is_one_line(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    client.wait("told")
    said = capsys.readouterr().err
    assert said == "\rtold: 5/5 evaluated, 3 on the front\n"
    client.wait("told", progress=False)
    assert capsys.readouterr().err == ""


def test_waiting_outlives_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nas.client.following._PAUSE_S", 0.1)
    monkeypatch.setattr("nas.client.following._PATIENCE_S", 5.0)
    heard: list[studies.Progress] = []
    found: list[studies.Study] = []
    with ExitStack() as stack, Store.open(str(tmp_path / "nas.db"), create=True) as store:
        study = begun(store, "long", evaluations=3)
        with store.hold(study.id, progress={"goal": 3, "complete": 1}) as lease:
            with serving(tmp_path) as http:
                port = http.base_url.port
                client = stack.enter_context(Client(f"http://127.0.0.1:{port}"))
                waiting = threading.Thread(
                    target=lambda: found.append(client.wait("long", progress=heard.append))
                )
                waiting.start()
                until(lambda: bool(heard))
                lease.report({"goal": 3, "complete": 2})
                until(lambda: heard[-1].complete == 2)
                time.sleep(5.0)  # longer than the patience with a server that is away
            time.sleep(0.3)  # nobody answers
            assert waiting.is_alive()
            with serving(tmp_path, port=port):
                lease.report({"goal": 3, "complete": 3})
                until(lambda: heard[-1].complete == 3)
                store.finish(study.id, lease=lease)
                lease.end()
                waiting.join(PATIENCE_S)
    assert [study.state for study in found] == ["finished"]


def test_waiting_looks_now_and_then_where_nobody_more_may_listen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nas.client.following._PAUSE_S", 0.1)
    monkeypatch.setattr("nas.service.events.MOST_LISTENERS", 0)
    with Store.open(str(tmp_path / "nas.db"), create=True) as store, serving(tmp_path) as http:
        study = begun(store, "long", evaluations=3)
        with (
            Client(f"http://127.0.0.1:{http.base_url.port}") as client,
            store.hold(study.id, progress={"goal": 3, "complete": 1}),
        ):
            with pytest.raises(TimeoutError):
                client.wait("long", progress=False, timeout_s=1.0)
            store.revoke(study.id)
            assert client.wait("long", progress=False).state == "interrupted"


def test_a_failed_search_is_an_error_with_its_reason(client: Client, folder: Path) -> None:
    with Store.open(str(folder / "nas.db"), create=False) as store:
        trace = Trace.of(begun(store, "broken"), traces_folder(store.location))
    trace.begin()
    trace.end("it broke")
    with pytest.raises(errors.StudyFailedError, match="'broken' failed: it broke"):
        client.wait("broken", progress=False)


def test_a_server_that_is_not_there_is_said_to_be_so() -> None:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with Client(url) as client:
        with pytest.raises(errors.ServiceError, match="start it"):
            client.spaces()
        with pytest.raises(errors.ServiceError, match="start it"):
            client.wait("nowhere", progress=False)
    with Client("nonsense") as client, pytest.raises(errors.ServiceError):
        client.spaces()


def test_a_token_is_sent(tmp_path: Path) -> None:
    token = "0123456789abcdef" * 4
    with serving(tmp_path, token=token) as http:
        url = f"http://127.0.0.1:{http.base_url.port}"
        with Client(url, token=token) as client:
            assert client.spaces()
        with Client(url) as client, pytest.raises(errors.InputError, match="oken"):
            client.spaces()


def test_what_only_one_side_knows_does_no_harm() -> None:
    fact = {"name": "a", "value": 1.0, "source": "b", "newer": [1]}
    assert decoded(devices.Fact, fact) == devices.Fact("a", 1.0, "b")
    with pytest.raises(KeyError):
        decoded(devices.Fact, {"name": "a"})


def test_without_httpx_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nas.client.connection.find_spec", lambda _: None)
    with pytest.raises(errors.MissingExtraError, match=r"nas\[serve\]"):
        Connection("http://127.0.0.1:1", None, 1.0)
