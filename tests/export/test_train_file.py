"""train.py: alone, it trains exactly as the product does, and reads and writes weights."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from sklearn.datasets import load_digits

from nas.accuracy.recipe import Recipe
from nas.accuracy.training import Training, make_optimizer, set_learning_rate
from nas.accuracy.training_data import TrainingData, top1_accuracy
from nas.export.model_file import model_source
from nas.export.picture_files import picture_texts
from nas.export.train_file import train_source
from nas.export.weights import PictureFacts, PictureWeights
from nas.networks.build import build
from nas.space.architecture import parse
from tests.accuracy.small_supernet import PICTURES, SPLITS

torch.set_num_threads(1)

SMALL = parse("image 3x16x16 | conv k3 s2 c8 relu | mb k3 s2 h16 c8 relu | pool | fc c3")
RECIPE = Recipe(epochs=4, batch=16, learning_rate=0.8, warm_up=0.2)


@pytest.fixture(scope="module")
def alone() -> ModuleType:
    module = ModuleType("train")
    sys.modules["train"] = module  # as dataclasses expect of the module that they are made in
    exec(compile(train_source(), "train.py", "exec"), module.__dict__)
    del sys.modules["train"]
    return module


def test_it_imports_nothing_of_ours() -> None:
    imported = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(train_source()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
        )
    }
    assert imported - sys.stdlib_module_names == {"numpy", "PIL", "torch", "model"}


def test_it_reads_as_if_written_by_hand(tmp_path: Path, repository: Path) -> None:
    file = tmp_path / "train.py"
    file.write_text(train_source(), encoding="utf-8")
    settings = ("--config", repository / "pyproject.toml", file)
    for command in (("check",), ("format", "--check")):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, *settings], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert "nas." not in file.read_text(encoding="utf-8")


@pytest.mark.parametrize("efficient", [False, True])
def test_it_trains_as_the_product_does(alone: ModuleType, efficient: bool) -> None:
    recipe = RECIPE.model_copy(update={"efficient": efficient, "epochs": 6})
    data = TrainingData(PICTURES, SPLITS.train, 16)
    ours, theirs = build(SMALL, seed=1), build(SMALL, seed=1)
    told = [epoch.loss for epoch in Training(ours, data, recipe, seed=5).epochs()]
    pixels, labels = PICTURES.pixels[SPLITS.train], PICTURES.labels[SPLITS.train]
    sizes = {"crop": PICTURES.crop, "resolution": 16}
    own = alone.Recipe(**recipe.model_dump())
    losses = list(alone.train(theirs, pixels, labels, own, seed=5, **sizes))
    assert losses == pytest.approx(told)
    assert losses[-1] < losses[0]
    for one, other in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True):
        assert torch.equal(one, other)
    assert alone.accuracy(theirs, pixels, labels, **sizes) == top1_accuracy(ours, data)


def test_the_learning_rate_is_ours_at_every_step(alone: ModuleType) -> None:
    network = build(SMALL)
    recipe = Recipe(epochs=7, batch=48, learning_rate=0.3, warm_up=0.25)
    ours = make_optimizer(network, recipe)
    theirs = alone.make_optimizer(network, alone.Recipe(**recipe.model_dump()))
    for done in np.linspace(0, 1, 50):
        set_learning_rate(ours, recipe, float(done))
        alone.set_learning_rate(theirs, recipe, float(done))
        rates = [[group["lr"] for group in one.param_groups] for one in (ours, theirs)]
        assert rates[0] == rates[1]
        assert 0 <= rates[0][0] <= 0.3 * 48 / 128


def test_weights_are_those_of_safetensors(alone: ModuleType, tmp_path: Path) -> None:
    weights = build(SMALL).state_dict()
    save_file(weights, tmp_path / "theirs")
    alone.save_weights(weights, tmp_path / "ours")
    for found in (alone.load_weights(tmp_path / "theirs"), load_file(tmp_path / "ours")):
        assert found.keys() == weights.keys()
        assert all(torch.equal(found[name], weights[name]) for name in weights)


def test_it_runs_on_class_folders_where_we_are_not_installed(tmp_path: Path) -> None:
    architecture = parse("image 3x12x12 | conv k3 s2 c16 relu | mb k3 s2 h32 c16 | pool | fc c10")
    digits = load_digits()
    for index in range(300):
        folder = tmp_path / "pictures" / str(digits.target[index])
        folder.mkdir(parents=True, exist_ok=True)
        pixels = np.round(digits.images[index] * (255 / 16)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{index}.png")
    (tmp_path / "pictures" / "3" / "broken.png").write_bytes(b"no picture")
    classes = tuple(map(str, range(10)))
    counts = {"training": 400, "validation": 50, "test": 50}
    facts = PictureFacts("digits", classes, 8, 8, 12, counts, 0)
    recipe = Recipe(epochs=30, batch=16, learning_rate=0.8, flip=False)
    texts = picture_texts(PictureWeights("fresh", facts, recipe))
    for name, text in {**texts, "model.py": model_source(architecture, "Digits")}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    code = (
        "import runpy, sys; sys.modules['nas'] = None\n"  # importing it is an error
        "sys.argv = sys.argv[1:]; runpy.run_path('train.py', run_name='__main__')"
    )

    def run(*arguments: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-B", "-c", code, "train.py", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert "broken.png: left out" in done.stderr
        return done.stdout.splitlines()

    said = run("pictures", "--epochs", "3")
    losses = [float(line.split("loss ")[1].split(",")[0]) for line in said if "loss" in line]
    assert len(losses) == 3 and losses[-1] < losses[0]
    again = run("pictures", "--epochs", "1", "--start", "trained.safetensors")
    right = float(again[1].split(", ")[1].split("%")[0])
    assert right > 30, "one in ten is right by chance"
    assert json.loads((tmp_path / "recipe.json").read_text())["classes"] == list(classes)
