"""Declared spaces: every fault in a file is found, with its place, rule, value and fix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from nas.errors import DeclarationError
from nas.graph.lower import lower
from nas.resources import folder
from nas.space.space import SearchSpace


def declared() -> dict[str, Any]:
    text = (folder("search_spaces") / "mnasnet.yaml").read_text()
    document: dict[str, Any] = yaml.safe_load(text)
    return document


def problems(document: object, tmp_path: Path) -> list[str]:
    file = tmp_path / "space.yaml"
    file.write_text(document if isinstance(document, str) else yaml.safe_dump(document))
    with pytest.raises(DeclarationError) as caught:
        SearchSpace.from_file(file)
    assert all(line.startswith(str(file)) for line in str(caught.value).splitlines())
    return [str(problem) for problem in caught.value.problems]


def test_all_faults_of_a_file_are_reported_at_once(tmp_path: Path) -> None:
    document = declared()
    stages = document["stages"]
    stages[0]["kernel"] = [3, 4]
    stages[1]["expnad"] = 3
    stages[2]["block"] = "mbb"
    stages[3]["depth"] = "deep"
    stages[4].pop("name")
    stages[5].update(block="fmb", groups=2)
    stages[6]["se"] = [0, 1.5]
    document["rules"]["activation"] = "swissh"
    document["input"]["resolution"] = True
    found = problems(document, tmp_path)
    expected = [
        ("input.resolution", "whole number", "True", ""),
        ("rules.activation", "must be one of", "'swissh'", "did you mean swish?"),
        ("stages.0.kernel.1", "must be odd", "4", "did you mean 3 or 5?"),
        ("stages.1.expnad", "unknown key", "'expnad'", "did you mean expansion?"),
        ("stages.2.block", "must be one of", "'mbb'", "did you mean mb?"),
        ("stages.3.depth", "whole number", "'deep'", ""),
        ("stages.4.name", "required", "no such key", ""),
        ("stages.5.groups", "`fmb` does not take this key", "'groups'", ""),
        ("stages.6.se.1", "less than or equal to 1", "1.5", ""),
    ]
    assert len(found) == len(expected)
    for place, rule, received, hint in expected:
        matching = [problem for problem in found if problem.startswith(f"`{place}")]
        assert len(matching) == 1, place
        assert all(word in matching[0] for word in (rule, received, hint)), matching[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["mapping", "nothing"]),
        ("- a\n- b", ["mapping", "['a', 'b']"]),
        ("name: [", ["line 1", "valid YAML"]),
        ("name: a\nname: b", ["line 2", "given twice"]),
    ],
)
def test_files_that_are_no_mapping_are_named(text: str, words: list[str], tmp_path: Path) -> None:
    (problem,) = problems(text, tmp_path)
    for word in words:
        assert word in problem


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        ({"head": []}, "head", ["last block must be fc or pool"]),
        ({"stages": []}, "stages", ["must not be empty"]),
        ({"stages": [{"name": "a", "width": 8}]}, "stages.0.block", ["`block` or `operation`"]),
        ({"stages": [{"name": "a", "operation": "all"}]}, "stages.0.width", ["width"]),
        (
            {"stages": [{"name": "a", "width": 8, "operation": ["x"]}]},
            "stages.0.operation.0",
            ["must be one of"],
        ),
        (
            {"stages": [{"name": "a", "block": "conv", "width": 8}]},
            "stages.0.kernel",
            ["`conv` needs this key"],
        ),
        ({"width_multiplier": [1.0, 1.0]}, "width_multiplier", ["choices must differ"]),
    ],
)
def test_rules_across_keys(
    change: dict[str, Any], place: str, words: list[str], tmp_path: Path
) -> None:
    found = problems(declared() | change, tmp_path)
    assert any(p.startswith(f"`{place}`") and all(w in p for w in words) for p in found), found


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="must be readable"):
        SearchSpace.from_file(tmp_path / "missing.yaml")


def test_a_space_of_every_block_and_every_choice(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        """
name: mine
title: Everything that a space can say
source: a test
input: {channels: 1, resolution: [32, 64]}
width_multiplier: [0.5, 1.0, 1.4]
rules: {activation: relu6, width_divisor: 4, se: {of: hidden, divisor: 4, gate: hsigmoid}}
operations:
  plain: {block: conv, kernel: 3, activation: swish}
  grouped: {block: mb, kernel: 5, expansion: 2, groups: 2, se: 0.5}
  none: {block: skip}
stem:
  - {block: conv, kernel: [3, 5], stride: [1, 2], width: [8, 16]}
  - {block: maxpool, kernel: 3, stride: 2}
stages:
  - {name: a, block: ds, kernel: 3, width: [16, 24], stride: 2, depth: [1, 2]}
  - {name: b, block: fmb, kernel: 3, width: 24, expansion: [1, 4], se: [0, 0.25], depth: [1, 3],
     choose_per: block, activation: [relu, hswish]}
  - {name: c, width: 32, stride: 2, depth: [1, 3], operation: all, choose_per: block}
head:
  - {block: conv, kernel: 1, width: 64, scale_width: up, bias: true}
  - {block: pool}
  - {block: fc, width: 10}
"""
    )
    space = SearchSpace.from_file(file)
    fields = 2 * 2 * 2  # expansion, se, activation of a block of stage b
    assert space.size == 2 * 3 * 2 * 2 * 2 * (2 * 2) * (fields + fields**3) * (3 + 3**3)
    codes = space.sample(300, seed=1)
    kinds = set()
    for code in codes:
        architecture = space.architecture(code)
        lower(architecture).check()
        kinds |= {block.kind.value for block in architecture.blocks}
    assert kinds == {"conv", "ds", "mb", "fmb", "maxpool", "pool", "fc"}
