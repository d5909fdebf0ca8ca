"""A float32 ONNX model → its static int8 form, as ONNX Runtime's own quantiser makes it.

Quantise-dequantise pairs around every operator, unsigned activations and signed weights, which is
the fast form on x86 and Arm processors.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nas.errors import MissingExtraError
from nas.measure.onnx_file import image_of

if TYPE_CHECKING:
    from onnx import ModelProto


def quantized(model: ModelProto) -> ModelProto:
    """The int8 form, its ranges taken from one random batch.

    Raises:
        MissingExtraError: if onnxruntime is not installed.
    """
    try:
        import onnx
        from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    except ImportError:
        raise MissingExtraError("measuring int8 networks", "measure") from None
    taken = onnx.ModelProto()
    taken.CopyFrom(model)  # the quantiser moves the weights of what it is given to a file
    with tempfile.TemporaryDirectory(prefix="nas-int8-") as folder, _quiet():
        file = Path(folder) / "int8.onnx"
        quantize_static(
            taken,
            file,
            _OneBatch(model),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
        )
        return onnx.load(file)


class _OneBatch:
    """A calibration reader of a single random batch."""

    def __init__(self, model: ModelProto) -> None:
        image = image_of(model)
        shape = [dim.dim_value for dim in image.type.tensor_type.shape.dim]
        images = np.random.default_rng(0).standard_normal(shape, np.float32)
        self._left: list[dict[str, Any]] = [{image.name: images}]

    def get_next(self) -> dict[str, Any] | None:
        """The next batch, None when there is none."""
        return self._left.pop() if self._left else None


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the quantiser's advice, which goes to the root logger, off a user's terminal."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(level)
