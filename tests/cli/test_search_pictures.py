"""`nas search --data`: from pictures to a front, with the accuracy measured on them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Start
from tests.cli.databases import complete
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


def _start(start: Start, folder: Path, device: str) -> subprocess.Popen[str]:
    return start(
        *("search", "--space", "pocket.yaml", "--device", device, "--data", "digits"),
        *("--epochs", 4, "--evaluations", 5, "--workers", 1, "--json"),
        cwd=folder,
        env={"XDG_CACHE_HOME": str(folder / "cache")},
    )


def _search(start: Start, folder: Path, device: str) -> dict[str, Any]:
    process = _start(start, folder, device)
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
    again = _search(start, folder, "pixel-3")
    assert weights.stat().st_mtime_ns == trained_at, "the second device takes what is there"
    assert again["front"]


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


def test_bad_places_and_settings_are_refused_before_anything_is_spent(
    start: Start, tmp_path: Path
) -> None:
    for arguments, words in (
        (["--data", "nowhere"], ["nowhere", "folder"]),
        (["--evaluator", "supernet"], ["needs `data`"]),
        (["--data", "digits", "--evaluator", "a:b"], ["supernet, training"]),
    ):
        process = start(
            *("search", "--space", "tiny_mobilenet", "--device", "pixel-3", *arguments),
            cwd=tmp_path,
        )
        _, complaint = process.communicate(timeout=60)
        assert process.returncode == 2
        assert all(word in complaint for word in words), complaint
        assert not list(tmp_path.iterdir())
