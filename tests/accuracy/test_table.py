"""Tables of accuracies: looked up by text, id or code, refused with line, rule and value."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.accuracy.table import read_table
from nas.errors import AccuracyTableError
from nas.space.catalog import find_space

SPACE = find_space("nas_bench_macro")
CODES = SPACE.sample(40, seed=3)


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "table.csv"
    file.write_text(text, encoding="utf-8")
    return file


def key(column: str, code: np.ndarray) -> str:
    network = SPACE.architecture(code)
    return {
        "architecture": f'"{network.text}"',
        "id": network.id,
        "code": ".".join(map(str, code)),
    }[column]


@pytest.mark.parametrize("column", ["architecture", "id", "code"])
@pytest.mark.parametrize("zipped", [False, True])
def test_what_is_listed_is_found_and_what_is_not_is_unknown(
    tmp_path: Path, column: str, zipped: bool
) -> None:
    accuracies = {key(column, code): 50 + row / 7 for row, code in enumerate(CODES)}
    lines = [f"note,{column},accuracy", *(f"x,{k},{a!r}" for k, a in accuracies.items())]
    file = written(tmp_path, "\n".join(lines))
    if zipped:
        file = tmp_path / "table.csv.gz"
        file.write_bytes(gzip.compress("\n".join(lines).encode()))
    table = read_table(file, SPACE)
    found = table.evaluate(CODES)
    assert found.mean.tolist() == [accuracies[key(column, code)] for code in CODES]
    assert (found.low == found.high).all()
    others = SPACE.sample(40, seed=4)
    listed = [key(column, code) in accuracies for code in others]
    assert np.isfinite(table.evaluate(others).mean).tolist() == listed
    assert table.provenance["samples"] == len(accuracies)
    assert table.evaluate(CODES[:0]).mean.shape == (0,)


@given(st.integers(0, 2**32 - 1))
def test_every_code_has_a_key_of_its_own(seed: int) -> None:
    one, other = SPACE.sample(2, seed=seed)
    assert ((one == other).all()) == (key("code", one) == key("code", other))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "needs a column `accuracy` and one of architecture, id, code; got none"),
        ("id,acc\n1,2", "got id, acc"),
        ("id,code,accuracy\n", "got id, code, accuracy"),
        ("id,accuracy\n", "must list networks; got none"),
        ("id,accuracy\nxyz,50", "line 2: `id` must be 16 hexadecimal digits; got 'xyz'"),
        ("code,accuracy\n0.1,50", "line 2: `code` must be 8 indices of choices"),
        ("code,accuracy\n0.0.0.0.0.0.0.9,50", "line 2: `code` must be 8 indices"),
        ("code,accuracy\n0.0.0.0.0.0.0.-1,50", "line 2: `code` must be 8 indices"),
        ("code,accuracy\n0.0.0.0.0.0.0.0,fine", "line 2: `accuracy` must be a % from 0 to 100"),
        ("code,accuracy\n0.0.0.0.0.0.0.0,nan", "got 'nan'"),
        ("code,accuracy\n0.0.0.0.0.0.0.0,101", "got '101'"),
        ("code,accuracy\n0.0.0.0.0.0.0.0", "got None"),
        ("code,accuracy\n0.0.0.0.0.0.0.0,5\n0.0.0.0.0.0.0.0,6", "line 3: each network must be"),
        ("architecture,accuracy\nimage 3x32,50", "line 2: "),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(AccuracyTableError) as caught:
        read_table(written(tmp_path, text), SPACE)
    assert words in str(caught.value)
    assert "table.csv" in str(caught.value)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AccuracyTableError, match="must be a readable CSV"):
        read_table(tmp_path / "none.csv", SPACE)
    (tmp_path / "bad.csv.gz").write_bytes(b"not gzip")
    with pytest.raises(AccuracyTableError, match="must be a readable CSV"):
        read_table(tmp_path / "bad.csv.gz", SPACE)
