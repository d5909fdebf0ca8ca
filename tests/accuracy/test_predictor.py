"""Shipped predictors: finite for all networks of their space, refused for any other space."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.predictor_tables import PREDICTOR_TABLES, PredictorTable, read_rows
from nas.accuracy.predictor import Predictor, find_predictor, predictor_domain
from nas.accuracy.validate import agreement
from nas.errors import ArtefactError, ChoiceError, InputError
from nas.resources import folder
from nas.space.catalog import find_space
from nas.space.space import SearchSpace

NAMES = [("mnasnet", "accuracy"), ("mnasnet", "train_time_s"), ("mobilenet_v3", "accuracy")]
FILES = folder("search_spaces") / "predictors"


def fixed(name: str, objective: str) -> SearchSpace:
    return find_space(name).at_resolution(predictor_domain(name, objective)["resolution"])


PREDICTORS = {pair: find_predictor(fixed(*pair), pair[1]) for pair in NAMES}
predictors = st.sampled_from(NAMES).map(PREDICTORS.__getitem__)


@given(predictors, st.integers(0, 2**31))
def test_predictions_are_finite_inside_their_interval_and_alone_as_in_a_batch(
    predictor: Predictor, seed: int
) -> None:
    codes = predictor.space.sample(50, seed=seed)
    found = predictor.evaluate(codes)
    assert found.mean.shape == found.low.shape == found.high.shape == (50,)
    assert np.isfinite([found.mean, found.low, found.high]).all()
    assert (found.low <= found.mean).all()
    assert (found.mean <= found.high).all()
    alone = predictor.evaluate(codes[7:8])
    for name in ("mean", "low", "high"):
        assert getattr(alone, name)[0] == getattr(found, name)[7]


@given(st.integers(0, 2**31))
def test_inactive_choices_never_change_a_prediction(seed: int) -> None:
    predictor = PREDICTORS["mobilenet_v3", "accuracy"]
    space, rng = predictor.space, np.random.default_rng(seed)
    codes = rng.integers(0, space.cardinalities, (40, len(space.variables)), dtype=np.int16)
    given_codes, canonical = predictor.evaluate(codes), predictor.evaluate(space.canonical(codes))
    assert np.array_equal(given_codes.mean, canonical.mean)
    assert np.array_equal(given_codes.high, canonical.high)


@pytest.mark.parametrize("pair", NAMES)
def test_provenance_says_what_the_numbers_are(pair: tuple[str, str]) -> None:
    provenance = PREDICTORS[pair].provenance
    assert provenance["kind"] == "predicted"
    assert provenance["licence"] == "Apache-2.0"
    assert provenance["samples"] > 1000
    assert {"title", "source", "held_out_kendall_tau", "table_sha256", "date"} <= set(provenance)


def test_the_stored_evidence_meets_the_bars() -> None:
    for pair in (("mnasnet", "accuracy"), ("mobilenet_v3", "accuracy")):
        held_out = PREDICTORS[pair].stored.evidence.held_out
        assert held_out.kendall_tau >= 0.925
        assert held_out.r2 >= 0.985
        assert held_out.interval_coverage == pytest.approx(0.9, abs=0.02)
        assert len(held_out.by_seed) >= 3


@pytest.mark.parametrize("table", PREDICTOR_TABLES, ids=lambda t: f"{t.space}-{t.objective}")
def test_the_rows_that_were_fitted_are_predicted(data_dir: Path, table: PredictorTable) -> None:
    predictor = PREDICTORS[table.space, table.objective]
    rows = read_rows(data_dir, table)
    assert rows.table_sha256 == predictor.stored.evidence.table_sha256
    assert rows.samples == predictor.stored.evidence.samples
    found = agreement(predictor.model.predict(rows.levels), rows.quantity)
    assert found.kendall_tau >= (0.93 if table.objective == "accuracy" else 0.88)
    assert found.interval_coverage >= 0.88  # more than 0.9 where the fit has seen the rows


def test_spaces_without_a_predictor_are_told_which_have_one() -> None:
    with pytest.raises(InputError, match="fbnet has none, mnasnet, mobilenet_v3 has"):
        find_predictor(find_space("fbnet"), "accuracy")
    with pytest.raises(InputError, match="search over costs only"):
        predictor_domain("mobilenet_v3", "train_time_s")
    with pytest.raises(InputError, match="no space has"):
        predictor_domain("mnasnet", "fame")


def test_an_open_resolution_is_refused_with_the_fix() -> None:
    with pytest.raises(InputError, match=r"`resolution`.*must be 224.*at_resolution\(224\)"):
        find_predictor(find_space("mobilenet_v3"), "accuracy")
    with pytest.raises(InputError, match="must be 224.*got 192"):
        find_predictor(find_space("mobilenet_v3").at_resolution(192), "accuracy")


def test_a_fixed_resolution_builds_the_same_networks() -> None:
    space = find_space("mobilenet_v3")
    small = space.at_resolution(160)
    assert small.size * len(space.declaration.input.resolution) == space.size
    code = small.sample(1, seed=3)[0]
    choices = small.decode(code) | {"resolution": 160}
    assert small.architecture(code) == space.architecture(space.encode(choices))
    with pytest.raises(ChoiceError, match="`resolution` must be one of .*; got 225"):
        space.at_resolution(225)


def changed(changes: dict[str, Any], *, stage: int = 2) -> SearchSpace:
    """The mnasnet space with another third stage."""
    declaration = find_space("mnasnet").declaration
    stages = list(declaration.stages)
    stages[stage] = stages[stage].model_copy(update=changes)
    return SearchSpace.from_declaration(declaration.model_copy(update={"stages": tuple(stages)}))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"kernel": (3, 7)}, "`stage3.kernel` must have the values 3, 5; got 3, 7"),
        ({"depth": (1, 2)}, "`stage3.depth` must have the values 1, 2, 3; got 1, 2"),
        ({"se": (0.25,)}, "`stage3.se` must be a variable of the space"),
        ({"width": (40, 48)}, "`stage3.width` must not be a choice"),
        ({"choose_per": "block"}, "`stage3.kernel` must be a variable of the space"),
        ({"width": (48,)}, "equal choices must build equal networks"),
    ],
)
def test_another_space_of_the_same_name_is_refused(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(ArtefactError) as raised:
        find_predictor(changed(changes), "accuracy")
    assert "mnasnet-accuracy.json" in str(raised.value)
    assert fault in str(raised.value)


def test_the_file_of_another_space_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mnasnet-accuracy.json"
    shutil.copy(FILES / "mobilenet_v3-accuracy.json", file)
    with pytest.raises(ArtefactError, match="mnasnet-accuracy.json"):
        Predictor.from_file(file, find_space("mnasnet"))
