"""The notebooks run from top to bottom, and leave what is stored in them: text and pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from notebooks.execute import code_cells, run_cells

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
_MOST_BYTES = 300_000


def stored(cell: dict[str, Any]) -> tuple[bool, bool]:
    """Whether a cell has printed something, and whether it shows a picture."""
    kinds = {output["output_type"] for output in cell["outputs"]}
    assert kinds <= {"stream", "display_data"}
    pictures = [o["data"] for o in cell["outputs"] if o["output_type"] == "display_data"]
    assert all("image/png" in picture for picture in pictures)
    return "stream" in kinds, bool(pictures)


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_notebooks_run_and_show_what_is_stored(file: Path) -> None:
    cells = code_cells(file)
    for cell, left in zip(cells, run_cells(cells, file.name), strict=True):
        now = bool(left.printed), left.figure is not None
        assert now == stored(cell), cell["source"]


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_notebooks_are_small_and_have_pictures(file: Path) -> None:
    assert file.stat().st_size <= _MOST_BYTES
    assert any(stored(cell)[1] for cell in code_cells(file))


def test_there_is_a_notebook_for_each_thing_to_begin_with() -> None:
    assert [file.stem for file in NOTEBOOKS] == [
        "calibrate_your_device",
        "first_search",
        "your_space_and_data",
    ]
