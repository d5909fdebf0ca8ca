"""ONNX file → ONNX model: a bounded, safe read of one file that states the rules it broke.

Nothing in the file is executed and no other file is opened.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nas.errors import GraphImportError, MissingExtraError

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, ValueInfoProto

MAX_FILE_BYTES = 512 * 2**20
MAX_NODES = 20_000
OLDEST_OPSET = 9

STANDARD_DOMAINS = ("", "ai.onnx")


def read_model(path: Path) -> ModelProto:
    """The model in a file, of one output and a bounded number of nodes.

    Raises:
        GraphImportError: if the file cannot be read, is none of ONNX, or is too large.
        MissingExtraError: if `onnx` is not installed.
    """
    return parse_model(_read_bytes(path))


def parse_model(data: bytes) -> ModelProto:
    """The model that the bytes of a file are, of one output and a bounded number of nodes.

    Raises:
        GraphImportError: if they are none of ONNX, or too many nodes.
        MissingExtraError: if `onnx` is not installed.
    """
    model = _parse(data)
    nodes, outputs = len(model.graph.node), model.graph.output
    if nodes > MAX_NODES:
        raise GraphImportError(f"a graph must have at most {MAX_NODES:,} nodes; got {nodes:,}")
    if len(outputs) != 1:
        names = ", ".join(value.name for value in outputs) or "none"
        raise GraphImportError(
            f"`outputs` must be one, the class scores; got {names}; export the model alone"
        )
    return model


def _read_bytes(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise GraphImportError("must be a file; got a folder, a device or nothing there")
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise GraphImportError(
            f"the file must be readable; got {error.strerror or error}"
        ) from None
    if len(data) > MAX_FILE_BYTES:
        raise GraphImportError(
            f"the file must be at most {MAX_FILE_BYTES >> 20} MiB; got more; "
            "export the weights as external data, which is not read"
        )
    return data


def _parse(data: bytes) -> ModelProto:
    if not data:
        raise GraphImportError("must be an ONNX model; got an empty file; export the model again")
    try:
        import onnx
    except ImportError:
        raise MissingExtraError("reading ONNX files", "onnx") from None
    try:
        model = onnx.load_model_from_string(data)
    except Exception:  # the parser's own error class is no part of onnx's interface
        model = onnx.ModelProto()
    if not (model.ir_version and model.opset_import and model.graph.node):
        raise GraphImportError(
            "must be an ONNX model; got a file that does not parse as one: it is cut short, empty "
            "or of another format; export the model again"
        )
    return model


def opset_of(model: ModelProto) -> int:
    """Version of the standard operators that the model uses.

    Raises:
        GraphImportError: if the installed onnx does not know it, or it is too old.
    """
    from onnx.defs import onnx_opset_version

    newest = onnx_opset_version()
    versions = [item.version for item in model.opset_import if item.domain in STANDARD_DOMAINS]
    if not versions or not OLDEST_OPSET <= versions[0] <= newest:
        raise GraphImportError(
            f"`opset` must be from {OLDEST_OPSET} to {newest}, the newest that the installed onnx "
            f"has; got {versions[0] if versions else 'none'}; export with `opset_version` in "
            "that range"
        )
    return int(versions[0])


def live_nodes(graph: GraphProto) -> tuple[list[NodeProto], set[str]]:
    """The nodes that the output needs, in order, and the names of all tensors that it needs."""
    needed = {graph.output[0].name}
    nodes = []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            nodes.append(node)
            needed.update(filter(None, node.input))
    return nodes[::-1], needed


def only_image(graph: GraphProto, needed: set[str]) -> ValueInfoProto:
    """The one input among the needed tensors that is no weight.

    Raises:
        GraphImportError: if there is none, or more.
    """
    weights = {tensor.name for tensor in graph.initializer}
    inputs = [item for item in graph.input if item.name in needed and item.name not in weights]
    if len(inputs) != 1:
        names = ", ".join(item.name for item in inputs) or "none"
        raise GraphImportError(f"`inputs` must be one, the image; got {names}")
    image: ValueInfoProto = inputs[0]
    return image


def image_dims(image: ValueInfoProto) -> tuple[int, ...]:
    """Batch × channels × height × width of the input; a free batch becomes 1.

    Raises:
        GraphImportError: if it is no image, or its size is free.
    """
    dims = image.type.tensor_type.shape.dim
    shown = " x ".join(str(dim.dim_value or dim.dim_param or "?") for dim in dims)
    if len(dims) != 4:
        raise GraphImportError(
            f"`{image.name}` must be images, batch x channels x height x width; "
            f"got {shown or 'no shape'}"
        )
    batch, *sizes = (dim.dim_value for dim in dims)
    if min(sizes) < 1 or batch < 0:
        raise GraphImportError(
            f"`{image.name}` must have a fixed number of channels, height and width; got {shown}; "
            "export with a fixed height and width: name only the batch in torch.onnx.export's "
            "`dynamic_shapes` (or `dynamic_axes`)"
        )
    return (batch or 1, *sizes)
