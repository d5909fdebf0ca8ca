"""Uploaded measurement logs: fitted like `nas calibrate` does, and never a way to a file."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.cost.artefact import read_model
from nas.cost.catalog import find_model
from nas.cost.log import read_log
from nas.errors import MeasurementLogError
from nas.graph.lower import lower
from nas.measure.own_model import fit_and_store, key_of
from nas.service.calibration import log_text
from nas.space.catalog import find_space
from tests.service.client import serving
from tests.service.test_networks_and_exports import filled

KEY = {"device": "my-board", "runtime": "tflite"}


def rows(count: int = 6) -> list[list[str]]:
    """What networks of a space take on a board that is like a known one."""
    space, model = find_space("nas_bench_macro"), find_model("pixel-3").model
    noise = np.random.default_rng(0).normal(1, 0.01, count)
    made = []
    for code, off in zip(space.sample(count, seed=1), noise, strict=True):
        architecture = space.architecture(code)
        latency_ms = model.estimate(lower(architecture)).latency_ms * 1.3 * off
        made.append([architecture.text, f"{latency_ms:.6f}"])
    return made


def as_csv(lines: list[list[str]], header: tuple[str, ...] = ("network", "latency_ms")) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([header, *lines])
    return text.getvalue().encode()


LOG = as_csv(rows())


def sent(
    client: httpx.Client, data: bytes = LOG, name: str = "log.csv", **form: object
) -> httpx.Response:
    return client.post("/calibrations", files={"file": (name, data)}, data={**KEY, **form})


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, Path]]:
    folder = tmp_path_factory.mktemp("service")
    with serving(folder) as client:
        yield client, folder / "latency_models"


def test_a_log_becomes_the_model_that_the_library_fits(
    served: tuple[httpx.Client, Path], tmp_path: Path
) -> None:
    client, folder = served
    answer = sent(client, name="../../../../tmp/evil.csv", precision="int8", threads="2")
    assert answer.status_code == 201, answer.text
    found = answer.json()
    file = folder / "my-board" / "tflite-int8-b1-t2.json"
    assert found["model"]["name"] == "my-board/tflite-int8-b1-t2"
    assert [path for path in folder.rglob("*") if path.is_file()] == [file]
    (tmp_path / "log.csv").write_bytes(LOG)
    log = read_log(tmp_path / "log.csv")
    key = key_of({}, KEY | {"precision": "int8", "threads": "2"}, log.context)
    mine = fit_and_store(key, log, tmp_path, source="own measurements", licence="unstated")
    assert json.loads(file.read_text()) == json.loads(mine.file.read_text())
    error = read_model(mine.file).evidence.latency_error
    assert found["model"]["latency_error"]["median"] == error.median
    assert found["model"]["latency_error"]["interval_coverage"] == error.interval_coverage
    assert found["more_would_help"] is mine.more_helps


def test_a_model_is_replaced_only_when_that_is_said(served: tuple[httpx.Client, Path]) -> None:
    client, folder = served
    assert sent(client, device="twice").status_code == 201
    file = folder / "twice" / "tflite-fp32-b1.json"
    before = file.read_bytes()
    again = sent(client, as_csv(rows(5)), device="twice")
    assert again.status_code == 409 and "`force`" in again.json()["detail"]
    assert file.read_bytes() == before
    packed = gzip.compress(as_csv(rows(5)))
    assert sent(client, packed, device="twice", force="true").status_code == 201
    assert read_model(file).evidence.samples == 5


@pytest.mark.parametrize(
    "form",
    [
        {"device": "../../etc"},
        {"device": "/etc/x"},
        {"device": "a/b"},
        {"device": "a\x00"},
        {"device": "x" * 200},
        {"device": "..", "force": "true"},
        {"runtime": "../x"},
        {"device": ""},
        {"precision": "fp64"},
        {"batch": "0"},
        {"threads": "-1"},
        {"batch": "../1"},
    ],
)
def test_no_field_leads_out_of_the_folder(
    served: tuple[httpx.Client, Path], form: dict[str, str]
) -> None:
    client, folder = served
    before = {path for path in folder.parent.rglob("*") if "latency_models" in path.parts}
    assert sent(client, **form).status_code == 422
    assert {p for p in folder.parent.rglob("*") if "latency_models" in p.parts} == before


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "header"),
        (b"\xff\xfe\x00", "readable CSV"),
        (b"network,latency_ms\n", "at least 2"),
        (LOG + b"mobilenet_v2,fast\n", "log.csv, line 8: `latency_ms` must be a number above 0"),
        (LOG + b"mobilenet_v2,-1\n", "line 8"),
        (LOG + b"mobilenet_v9,3\n", "mobilenet_v2"),
        (LOG + b"0123456789abcdef,3\n", "store of this server"),
        (LOG + b"/etc/passwd.json,3\n", "line 8: `network` must be"),
        (LOG + b"../model.onnx,3\n", "line 8: `network` must be"),
        (LOG + b" x.onnx ,3\n", "line 8"),
        (LOG + b"space:/etc/passwd a=1,3\n", "line 8: `space` must be one of"),
        (LOG + b"space:../x.yaml,3\n", "line 8"),
        (LOG + b"space:,3\n", "line 8"),
        (as_csv(rows(), ("network", "latency_s")), "latency_ms, times 1000"),
        (as_csv([row[:1] for row in rows()], ("network",)), "latency_ms"),
        (b"network,latency_ms\n" + b"a,1\n" * 20_000, "at most 10,000 lines"),
        (gzip.compress(b"network,latency_ms\n" + b"a" * 2**26), "MiB"),
        (b"\x1f\x8b\x08broken", "readable CSV"),
    ],
)
def test_a_log_that_cannot_be_fitted_names_row_and_rule(
    served: tuple[httpx.Client, Path], data: bytes, said: str
) -> None:
    answer = sent(served[0], data, device="bad")
    assert answer.status_code == 422, answer.text
    assert said in answer.json()["detail"]
    assert "nas-log-" not in answer.text and "nas-worker-" not in answer.text
    assert not (served[1] / "bad").exists()


def test_what_the_log_says_need_not_be_said_again(served: tuple[httpx.Client, Path]) -> None:
    header = ("network", "latency_ms", "device", "runtime")
    log = as_csv([[*row, "logged", "ncnn"] for row in rows()], header)
    files = {"file": ("a", log)}
    answer = served[0].post("/calibrations", files=files)
    assert answer.json()["model"]["name"] == "logged/ncnn-fp32-b1"
    contradicted = served[0].post("/calibrations", files=files, data={"device": "other"})
    assert contradicted.status_code == 422 and "as the log says" in contradicted.json()["detail"]


def test_ids_are_those_of_the_store(tmp_path: Path) -> None:
    ids = filled(tmp_path / "nas.db")
    log = as_csv([[identity, str(place + 3)] for place, identity in enumerate(ids)])
    with serving(tmp_path) as client:
        assert sent(client, log).status_code == 201


def test_a_calibrated_device_is_known_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with serving(tmp_path, models_folder=tmp_path / "nas" / "latency_models") as client:
        assert client.get("/devices/my-board").status_code == 404
        assert sent(client).status_code == 201
        shown = client.get("/devices/my-board").json()
        assert shown["models"][0]["own"] is True
        asked = {"network": "mobilenet_v2", "devices": ["my-board"]}
        assert client.post("/costs", json=asked).status_code == 200


CELLS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["mobilenet_v2", "space:mnasnet", "1e400", "nan", "3", "", "a.onnx", '"', "x|y"]
    ),
)


@settings(max_examples=60)
@given(
    table=st.lists(st.lists(CELLS, min_size=1, max_size=3), max_size=5), raw=st.binary(max_size=40)
)
def test_any_text_is_a_log_or_refused(table: list[list[str]], raw: bytes) -> None:
    for data in (as_csv(table), raw):
        try:
            text = log_text(data)
        except MeasurementLogError:
            continue
        assert not any(cell.strip().endswith((".onnx", ".json")) for cell in text.splitlines())


@settings(max_examples=25, deadline=None)
@given(table=st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=4))
def test_whatever_is_uploaded_is_answered(
    served: tuple[httpx.Client, Path], table: list[list[str]]
) -> None:
    answer = sent(served[0], as_csv(table), device="fuzz", force="true")
    assert answer.status_code in (201, 422), answer.text
