"""ncnn's files: the layers that its own converter makes of the torch module."""

from __future__ import annotations

import subprocess
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from nas.graph.lower import lower
from nas.measure.ncnn_file import ncnn_model
from nas.networks.build import build
from nas.space.architecture import Architecture, parse
from nas.space.catalog import find_network
from tests.measure.test_onnx_file import EVERY_BLOCK


def layers(text: str) -> Counter[str]:
    """Layers by kind; flattening what is a vector already does nothing."""
    found = Counter(line.split()[0] for line in text.splitlines()[2:])
    del found["Flatten"]
    return found


@pytest.mark.skipif(find_spec("pnnx") is None, reason="pnnx is not installed")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # tracing is; pnnx reads nothing newer
@pytest.mark.parametrize("architecture", [parse(EVERY_BLOCK), find_network("mobilenet_v3_small")])
def test_layers_are_those_of_the_converter(architecture: Architecture, tmp_path: Path) -> None:
    image = architecture.image
    shape = (1, image.channels, image.height, image.width)
    traced = torch.jit.trace(build(architecture).eval(), torch.zeros(shape))  # type: ignore[no-untyped-call]
    traced.save(tmp_path / "network.pt")
    spec = find_spec("pnnx")
    assert spec and spec.submodule_search_locations
    program = Path(spec.submodule_search_locations[0]) / "pnnx"
    subprocess.run(
        [program, "network.pt", f"inputshape=[{','.join(map(str, shape))}]f32"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=120,
    )
    converted = (tmp_path / "network.ncnn.param").read_text()
    assert layers(ncnn_model(lower(architecture)).layers) == layers(converted)


def test_equal_seeds_give_equal_weights() -> None:
    network = lower(parse("image 8x4x4 | conv k3 c8"))
    assert ncnn_model(network, seed=1) == ncnn_model(network, seed=1)
    assert ncnn_model(network, seed=1) != ncnn_model(network, seed=2)
