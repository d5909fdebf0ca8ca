"""The logs of the simulated processors: complete, and what Vela says again today."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from benchmarks.ethos_u import SPACES, simulated
from nas.measure.ethos_u import ETHOS_U, simulate, vela_versions
from nas.space.catalog import find_network, find_space, reference_networks

LOGS = {processor.device: log for processor, log in simulated()}


@pytest.mark.parametrize("device", ETHOS_U)
def test_a_log_holds_networks_of_its_spaces(device: str) -> None:
    log = LOGS[device]
    names = {row.name for row in log.rows}
    assert len(names & {find_network(name).text for name in reference_networks()}) >= 15
    for space in map(find_space, SPACES):
        drawn = {space.architecture(code).text for code in space.sample(150, seed=0)}
        assert len(names & drawn) >= 10, space.name
    assert (log.context["device"], log.context["runtime"]) == (device, "vela")
    assert log.context["precision"] == "int8"
    assert set(log.versions) == {"nas", "ethos-u-vela", "ai-edge-litert"}


@pytest.mark.skipif(
    find_spec("ethosu") is None or find_spec("ai_edge_litert") is None,
    reason="Vela or LiteRT is not installed",
)
@pytest.mark.parametrize("device", ETHOS_U)
def test_vela_says_it_again(device: str) -> None:
    log = LOGS[device]
    if log.versions["ethos-u-vela"] != vela_versions()["ethos-u-vela"]:
        pytest.skip("another version of Vela is installed")
    row = min(log.rows, key=lambda row: row.network.macs)
    again = simulate(row.network, ETHOS_U[device])
    assert again.latency_ms == pytest.approx(row.latency_ms, rel=0.01)
