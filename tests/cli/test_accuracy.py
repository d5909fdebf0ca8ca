"""`nas accuracy check` on a small space and few pictures, to the end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from tests.accuracy.small_supernet import PICTURES, SPACE
from tests.cli.conftest import Run


@pytest.fixture
def given(tmp_path: Path) -> tuple[str, ...]:
    """The options that name the data and the space."""
    np.savez(tmp_path / "patches.npz", images=PICTURES.pixels, labels=PICTURES.labels)
    space = SPACE.declaration.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(space), encoding="utf-8")
    return ("--data", "patches.npz", "--space", "small.yaml", "--resolution", "12")


def test_a_supernet_is_trained_and_judged_next_to_what_costs_nothing(
    run: Run, given: tuple[str, ...]
) -> None:
    options = ("--networks", 4, "--epochs", 2, "--supernet-epochs", 2)
    done = run("accuracy", "check", *given, *options, "--json")
    assert done.code == 0, done.err
    found = done.json()
    assert set(found["correlations"]) == {"supernet", "macs", "parameters"}
    assert len({network["id"] for network in found["networks"]}) == 4
    kendall = found["correlations"]["supernet"]["kendall"]
    assert -1 <= kendall["low"] <= kendall["value"] <= kendall["high"] <= 1
    assert found["evaluator"]["evaluator"] == "supernet"
    assert found["reference"]["kind"] == "trained"
    spent = found["ledger"]["together"]
    assert spent["energy_kind"] in ("modelled", "measured") and spent["energy_j"] > 0
    again = run("accuracy", "check", *given, *options)
    assert again.code == 0
    assert (
        "all checks in accuracy-check took" in again.err and "CO2e at 481 gCO2e/kWh" in again.err
    )
    for network in found["networks"]:
        assert network["id"] in again.out and f"{network['trained']:.2f}" in again.out
    assert "of pairs in the right order" in again.out or "guessing" in again.out


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--evaluator", "nazwot", "did you mean 'naswot'?"),
        ("--networks", 2, "`networks` must be at least 4; got 2"),
    ],
)
def test_what_cannot_be_is_refused(
    run: Run, given: tuple[str, ...], option: str, value: object, message: str
) -> None:
    done = run("accuracy", "check", *given, option, value)
    assert done.code == 2
    assert message in done.err
    assert "Traceback" not in done.err
