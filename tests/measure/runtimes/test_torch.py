"""torch: the ways to run a module agree; a GPU that is not there is said to be missing."""

from __future__ import annotations

from shutil import which

import pytest
import torch

from nas.errors import InputError
from nas.graph.network import Precision
from nas.measure.runtime import Workload, find_runtime
from nas.space.architecture import parse

SMALL = Workload.of(parse("image 3x32x32 | conv k3 s2 c8 relu | mb k3 h16 c8 | pool | fc c10"))


def logits(name: str, precision: Precision = Precision.FP32) -> torch.Tensor:
    session = find_runtime(name).load(SMALL, precision=precision, batch=4, threads=1)
    (found,) = session.run()  # type: ignore[misc]
    session.close()
    assert isinstance(found, torch.Tensor)
    return found.float().cpu()


def test_layouts_agree() -> None:
    eager = logits("torch")
    assert eager.shape == (4, 10)
    assert eager.std() > 0
    assert torch.allclose(logits("torch-channels-last"), eager, atol=1e-5)


@pytest.mark.filterwarnings("ignore:`torch.jit.script_method`:DeprecationWarning")  # its own
@pytest.mark.skipif(which("g++") is None, reason="there is no C++ compiler")
def test_a_compiled_network_agrees(monkeypatch: pytest.MonkeyPatch) -> None:
    # Each process that compiles beside this one would load torch first.
    monkeypatch.setattr("torch._inductor.config.compile_threads", 1)
    assert torch.allclose(logits("torch-compile"), logits("torch"), atol=1e-5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no NVIDIA GPU")
@pytest.mark.parametrize("precision", [Precision.FP32, Precision.FP16])
def test_a_gpu_agrees(precision: Precision) -> None:
    tolerance = 1e-2 if precision is Precision.FP16 else 1e-3
    assert torch.allclose(logits("torch-cuda", precision), logits("torch"), atol=tolerance)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is an NVIDIA GPU")
def test_a_gpu_that_is_not_there_is_missed() -> None:
    with pytest.raises(InputError, match="`torch-cuda` needs an NVIDIA GPU"):
        find_runtime("torch-cuda").versions()
