"""Bytes of an ONNX file from a stranger → Network, read in a process that may fail.

Data outside the file is refused before anything else is looked at, and no name that the file or
the request gives is ever opened.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nas.errors import GraphImportError
from nas.graph.network import Network
from nas.service.workers import Bounds, WorkerError, Workers

if TYPE_CHECKING:
    from onnx import ModelProto

MOST_NODES = 5_000
MOST_TENSORS = 20_000

BOUNDS = Bounds(processes=2, waiting=8, seconds=20.0, memory_bytes=3 * 2**30, idle_s=300.0)
"""What reading one file may take."""


def onnx_workers(bounds: Bounds = BOUNDS) -> Workers:
    """The processes that read uploaded files."""
    return Workers("nas.service.onnx_upload:read", bounds)


def uploaded_network(workers: Workers, data: bytes) -> Network:
    """The network in an uploaded file.

    Raises:
        GraphImportError: if it is none, or reading it takes more than it may.
        BusyError: if too many are being read.
    """
    try:
        network: Network = workers.call(data)
    except WorkerError as error:
        bounds = workers.bounds
        raise GraphImportError(
            f"the file must be one that can be read within {bounds.seconds:g} s and "
            f"{bounds.memory_bytes >> 20:,} MiB; got {error.reason}; export the model again"
        ) from None
    return network


def read(data: bytes) -> Network:
    """Check and read a file; this runs in the worker.

    Raises:
        GraphImportError: saying what is wrong with it.
        MissingExtraError: if `onnx` is not installed.
    """
    from nas.graph.onnx import from_model, parse_model

    model = parse_model(data)
    _check(model)
    return from_model(model)


def _check(model: ModelProto) -> None:
    """Refuse what is too large or leads outside."""
    import onnx

    nodes = tensors = 0
    for message in _messages(model):
        nodes += isinstance(message, onnx.NodeProto)
        if isinstance(message, onnx.TensorProto):
            tensors += 1
            if message.external_data or message.data_location == onnx.TensorProto.EXTERNAL:
                raise GraphImportError(
                    f"an uploaded file must hold all its data; got the tensor {message.name!r} "
                    "whose values lie in another file; export with external_data=False"
                )
    if nodes > MOST_NODES or tensors > MOST_TENSORS:
        raise GraphImportError(
            f"an uploaded graph must have at most {MOST_NODES:,} nodes and {MOST_TENSORS:,} "
            f"stored tensors; got {nodes:,} and {tensors:,}; export the model for inference"
        )


def _messages(root: Any) -> Iterator[Any]:
    """Everything in a model that is not a plain value, wherever it is nested."""
    waiting = [root]
    while waiting:
        message = waiting.pop()
        yield message
        for field, value in message.ListFields():
            if field.message_type is not None:
                waiting += value if field.is_repeated else [value]
