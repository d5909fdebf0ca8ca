"""Artefacts: what is written reads back and predicts the same; anything else is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nas.accuracy.artefact import FORMAT, model_json, read_predictor, write_predictor
from nas.accuracy.interactions import InteractionModel
from nas.errors import ArtefactError, OutputError
from nas.resources import folder
from tests.accuracy.synthetic import draw

SHIPPED = sorted((folder("search_spaces") / "predictors").glob("*.json"))


def content(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_shipped_files_round_trip(file: Path, tmp_path: Path) -> None:
    document = content(file)
    assert document.pop("format") == FORMAT
    again = write_predictor(tmp_path, document)
    assert again.name == file.name
    assert again.read_bytes() == file.read_bytes()
    assert read_predictor(again) == read_predictor(file)
    assert file.stat().st_size < 64 * 1024


def test_a_fitted_model_predicts_the_same_once_stored(
    small_model: InteractionModel, tmp_path: Path
) -> None:
    document = content(SHIPPED[0]) | {"model": model_json(small_model)}
    document.pop("format")
    stored = read_predictor(write_predictor(tmp_path, document)).interactions()
    levels, _ = draw(300, seed=5)
    before, after = small_model.predict(levels), stored.predict(levels)
    for name in ("mean", "low", "high"):
        assert getattr(after, name) == pytest.approx(getattr(before, name), abs=1e-3)
    document["model"] = model_json(stored)
    again = read_predictor(write_predictor(tmp_path, document)).interactions()
    assert np.array_equal(again.predict(levels).mean, after.mean)


def _change(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        *parents, last = path.split(".")
        for parent in parents:
            document = document[parent]
        document[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (_change("format", "nas-cost-model/1"), "format"),
        (_change("unheard_of", 1), "unheard_of"),
        (_change("model.noise_variance", float("nan")), "model.noise_variance"),
        (_change("model.noise_variance", -1.0), "model.noise_variance"),
        (_change("model.link.scale", 0), "model.link.scale"),
        (_change("model.interval", {"below": 1.0, "above": 2.0}), "model.interval.below"),
        (_change("model.intercept", None), "model.intercept"),
        (_change("model.contrasts", [[[1.0], [0.0, 2.0]]]), "model.contrasts.0"),
        (_change("model.pairs.columns", [[0, 1]]), "model.pairs"),
        (
            _change("model.pairs", {"columns": [[0, 999]], "mean": [0.1], "variance": [0.1]}),
            "model.pairs.columns",
        ),
        (
            _change("model.triples", {"columns": [[0, 1]], "mean": [0.1], "variance": [0.1]}),
            "model.triples.columns",
        ),
        (_change("evidence", {}), "evidence.source"),
    ],
)
def test_a_changed_file_is_refused_with_the_place(
    change: Callable[[dict[str, Any]], None], place: str, tmp_path: Path
) -> None:
    document = content(SHIPPED[0])
    change(document)
    file = tmp_path / "changed.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(ArtefactError) as raised:
        read_predictor(file)
    assert "changed.json" in str(raised.value)
    assert f"`{place}`" in str(raised.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "\x80\x04", "{}"])
def test_what_is_not_a_predictor_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "foreign.json"
    file.write_text(text, encoding="latin-1")
    with pytest.raises(ArtefactError, match="foreign.json"):
        read_predictor(file)


def test_truncated_and_missing_files_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "short.json"
    file.write_bytes(SHIPPED[0].read_bytes()[:9000])
    with pytest.raises(ArtefactError, match="short.json"):
        read_predictor(file)
    with pytest.raises(ArtefactError, match="absent.json"):
        read_predictor(tmp_path / "absent.json")


def test_an_unwritable_folder_is_an_output_error(tmp_path: Path) -> None:
    document = content(SHIPPED[0])
    document.pop("format")
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OutputError, match="taken"):
        write_predictor(tmp_path / "taken", document)
