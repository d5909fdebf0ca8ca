"""Population scoring agrees with lowering and estimating each network on its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nas.cost.catalog import find_model
from nas.cost.population import PopulationScorer
from nas.errors import InputError
from nas.graph.lower import lower
from nas.space.catalog import find_space
from nas.space.space import SearchSpace

SPACES = ("mnasnet", "mobilenet_v3", "fbnet", "nas_bench_macro", "proxylessnas")
WIDE = """
name: wide
title: Widths, strides, multiplier and resolution all chosen
source: a test
input: {resolution: [32, 48]}
width_multiplier: [0.5, 1.0, 1.4]
stem:
  - {block: conv, kernel: 3, stride: [1, 2], width: [8, 16]}
stages:
  - {name: a, block: mb, kernel: [3, 5], expansion: [1, 3], width: [16, 24], stride: [1, 2],
     depth: [1, 3], choose_per: block}
  - {name: b, block: fmb, kernel: 3, expansion: [1, 4], se: [0, 0.25], width: 32, depth: [1, 2]}
head:
  - {block: pool}
  - {block: fc, width: 10}
"""


def assert_agrees(space: SearchSpace, device: str, count: int) -> None:
    model = find_model(device).model
    codes = space.sample(count, seed=11)
    scored = PopulationScorer(space, model).score(codes)
    for row, code in enumerate(codes):
        network = lower(space.architecture(code))
        estimate = model.estimate(network)
        assert scored.latency_ms[row] == pytest.approx(estimate.latency_ms, rel=1e-12)
        if scored.energy_mj is not None:
            assert scored.energy_mj[row] == pytest.approx(estimate.energy_mj, rel=1e-12)
        assert scored.peak_memory_bytes[row] == estimate.peak_memory_bytes
        assert scored.macs[row] == network.macs
        assert scored.parameters[row] == network.parameters


@pytest.mark.parametrize("name", SPACES)
def test_scores_are_estimates(name: str) -> None:
    assert_agrees(find_space(name), "jetson-tx2", 25)


def test_scores_are_estimates_when_shapes_are_chosen(tmp_path: Path) -> None:
    file = tmp_path / "wide.yaml"
    file.write_text(WIDE)
    assert_agrees(SearchSpace.from_file(file), "zc706", 200)


def test_energy_is_absent_where_the_model_knows_none() -> None:
    space = find_space("nas_bench_macro")
    scored = PopulationScorer(space, find_model("pixel-3").model).score(space.sample(5, seed=0))
    assert scored.energy_mj is None


def test_no_candidates_have_no_costs() -> None:
    space = find_space("nas_bench_macro")
    scorer = PopulationScorer(space, find_model("jetson-tx2").model)
    assert scorer.score(space.sample(0, seed=0)).latency_ms.shape == (0,)


def test_tables_that_would_not_fit_are_refused(tmp_path: Path) -> None:
    choices = ", ".join(str(k) for k in range(1, 400, 2))
    file = tmp_path / "huge.yaml"
    file.write_text(
        f"""
name: huge
title: Too many cases in one slot
source: a test
stages:
  - {{name: a, block: mb, width: 8, kernel: [{choices}], expansion: [{choices}], groups: 1,
     depth: [{", ".join(map(str, range(1, 60)))}]}}
head: [{{block: pool}}]
"""
    )
    with pytest.raises(InputError, match="combine to at most"):
        PopulationScorer(SearchSpace.from_file(file), find_model("jetson-tx2").model)


def test_scoring_does_not_change_the_codes() -> None:
    space = find_space("mnasnet")
    codes = space.sample(10, seed=0)
    before = codes.copy()
    PopulationScorer(space, find_model("jetson-tx2").model).score(codes)
    assert np.array_equal(codes, before)
