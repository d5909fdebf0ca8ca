"""`nas search --data`: from pictures to a front, and on to a network that was trained on them."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nas.report.ledger import ledger_view
from nas.store import Store
from nas.store.accounts import accounts
from tests.cli.conftest import Run, Start
from tests.cli.databases import complete
from tests.service.client import serving
from tests.waiting import until

_SPACE = """
name: pocket
title: networks small enough to train in a test
source: this test
input: {channels: 3, resolution: [12, 16, 64]}
stem: [{block: conv, kernel: 3, stride: 2, width: 8}]
stages:
  - {name: one, block: mb, width: 8, stride: 2, depth: [1, 2], kernel: [3, 5], expansion: [1, 2]}
head: [{block: pool}, {block: fc, width: 1000}]
"""


def _start(start: Start, folder: Path, device: str, *more: object) -> subprocess.Popen[str]:
    return start(
        *("search", "--space", "pocket.yaml", "--device", device, "--data", "digits"),
        *("--evaluations", 5, "--workers", 1, "--json", *(more or ("--epochs", 4))),
        cwd=folder,
        env={"XDG_CACHE_HOME": str(folder / "cache")},
    )


def _search(start: Start, folder: Path, device: str, *more: object) -> dict[str, Any]:
    process = _start(start, folder, device, *more)
    said, complaint = process.communicate(timeout=300)
    assert process.returncode == 0, complaint
    assert "digits: 1,797 pictures of 10 classes" in complaint
    found: dict[str, Any] = json.loads(said)
    return found


def _kill_once(process: subprocess.Popen[str], reached: Callable[[], bool]) -> None:
    until(lambda: reached() or process.poll() is not None)
    assert process.poll() is None, "it is killed before its end"
    process.kill()
    process.communicate(timeout=60)


def _folder(made: Path) -> Path:
    (made / "pocket.yaml").write_text(_SPACE, encoding="utf-8")
    return made


def _took(folder: Path, device: str) -> dict[str, Any]:
    with Store.open(str(folder / "nas.db"), create=False) as store:
        (study,) = (one.study for one in store.studies() if one.study.spec["device"] == device)
        view = ledger_view(store.evaluations(study.id), accounts(store, study.id))
    return view.to_json()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _folder(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def found(start: Start, folder: Path) -> dict[str, Any]:
    return _search(start, folder, "raspberry-pi-4")


def test_a_supernet_serves_every_device(start: Start, folder: Path, found: dict[str, Any]) -> None:
    best = max(row["accuracy"] for row in found["front"])
    assert best > 30, "one in ten is right by chance"
    (weights,) = (folder / "cache").rglob("supernet.safetensors")
    trained_at = weights.stat().st_mtime_ns
    again = _search(start, folder, "pixel-3", "--epochs", 4)
    assert weights.stat().st_mtime_ns == trained_at, "the second device takes what is there"
    assert again["front"]
    first, second = (_took(folder, name) for name in ("raspberry-pi-4", "pixel-3"))
    assert first["saved_estimates"] == []
    (saved,) = second["saved_estimates"]
    assert saved["way"] == "caching" and "shared weights" in saved["what"]
    paid = first["parts"][0]
    assert paid["name"] == "preparation"
    assert 0.5 * paid["cpu_s"] < saved["cpu_s"] <= paid["cpu_s"]
    assert second["evaluations_not_known"] == 0 < second["together"]["energy_j"]


@pytest.fixture
def export(
    run: Run, folder: Path, found: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Export the most accurate network of the front, where it was searched."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    monkeypatch.chdir(folder)
    return lambda *more: run("export", found["study"], "--pick", "most-accurate", *more)


def test_a_pick_takes_its_weights_along(
    export: Callable[..., Any], found: dict[str, Any], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    said = export("--to", out, "--json").json()
    best = max(row["accuracy"] for row in found["front"])
    assert (said["weights"], said["test"]) == ("inherited", None)
    assert said["validation"]["accuracy"] == pytest.approx(best, abs=0.4)  # a picture
    readme = (out / "README.md").read_text(encoding="utf-8")
    said_there = " ".join(readme.split())
    assert "weights are inherited" in said_there
    assert "The test split was not looked at." in said_there
    assert f"{said['validation']['accuracy']:.2f}%" in readme and "0 `0`, 1 `1`, 2 `2`" in readme

    example = next(
        code for code in re.findall(r"```python\n(.*?)```", readme, re.S) if "train" in code
    )
    from PIL import Image

    Image.fromarray(np.tile(np.arange(0, 256, 32, dtype=np.uint8), (8, 1))).save(
        out / "picture.png"
    )
    example = example.replace("picture.jpg", "picture.png") + (
        "import onnxruntime\n"
        "session = onnxruntime.InferenceSession('model.onnx')\n"
        "(logits,) = session.run(['logits'], {'image': images.contiguous().numpy()})\n"
        "assert abs(torch.tensor(logits).softmax(dim=1) - shares).max() < 1e-4\n"
    )
    alone = "import sys; sys.modules['nas'] = None\n" + example  # importing it is an error
    done = subprocess.run(
        [sys.executable, "-B", "-c", alone], cwd=out, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_an_archive_of_a_server_has_the_same_weights(
    export: Callable[..., Any], found: dict[str, Any], folder: Path, tmp_path: Path
) -> None:
    assert export("--to", tmp_path / "out").code == 0
    route = f"/studies/{found['study']}/networks/most-accurate/export"
    with serving(folder) as client:
        answer = client.get(route)
        assert answer.status_code == 200, answer.text
        (folder / "pocket.yaml").rename(folder / "elsewhere.yaml")
        fresh = client.get(route)
        (folder / "elsewhere.yaml").rename(folder / "pocket.yaml")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        for file in (tmp_path / "out").iterdir():
            if file.name != "model.onnx":  # weights and all, but not bit by bit
                assert archive.read(file.name) == file.read_bytes(), file.name
        assert sorted(archive.namelist()) == sorted(os.listdir(tmp_path / "out"))
    with zipfile.ZipFile(io.BytesIO(fresh.content)) as archive:
        assert "weights.safetensors" not in archive.namelist()
        assert "freshly initialised" in archive.read("README.md").decode()


def test_a_pick_is_trained_and_tested_once(export: Callable[..., Any], tmp_path: Path) -> None:
    out = tmp_path / "out"
    settings = ("--train", "--epochs", 3, "--efficient", "--json")
    said = export("--to", out, *settings).json()
    assert said["weights"] == "trained" and said["begun_from"] == "inherited"
    assert (said["recipe"]["epochs"], said["recipe"]["efficient"]) == (3, True)
    assert said["training_s"] > 0
    test = said["test"]
    assert (test["pictures"], test["looks"]) == (269, 1)
    assert 30 < test["low_90"] < test["accuracy"] < test["high_90"]
    readme = " ".join((out / "README.md").read_text(encoding="utf-8").split())
    assert f"{test['accuracy']:.2f}%" in readme and "looked at once, at the end" in readme
    again = export("--to", tmp_path / "again", *settings).json()
    assert (again["test"], again["validation"]) == (test, said["validation"])
    weights = [folder / "weights.safetensors" for folder in (out, tmp_path / "again")]
    assert weights[0].read_bytes() == weights[1].read_bytes()


def test_what_is_not_there_any_more_is_told(
    export: Callable[..., Any], run: Run, folder: Path, tmp_path: Path
) -> None:
    np.savez(
        tmp_path / "other.npz", images=np.zeros((30, 8, 8), np.uint8), labels=np.arange(30) % 3
    )
    for arguments, words in (
        (
            ["--data", tmp_path / "other.npz"],
            ["must stay as they were", "--data", "nas export ID"],
        ),
        (["--epochs", 3], ["`--epochs` goes with --train"]),
        (["--from-scratch"], ["`--from-scratch` goes with --train"]),
    ):
        refused = export("--to", tmp_path / "out", *arguments)
        assert refused.code == 2
        assert all(word in refused.err for word in words), refused.err
    refused = run("export", "mobilenet_v2/64", "--train", "--to", tmp_path / "out")
    assert refused.code == 2 and "--pick of a study of --data" in refused.err
    refused = export("--train", "--epochs", 1000, "--to", tmp_path)  # at once, for it is in use
    assert refused.code == 2 and "--force" in refused.err
    assert not (tmp_path / "out").exists()

    kept, aside = folder / "cache" / "nas" / "supernets", tmp_path / "aside"
    kept.rename(aside)
    try:
        told = export("--to", tmp_path / "out")
    finally:
        aside.rename(kept)
    assert told.code == 0 and "no longer at" in told.err and "--train" in told.err
    assert "freshly initialised" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")


def test_a_search_that_was_killed_twice_finds_the_same(
    start: Start, tmp_path: Path, found: dict[str, Any]
) -> None:
    folder = _folder(tmp_path)
    _kill_once(
        _start(start, folder, "raspberry-pi-4"),
        lambda: bool(list((folder / "cache").rglob("supernets/*/lock"))),
    )
    _kill_once(_start(start, folder, "raspberry-pi-4"), lambda: complete(folder / "nas.db") >= 2)
    assert _search(start, folder, "raspberry-pi-4")["front"] == found["front"]
    assert complete(folder / "nas.db") == 5


def test_a_proxy_gives_scores_and_no_accuracy(start: Start, folder: Path) -> None:
    found = _search(start, folder, "pixel-3", "--evaluator", "naswot")
    score, _ = found["objectives"]
    assert (score["name"], score["unit"]) == ("proxy_score", "")
    assert score["provenance"]["evaluator"] == "naswot"
    rows = found["front"]
    assert rows and all(row["proxy_score"] > 0 for row in rows)
    assert not any("accuracy" in row for row in rows)


def test_bad_places_and_settings_are_refused_before_anything_is_spent(
    start: Start, tmp_path: Path
) -> None:
    for arguments, words in (
        (["--data", "nowhere"], ["nowhere", "folder"]),
        (["--evaluator", "supernet"], ["needs `data`"]),
        (["--data", "digits", "--evaluator", "a:b"], ["supernet, finetuning, training"]),
    ):
        process = start(
            *("search", "--space", "tiny_mobilenet", "--device", "pixel-3", *arguments),
            cwd=tmp_path,
        )
        _, complaint = process.communicate(timeout=60)
        assert process.returncode == 2
        assert all(word in complaint for word in words), complaint
        assert not list(tmp_path.iterdir())
