"""Studies that are asked for: every path lies under a root, and code runs only where it may."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.errors import InputError, UnknownNameError
from nas.search.study import StudySpec
from nas.service.allowed import allowed, check_stored, looks_like_path, under_a_root
from nas.service.settings import Settings
from nas.service.specs import asked_spec

Ask = Callable[..., StudySpec]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with a space, a table and a link that leads out; beside it something secret."""
    found = tmp_path / "root"
    (found / "inner").mkdir(parents=True)
    for name in ("space.yaml", "inner/table.csv", "warm.json"):
        (found / name).write_text("x")
    (tmp_path / "secret.yaml").write_text("secret")
    (tmp_path / "rootless").mkdir()
    (tmp_path / "rootless" / "space.yaml").write_text("x")
    (found / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    (found / "folder").symlink_to(tmp_path)
    (found / "loop.yaml").symlink_to(found / "loop.yaml")
    os.mkfifo(found / "pipe.yaml")
    return found


def spec(**fields: object) -> StudySpec:
    return asked_spec({"name": "a", "space": "mnasnet", "device": "pixel-3", **fields})


@pytest.mark.parametrize(
    "name", ["space.yaml", "./space.yaml", "inner/../space.yaml", "{root}/space.yaml"]
)
def test_a_file_under_a_root_is_found_however_it_is_written(root: Path, name: str) -> None:
    settings = Settings(data_roots=(root.parent / "none", root))
    found = allowed(spec(space=name.format(root=root)), settings)
    assert found.space == str(root.resolve() / "space.yaml")


OUTSIDE = [
    "../secret.yaml",
    "{root}/../secret.yaml",
    "/etc/passwd",
    "link.yaml",
    "folder/secret.yaml",
    "../rootless/space.yaml",
    "{root}less/space.yaml",
    "loop.yaml",
    "pipe.yaml",
    "inner/",
    ".",
    "..",
    "/",
    "none.yaml",
    "~/space.yaml",
    "space.yaml\x00",
    "..\\secret.yaml",
    "%2e%2e/secret.yaml",
    "file:///etc/passwd",
    "x" * 5000,
    "/proc/self/environ",
    "/dev/zero",
    "\ud800/x.yaml",
]


@pytest.mark.parametrize("name", OUTSIDE)
def test_what_is_outside_is_refused_whatever_names_it(root: Path, name: str) -> None:
    settings = Settings(data_roots=(root,))
    name = name.format(root=root)
    for key in ("space", "evaluator", "warm_start"):
        with pytest.raises(InputError):
            under_a_root(key, name, settings.data_roots)
    with pytest.raises(InputError):
        allowed(spec().model_copy(update={"space": name}), settings)
    with pytest.raises(InputError):
        allowed(spec().model_copy(update={"warm_start": (name,)}), settings)
    with pytest.raises(InputError):
        allowed(spec().model_copy(update={"evaluator": f"{name}.csv"}), settings)


def test_without_a_root_there_is_no_file(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    with pytest.raises(InputError, match="none was"):
        allowed(spec(space="space.yaml"), Settings())


def test_names_stay_names(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = spec(warm_start=["mobilenet_v2", "an older study"])
    assert allowed(asked, Settings()) == asked
    with pytest.raises(UnknownNameError):
        allowed(spec(space="nowhere"), Settings(data_roots=(root,)))
    (root / "plain").write_text("x")
    monkeypatch.chdir(root)
    assert looks_like_path("plain"), "a file beside the server is no name"


@pytest.mark.parametrize("code", ["module:make", "os:system", "folder.module:make", "a.py:b"])
def test_code_runs_only_where_that_was_said(root: Path, code: str) -> None:
    for roots in ((), (root,)):
        with pytest.raises(InputError, match="--allow-evaluators"):
            allowed(spec(evaluator=code), Settings(data_roots=roots))
    assert allowed(spec(evaluator=code), Settings(allow_evaluators=True)).evaluator == code


def test_a_table_is_a_file_even_where_code_may_run(root: Path) -> None:
    settings = Settings(data_roots=(root,), allow_evaluators=True)
    found = allowed(spec(evaluator="inner/table.csv"), settings)
    assert found.evaluator == str(root.resolve() / "inner" / "table.csv")
    with pytest.raises(InputError, match="--data-root"):
        allowed(spec(evaluator="../secret.csv"), settings)


def test_what_was_stored_elsewhere_is_looked_at_again(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    settings = Settings(data_roots=(root,))
    check_stored(spec(), settings)
    check_stored(spec(space="space.yaml", evaluator="inner/table.csv"), settings)
    for fields in (
        {"space": "../secret.yaml"},
        {"space": "link.yaml"},
        {"evaluator": "module:make"},
        {"evaluator": "../rootless/table.csv"},
        {"warm_start": ["../secret.yaml"]},
    ):
        with pytest.raises(InputError):
            check_stored(spec(**fields), settings)


@given(name=st.text(max_size=40) | st.text("./\\ab~\x00", max_size=40))
def test_no_text_leads_out_of_a_root(name: str) -> None:
    roots = [Path(__file__).parent]
    try:
        found = under_a_root("space", name, roots)
    except InputError:
        return
    assert Path(found).is_relative_to(roots[0].resolve())
