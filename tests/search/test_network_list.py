"""Lists of networks that people write, and what is said about those that cannot be read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from nas.errors import InputError
from nas.search.network_list import read_networks
from nas.space.catalog import find_space

SPACE = find_space("mobilenet_v2")
CODES = SPACE.sample(4, seed=3)
NETWORKS = [SPACE.architecture(code) for code in CODES]
CHOICES = [SPACE.decode(code) for code in CODES]


def text_lines() -> str:
    return "# mine\n\n" + "\n".join(f"{one.text}  # as drawn" for one in NETWORKS)


def csv_of_texts() -> str:
    return "accuracy,architecture\n" + "".join(f'70,"{one.text}"\n' for one in NETWORKS)


def csv_of_choices() -> str:
    rows = [",".join(variable.name for variable in SPACE.variables)]
    for choices in CHOICES:
        rows.append(",".join(str(choices.get(v.name, "")) for v in SPACE.variables))
    return "\n".join(rows)


def front_json() -> str:
    pairs = zip(NETWORKS, CHOICES, strict=True)
    rows = [{"id": n.id, "architecture": n.text, "choices": c, "macs": 1} for n, c in pairs]
    return json.dumps({"study": "s", "front": rows})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", text_lines()),
        ("a.csv", csv_of_texts()),
        ("a.csv", csv_of_choices()),
        ("a.json", front_json()),
        ("a.json", json.dumps([one.text for one in NETWORKS])),
        ("a.json", json.dumps([one.to_json() for one in NETWORKS])),
        ("a.json", json.dumps(CHOICES)),
        ("a.jsonl", "\n".join(json.dumps({"architecture": one.text}) for one in NETWORKS)),
        ("list", "\n".join([NETWORKS[0].text, *(one.text for one in NETWORKS)])),
    ],
)
def test_every_form_gives_the_same_networks_once(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    found = read_networks(tmp_path / name, SPACE)
    assert [SPACE.architecture(code).id for code in found] == [one.id for one in NETWORKS]
    assert np.array_equal(SPACE.canonical(found), found)


def test_one_exported_architecture_is_a_list_of_one(tmp_path: Path) -> None:
    file = tmp_path / "architecture.json"
    file.write_text(json.dumps(NETWORKS[0].to_json()))
    assert len(read_networks(file, SPACE)) == 1


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.txt", "", ["at least one network", "none"]),
        ("a.txt", "# x\nmobilenet_v4\n", ["line 2", "'mobilenet_v4'", "did you mean"]),
        ("a.txt", "resnet18", ["line 1", "mobilenet_v2", "no choice brings"]),
        ("a.csv", "accuracy,text\n3,a\n", ["line 1", "`architecture`", "accuracy, text"]),
        ("a.csv", "architecture\nresnet50\n", ["line 2", "no choice brings"]),
        ("a.csv", "resolution\n7\n", ["line 2", "`resolution`", "'7'"]),
        ("a.json", "{", ["valid JSON", "line 1"]),
        ("a.json", "[" * 100_000, ["valid JSON"]),
        ("a.json", "[3]", ["network 1", "got 3"]),
        ("a.json", '[{"stage9.kernel": 3}]', ["network 1", "'stage9.kernel'"]),
        ("a.json", '[{"resolution": [1]}]', ["network 1", "[1]"]),
        ("a.json", '{"format": "nas-architecture/9"}', ["network 1", "nas-architecture/1"]),
        ("a.jsonl", '{"architecture": "mobilenet_v2"}\n{', ["line 2", "valid JSON"]),
    ],
)
def test_what_cannot_be_read_is_located(
    tmp_path: Path, name: str, text: str, words: list[str]
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_networks(tmp_path / name, SPACE)
    for word in [name, *words]:
        assert word in str(caught.value)


def test_a_file_that_cannot_be_opened_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read_networks(tmp_path / "missing.txt", SPACE)
    (tmp_path / "latin.txt").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(InputError, match="not UTF-8 text"):
        read_networks(tmp_path / "latin.txt", SPACE)
