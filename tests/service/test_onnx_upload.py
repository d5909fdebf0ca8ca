"""Uploaded ONNX files: priced like the library does, and whatever strangers send is refused."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from nas.cost.catalog import find_model
from nas.errors import GraphImportError
from nas.graph.onnx import from_onnx
from nas.report.cost import cost_view
from nas.service import onnx_upload
from nas.service.onnx_upload import onnx_workers, uploaded_network
from nas.service.workers import Workers
from tests.service.client import serving


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("service")
    with serving(folder, most_upload_bytes=2**23) as found:
        yield found


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    found = onnx_workers()
    yield found
    found.close()


def convolution(channels: int = 8, **changes: object) -> onnx.ModelProto:
    """A network of one convolution and a global pool."""
    weight = helper.make_tensor(
        "w", TensorProto.FLOAT, (channels, 3, 3, 3), [0.1] * (channels * 27)
    )
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("GlobalAveragePool", ["b"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [
            helper.make_tensor_value_info(
                "x", TensorProto.FLOAT, changes.get("dims", (1, 3, 32, 32))
            )
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, channels, 1, 1))],
        [weight],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


REAL = convolution().SerializeToString()


def sent(
    client: httpx.Client, data: bytes, name: str = "a.onnx", **form: object
) -> httpx.Response:
    return client.post("/costs/onnx", files={"file": (name, data)}, data=form)


def test_a_file_costs_what_the_library_says(client: httpx.Client, tmp_path: Path) -> None:
    file = tmp_path / "a.onnx"
    file.write_bytes(REAL)
    answer = sent(client, REAL, devices=["pixel-3", "rpi5"], dearest=2)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    network = from_onnx(file)
    for name, cost in zip(("pixel-3", "rpi5"), found["costs"], strict=True):
        view = cost_view(network, find_model(name))
        assert cost["latency_ms"] == view.estimate.latency_ms
        assert len(cost["dearest"]) == 2
    assert (found["macs"], found["id"]) == (network.macs, None)


def test_a_warm_process_answers_in_well_under_a_second(workers: Workers) -> None:
    uploaded_network(workers, REAL)
    took_s = []
    for _ in range(5):
        began = time.monotonic()
        network = uploaded_network(workers, REAL)
        took_s.append(time.monotonic() - began)
    assert min(took_s) < 0.5
    assert network.output_shape == (8, 1, 1)


@pytest.mark.parametrize("name", ["../../../etc/passwd", "/etc/passwd", "a\x00b", "x" * 200, "."])
def test_the_name_of_an_upload_means_nothing(client: httpx.Client, name: str) -> None:
    answer = sent(client, REAL, name, devices=["pixel-3"])
    assert answer.status_code == 200, answer.text
    assert "passwd" not in answer.text


def external(place: str) -> bytes:
    """A model whose weight lies in another file."""
    model = convolution()
    weight = model.graph.initializer[0]
    weight.ClearField("float_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value=place)
    return bytes(model.SerializeToString())


def nested_external() -> bytes:
    """The same, hidden in a constant of a branch."""
    inner = helper.make_tensor("c", TensorProto.FLOAT, (1,), [0.0])
    inner.external_data.add(key="location", value="/etc/passwd")
    constant = helper.make_node("Constant", [], ["c"], value=inner)
    branch = helper.make_graph([constant], "branch", [], [])
    model = convolution()
    model.graph.node.append(helper.make_node("If", ["a"], ["z"], then_branch=branch))
    return bytes(model.SerializeToString())


@pytest.mark.parametrize(
    "data", [external("/etc/passwd"), external("../secret"), external("w.bin"), nested_external()]
)
def test_data_outside_the_file_is_refused(client: httpx.Client, data: bytes) -> None:
    answer = sent(client, data)
    assert answer.status_code == 422
    assert "external_data=False" in answer.json()["detail"]


def test_data_outside_the_file_is_never_opened(tmp_path: Path) -> None:
    fifo = tmp_path / "pipe"  # opening it would wait for ever
    subprocess.run(["mkfifo", str(fifo)], check=True)
    with pytest.raises(GraphImportError, match="hold all its data"):
        onnx_upload.read(external(str(fifo)))


def chain(count: int) -> bytes:
    """A deep graph."""
    model = convolution()
    del model.graph.node[2]
    last = "b"
    for index in range(count):
        model.graph.node.append(helper.make_node("Relu", [last], [f"r{index}"]))
        last = f"r{index}"
    model.graph.node.append(helper.make_node("GlobalAveragePool", [last], ["y"]))
    return bytes(model.SerializeToString())


def cyclic() -> bytes:
    model = convolution()
    model.graph.node[1].input[0] = "y"
    return bytes(model.SerializeToString())


def many_tensors() -> bytes:
    model = convolution()
    for index in range(onnx_upload.MOST_TENSORS + 1):
        model.graph.initializer.add(name=f"t{index}")
    return bytes(model.SerializeToString())


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"\x00" * 1000, "ONNX model"),
        (b"<html>", "ONNX model"),
        (REAL[: len(REAL) // 2], "ONNX model"),
        (chain(onnx_upload.MOST_NODES), "at most 5,000 nodes"),
        (cyclic(), "must"),
        (many_tensors(), "20,000"),
        (convolution(dims=(1, 3, 2**40, 2**40)).SerializeToString(), ""),
        (convolution(dims=(1, 3, 2**62, 4)).SerializeToString(), ""),
        (convolution(dims=(1, "c", "h", "w")).SerializeToString(), "fixed"),
    ],
)  # fmt: skip
def test_what_is_no_network_is_refused_with_the_reason(
    client: httpx.Client, data: bytes, said: str
) -> None:
    answer = sent(client, data, devices=["pixel-3"])
    assert answer.status_code in (200, 422), answer.text
    if said:
        assert answer.status_code == 422 and said in answer.json()["detail"]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_sent_is_answered(client: httpx.Client, data: st.DataObject) -> None:
    flips = st.lists(st.tuples(st.integers(0, len(REAL) - 1), st.integers(1, 255)), max_size=6)
    kind = data.draw(st.sampled_from(["random", "flipped", "cut", "pasted"]))
    sample = bytearray(REAL)
    if kind == "random":
        sample = bytearray(data.draw(st.binary(max_size=300)))
    if kind in ("flipped", "cut", "pasted"):
        for place, change in data.draw(flips):
            sample[place] ^= change
    if kind == "cut":
        del sample[data.draw(st.integers(0, len(REAL))) :]
    if kind == "pasted":
        place = data.draw(st.integers(0, len(REAL)))
        sample[place:place] = data.draw(st.binary(max_size=60))
    answer = sent(client, bytes(sample), devices=["pixel-3"])
    assert answer.status_code in (200, 422), answer.text


@pytest.mark.parametrize("changes", [{"seconds": 0.01}, {"memory_bytes": 2**20}])
def test_a_file_that_ends_its_process_is_the_fault_of_the_file(changes: dict[str, float]) -> None:
    workers = onnx_workers(replace(onnx_upload.BOUNDS, **changes))
    with pytest.raises(GraphImportError, match="must be one that can be read within"):
        uploaded_network(workers, REAL)
    workers.close()


def test_the_server_stays_after_all_that(client: httpx.Client) -> None:
    assert sent(client, REAL, devices=["pixel-3"]).status_code == 200


@pytest.mark.parametrize(
    "form", [{"devices": ["nowhere"]}, {"dearest": "-1"}, {"devices": ["../../etc"]}]
)
def test_other_fields_are_checked(client: httpx.Client, form: dict[str, object]) -> None:
    assert sent(client, REAL, **form).status_code == 422


def test_a_file_that_is_too_large_is_refused(client: httpx.Client) -> None:
    answer = sent(client, b"\x00" * (2**23 + 1))
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_request_without_a_file_is_refused(client: httpx.Client) -> None:
    assert client.post("/costs/onnx").status_code == 422
    assert client.post("/costs/onnx", data={"file": "text"}).status_code == 422


_VALUES = st.one_of(
    st.integers(-3, 10),
    st.sampled_from([2**31, -(2**63), 2**63 - 1]),
    st.floats(),
    st.lists(st.integers(-2, 4), max_size=5),
    st.text(max_size=4),
)
_RARELY = st.integers(0, 12).map(lambda number: number == 7)


@st.composite
def graphs(draw: st.DrawFn) -> onnx.ModelProto:
    """Files that are well formed, of nodes that fit each other or do not."""
    model = convolution(draw(st.integers(1, 3)))
    graph = model.graph
    kinds = (
        "Conv", "Relu", "Add", "Mul", "Gemm", "MatMul", "Reshape", "Flatten", "Concat", "Clip",
        "MaxPool", "AveragePool", "GlobalAveragePool", "BatchNormalization", "Transpose", "Pad",
        "Constant", "Identity", "ReduceMean", "Squeeze", "Softmax", "HardSwish", "Slice", "Cast",
        "Shape", "Split", "Resize", "QuantizeLinear", "Dropout", "nonsense",
    )  # fmt: skip
    keys = (
        "pads", "strides", "group", "kernel_shape", "axis", "axes", "perm", "value", "dilations",
        "to", "transB", "keepdims", "ceil_mode", "auto_pad", "min",
    )  # fmt: skip
    names = ["x", "w", "a", "b"]
    for number in range(draw(st.integers(1, 4))):
        options = draw(st.dictionaries(st.sampled_from(keys), _VALUES, max_size=2))
        options = {key: value for key, value in options.items() if value != []}
        inputs = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3))
        names.append(f"t{number}")
        node = helper.make_node(draw(st.sampled_from(kinds)), inputs, names[-1:], **options)
        graph.node.insert(2 + number, node)
    graph.node[-1].input[0] = draw(st.sampled_from(names))
    if draw(_RARELY):
        dims = draw(st.lists(st.sampled_from([0, 1, 3, 32, -1, 2**40]), max_size=5))
        graph.input[0].CopyFrom(helper.make_tensor_value_info("x", TensorProto.FLOAT, dims))
    if draw(_RARELY):
        graph.initializer[0].dims[:] = draw(st.lists(st.integers(-1, 9), max_size=5))
    if draw(_RARELY):
        graph.initializer[0].data_type = draw(st.integers(0, 25))
    for part in (graph.input, graph.output, graph.initializer, graph.node):
        if draw(_RARELY):
            del part[:]
    if draw(_RARELY):
        model.opset_import[0].version = draw(st.integers(-1, 30))
    return model


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(model=graphs())
def test_any_graph_is_read_or_refused_by_name(model: onnx.ModelProto) -> None:
    try:
        network = onnx_upload.read(model.SerializeToString())
    except GraphImportError as refused:
        assert str(refused)
    else:
        assert network.parameters >= 0 and network.macs >= 0
