"""Files with a token: made once, for their owner alone, and refused where others may read them."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from nas.errors import InputError, OutputError
from nas.service.token_file import token_of

GOOD = "correct-horse-battery"


def written(file: Path, content: str | bytes, mode: int = 0o600) -> Path:
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    file.chmod(mode)
    return file


def test_a_file_that_is_not_there_is_made_for_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "token"
    token, fresh = token_of(file)
    assert fresh and len(token) >= 40
    assert file.read_text() == f"{token}\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert token_of(file) == (token, False)
    assert list(tmp_path.iterdir()) == [file], "nothing else is left"
    assert token_of(tmp_path / "other")[0] != token


def test_of_many_at_once_one_makes_it(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: token_of(tmp_path / "token"), range(16)))
    assert len({token for token, _ in found}) == 1
    assert sum(fresh for _, fresh in found) == 1


@pytest.mark.parametrize("content", [GOOD, f"  {GOOD}\r\n", "a" * 16, "aB3-._~+/xyz1234=="])
def test_a_token_of_ones_own_is_read(tmp_path: Path, content: str) -> None:
    assert token_of(written(tmp_path / "token", content)) == (content.strip(), False)


@pytest.mark.parametrize(
    "content",
    ["", "\n", "a" * 15, "two words and more", "käse-und-brot-und", "a" * 5000, b"\xff" * 20,
     "first-line-long-enough\nsecond"],
)  # fmt: skip
def test_what_is_no_token_is_refused_and_not_told(tmp_path: Path, content: str | bytes) -> None:
    with pytest.raises(InputError, match="at least 16 characters") as refused:
        token_of(written(tmp_path / "token", content))
    if len(content) > 1:
        assert str(content).strip() not in str(refused.value)


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o644, 0o620, 0o666, 0o601])
def test_a_file_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    file = written(tmp_path / "token", GOOD, mode)
    with pytest.raises(InputError, match=re.escape(f"chmod 600 {file}")):
        token_of(file)


def test_what_is_no_file_or_cannot_be_made_is_refused(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "none" / "token", written(tmp_path / "a", "b") / "token"):
        with pytest.raises(OutputError, match="--token-file"):
            token_of(place)
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(OutputError):
        token_of(tmp_path / "link")
    assert {file.name for file in tmp_path.iterdir()} == {"a", "link"}
