"""An ONNX file → the same Network that lowering makes: read, trace, fuse, lower.

`reading` bounds and checks the file, `trace` infers shapes and folds constants node by node,
`fusion` finds activations behind kernels, `lowering` follows tensors, `rules` and `layout` say
what each operator becomes. Only `onnx` itself is needed, and it is loaded on first use.
"""

from __future__ import annotations

from nas.graph.onnx.reading import parse_model
from nas.graph.onnx.rules import from_model, from_onnx

__all__ = ["from_model", "from_onnx", "parse_model"]
