"""Files that appear together or not at all, on a real file system."""

from __future__ import annotations

from pathlib import Path

import pytest

from nas.errors import OutputError
from nas.export.folder import staged

NAMES = ("a.txt", "b.txt")


def write(folder: Path, names: tuple[str, ...] = NAMES, *, force: bool = False) -> None:
    with staged(folder, NAMES, force=force) as staging:
        for name in names:
            (staging / name).write_text(f"new {name}")


def listing(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize("exists", [False, True])
def test_a_new_or_empty_folder_gets_the_files(tmp_path, exists: bool) -> None:
    folder = tmp_path / "deep" / "new"
    if exists:
        folder.mkdir(parents=True)
    write(folder)
    assert listing(folder) == {"a.txt": "new a.txt", "b.txt": "new b.txt"}
    assert [path.name for path in tmp_path.iterdir()] == ["deep"]
    assert folder.stat().st_mode == tmp_path.joinpath("deep").stat().st_mode


def test_the_current_folder_works(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(Path())
    assert sorted(listing(tmp_path)) == list(NAMES)


def test_a_folder_that_is_not_empty_is_refused_untouched(tmp_path) -> None:
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(OutputError, match="must be new or empty; .* --force to replace a.txt, b"):
        write(tmp_path)
    assert listing(tmp_path) == {"a.txt": "old"}


def test_what_stops_the_move_halfway_is_undone(tmp_path) -> None:
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(OutputError, match="must be one that can be written"):
        write(tmp_path, ("a.txt",), force=True)  # b.txt is missing when a.txt has moved
    assert listing(tmp_path) == {"a.txt": "old"}


def test_an_optional_file_that_is_not_written_takes_an_old_one_away(tmp_path) -> None:
    for name in NAMES:
        (tmp_path / name).write_text("old")
    with staged(tmp_path, NAMES, force=True, optional=("b.txt",)) as staging:
        (staging / "a.txt").write_text("new")
    assert listing(tmp_path) == {"a.txt": "new"}
    (tmp_path / "b.txt").write_text("mine")
    names = ("b.txt", "a.txt")
    with pytest.raises(OutputError), staged(tmp_path, names, force=True, optional=("b.txt",)):
        pass  # a.txt is missing
    assert listing(tmp_path) == {"a.txt": "new", "b.txt": "mine"}


def test_a_file_that_was_not_there_before_goes_again(tmp_path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OutputError):
        write(tmp_path, ("a.txt",), force=True)
    assert listing(tmp_path) == {"notes.txt": "mine"}


def test_a_folder_with_the_name_of_a_file_is_refused(tmp_path) -> None:
    (tmp_path / "b.txt").mkdir()
    (tmp_path / "b.txt" / "mine").write_text("kept")
    with pytest.raises(OutputError, match="must have no folder called b.txt"):
        write(tmp_path, force=True)
    assert listing(tmp_path / "b.txt") == {"mine": "kept"}


@pytest.mark.parametrize("below", ["", "x", "x/y"])
def test_a_file_in_the_way_is_an_output_error(tmp_path, below: str) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match="`folder` must be"):
        write(tmp_path / "file" / below, force=True)
    assert listing(tmp_path) == {"file": "mine"}


def test_a_name_that_is_too_long_is_an_output_error(tmp_path) -> None:
    with pytest.raises(OutputError, match="File name too long"):
        write(tmp_path / ("x" * 300))


def test_a_symbolic_link_is_not_followed(tmp_path) -> None:
    target = tmp_path / "target.txt"
    target.write_text("mine")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.txt").symlink_to(target)
    write(folder, force=True)
    assert target.read_text() == "mine"
    assert not (folder / "a.txt").is_symlink()
