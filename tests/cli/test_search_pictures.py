"""`nas search --data`: from pictures to a front, with the accuracy measured on them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Start

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


def _search(start: Start, folder: Path, device: str, *more: object) -> dict[str, object]:
    process = start(
        *("search", "--space", "pocket.yaml", "--device", device, "--data", "digits"),
        *("--epochs", 4, "--evaluations", 5, "--workers", 1, "--json", *more),
        cwd=folder,
        env={"XDG_CACHE_HOME": str(folder / "cache")},
    )
    said, complaint = process.communicate(timeout=300)
    assert process.returncode == 0, complaint
    assert "digits: 1,797 pictures of 10 classes" in complaint
    found: dict[str, object] = json.loads(said)
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("pictures")
    (made / "pocket.yaml").write_text(_SPACE, encoding="utf-8")
    return made


def test_a_supernet_serves_every_device(start: Start, folder: Path) -> None:
    found = _search(start, folder, "raspberry-pi-4")
    best = max(row["accuracy"] for row in found["front"])  # type: ignore[attr-defined]
    assert best > 30, "one in ten is right by chance"
    (weights,) = (folder / "cache").rglob("supernet.safetensors")
    trained_at = weights.stat().st_mtime_ns
    again = _search(start, folder, "pixel-3")
    assert weights.stat().st_mtime_ns == trained_at, "the second device takes what is there"
    assert again["front"]


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
