"""Ethos-U: whole networks compile for every processor, and its figures are plausible."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from nas.errors import InputError, MissingExtraError, UnknownNameError
from nas.graph.lower import lower
from nas.graph.network import Precision
from nas.measure import ethos_u
from nas.measure.ethos_u import ETHOS_U, find_ethos_u, simulate
from nas.space.architecture import parse
from nas.space.catalog import find_network
from tests.measure.test_onnx_file import EVERY_BLOCK

installed = pytest.mark.skipif(
    find_spec("ethosu") is None or find_spec("ai_edge_litert") is None,
    reason="Vela or LiteRT is not installed",
)


@installed
@pytest.mark.parametrize("device", ETHOS_U)
def test_every_block_runs_on_every_processor(device: str) -> None:
    network = lower(parse(EVERY_BLOCK))
    found = simulate(network, find_ethos_u(device))
    assert 0.05 < found.latency_ms < 5
    assert found.sram_bytes >= 80_000, "the first feature maps lie there"
    assert found.sram_traffic_bytes > found.sram_bytes
    weights = network.weight_bytes(Precision.INT8)
    assert 0.5 * weights < found.off_chip_traffic_bytes < 4 * weights


@installed
def test_larger_networks_take_longer_and_larger_processors_less() -> None:
    small, large = (lower(find_network(name)) for name in ("mobilenet_v2@0.5/96", "mobilenet_v2"))
    u55, u85 = find_ethos_u("ethos-u55-256"), find_ethos_u("ethos-u85-1024")
    assert simulate(small, u55).latency_ms < simulate(large, u55).latency_ms / 2
    assert simulate(large, u85).latency_ms < simulate(large, u55).latency_ms / 2


@installed
def test_what_does_not_fit_on_the_processor_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator in float32 is left to the CPU."""
    write = ethos_u.tflite_model
    monkeypatch.setattr(ethos_u, "tflite_model", lambda network, _: write(network, Precision.FP32))
    with pytest.raises(InputError, match="`network` must run on ethos-u55-256 as a whole"):
        simulate(lower(parse("image 8x8x8 | conv k3 c8 relu")), find_ethos_u("ethos-u55-256"))


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnknownNameError, match="`device` must be one of .*ethos-u55-256"):
        find_ethos_u("ethos-u56")
    monkeypatch.setattr(ethos_u, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'nas\[ethos-u\]'"):
        simulate(lower(find_network("mobilenet_v2")), find_ethos_u("ethos-u55-256"))
