"""Logs: every way to name a network, interrupted writers, and faults with file, line and fix."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import onnx
import pytest

from nas.cost.log import Measured, read_log
from nas.cost.log_writing import append_row, write_log
from nas.errors import InputError, MeasurementLogError, OutputError
from nas.graph.lower import lower
from nas.measure.onnx_file import onnx_model
from nas.space.architecture import parse
from nas.space.catalog import find_network, find_space

TINY = "image 3x8x8 | conv k3 c8 relu | pool | fc c10"
OTHER = "image 3x8x8 | conv k3 c4 relu | pool | fc c10"


@pytest.fixture
def rows() -> list[Measured]:
    space = find_space("mnasnet")
    networks = [space.architecture(code) for code in space.sample(5, seed=0)]
    return [
        Measured.of(n, 0.1 + index, 2.5 * index or None, n.id) for index, n in enumerate(networks)
    ]


def test_logs_round_trip_and_repeats_count_by_their_median(
    rows: list[Measured], tmp_path: Path
) -> None:
    file = tmp_path / "log.csv"
    write_log(file, rows)
    assert read_log(file).rows == tuple(rows)
    with file.open("a") as handle:
        for latency in (0.11, 0.15):
            handle.write(f"{rows[0].name},{latency},,{rows[0].group}\n")
    log = read_log(file)
    assert log.rows[0].latency_ms == 0.11
    assert (len(log.rows), log.measurements) == (5, 7)
    zipped = tmp_path / "log.csv.gz"
    zipped.write_bytes(gzip.compress(file.read_bytes()))
    assert read_log(zipped) == log


def test_a_network_may_be_named_in_every_way_there_is(tmp_path: Path) -> None:
    space = find_space("mnasnet")
    (code,) = space.sample(1, seed=3)
    choices = " ".join(f"{name}={value}" for name, value in space.decode(code).items())
    (tmp_path / "tiny.json").write_text(json.dumps(parse(TINY).to_json()))
    onnx.save(onnx_model(lower(parse(OTHER))), tmp_path / "theirs.onnx")
    ids = {"0123456789abcdef": "image 3x9x9 | conv k3 c8"}
    names = [
        TINY,
        "tiny.json",
        "theirs.onnx",
        "mobilenet_v2@0.5/96",
        f"space:mnasnet {choices}",
        "0123456789abcdef",
    ]
    file = tmp_path / "log.csv"
    file.write_text("network,latency_ms\n" + "".join(f"{name},1.5\n" for name in names))
    log = read_log(file, stored=ids.__getitem__)
    found = {row.name: row.network for row in log.rows}
    assert list(found) == [
        TINY,
        str(tmp_path / "theirs.onnx"),
        find_network("mobilenet_v2@0.5/96").text,
        space.architecture(code).text,
        "image 3x9x9 | conv k3 c8",
    ], "the JSON file and the text are one network"
    assert found[str(tmp_path / "theirs.onnx")].macs == lower(parse(OTHER)).macs
    with pytest.raises(MeasurementLogError, match="line 7: .*'0123456789abcdef'"):
        read_log(file)


def test_the_context_of_a_log_is_read(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    context = {"device": "board", "runtime": "ncnn", "precision": "int8", "batch": 1, "threads": 4}
    for text, latency in ((TINY, 1.0), (OTHER, 2.0)):
        quality = {"spread": 0.02, "versions": "nas=0.1.0 ncnn=1.0"}
        append_row(file, {"network": text, "latency_ms": latency, **context, **quality})
    log = read_log(file)
    assert log.context == {name: str(value) for name, value in context.items()}
    assert log.versions == {"nas": "0.1.0", "ncnn": "1.0"}
    assert [row.spread for row in log.rows] == [0.02, 0.02]


@pytest.mark.parametrize("cut", range(1, 50))
def test_an_interrupted_writer_costs_the_last_row_at_most(cut: int, tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    for text, latency in ((TINY, 1.25), (OTHER, 2.25), ("mobilenet_v2", 3.25)):
        append_row(file, {"network": text, "latency_ms": latency, "measured_at": "2026-11-25"})
    whole = read_log(file)
    file.write_bytes(file.read_bytes()[:-cut])
    left = read_log(file)
    assert left.rows in (whole.rows, whole.rows[:2]), "complete rows stay, no torn value counts"
    append_row(file, {"network": "mobilenet_v1", "latency_ms": 4.25})
    assert read_log(file).rows[:-1] == left.rows
    assert read_log(file).rows[-1].latency_ms == 4.25


def test_a_file_of_another_kind_is_not_written_to(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("my notes\n")
    with pytest.raises(OutputError, match="the columns must be network,.*; got my notes"):
        append_row(file, {"network": TINY, "latency_ms": 1.0})
    assert file.read_text() == "my notes\n"
    with pytest.raises(OutputError, match="must be writable"):
        append_row(file / "log.csv", {"network": TINY, "latency_ms": 1.0})


HEADER = "network,latency_ms"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", ["`network`", "empty"]),
        ("network\nx\n", ["`latency_ms`", "got network"]),
        ("network,latency_s\n", ["ms and mJ", "'latency_s'", "times 1000"]),
        ("network,latency_ms,energy_j\n", ["ms and mJ", "'energy_j'", "times 1000"]),
        ("network,fps\n", ["1000 / fps"]),
        ("network,latency_ms,thread\n", ["'thread'", "did you mean 'threads'"]),
        ("network,architecture,latency_ms\n", ["network twice"]),
        (f"{HEADER}\nmobilenet_v2,-1\n", ["line 2", "`latency_ms`", "'-1'"]),
        (f"{HEADER}\nmobilenet_v2,0\n", ["line 2", "above 0", "'0'"]),
        (f"{HEADER}\nmobilenet_v2,nan\n", ["line 2", "above 0"]),
        (f"{HEADER}\nmobilenet_v2,\n", ["line 2", "''"]),
        (f"{HEADER}\nmobilenet_v2,1,2\n", ["line 2", "2 values", "got 3"]),
        (f"{HEADER}\nmobilenet_v9,1\n", ["line 2", "'mobilenet_v9'"]),
        (f"{HEADER}\nnothing.onnx,1\n", ["line 2", "nothing.onnx"]),
        (f"{HEADER}\nspace:mnasnet stage1=3,1\n", ["line 2", "'stage1'"]),
        (f"{HEADER}\nspace:mnasnet x,1\n", ["line 2", "variable=value", "'x'"]),
        (f"{HEADER}\nmobilenet_v2,1\n", ["2 different networks", "got 1"]),
        (
            f"{HEADER}\nmobilenet_v1,9\nmobilenet_v2,1\nmobilenet_v2,2.5\n",
            ["factor of 2", "1 ms in line 3", "2.5 ms in line 4", "remove"],
        ),
        (
            f"{HEADER},precision\nmobilenet_v1,9,fp32\nmobilenet_v2,9,int8\n",
            ["`precision` must be the same", "'fp32' in line 2", "'int8' in line 3"],
        ),
        (
            f"{HEADER},device\nmobilenet_v1,9,a\nmobilenet_v2,9,b\n",
            ["`device` must be the same", "'a' in line 2", "'b' in line 3"],
        ),
    ],
)
def test_bad_logs_name_the_line_the_value_and_the_fix(
    content: str, words: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "log.csv"
    file.write_text(content)
    with pytest.raises(MeasurementLogError) as caught:
        read_log(file)
    for word in [str(file), *words]:
        assert word in str(caught.value)


def test_what_is_no_text_is_named(tmp_path: Path) -> None:
    for name, content in (("log.csv", b"\xff\xfe\x00"), ("log.csv.gz", b"not gzip")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match="must be a readable CSV"):
            read_log(tmp_path / name)
    with pytest.raises(InputError, match="must be a readable CSV"):
        read_log(tmp_path / "nothing.csv")
