"""Notebooks → the same with what their cells print and draw, pictures as PNG that every viewer shows.

    python -m notebooks.execute    # or: make notebooks

The cells run in this process, in the order in which they stand. A cell ends in a figure or shows
nothing but what it prints, so that no kernel is needed.
"""

from __future__ import annotations

import ast
import base64
import io
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

FOLDER = Path(__file__).parent
_SIZE = {"width": 880, "height": 520, "scale": 1.1}


@dataclass(frozen=True)
class Ran:
    """What a cell leaves.

    Args:
        printed: On standard output.
        figure: That it ends in.
    """

    printed: str
    figure: go.Figure | None


def code_cells(file: Path) -> list[dict[str, Any]]:
    """The cells of a notebook that are code."""
    return _of_code(json.loads(file.read_text(encoding="utf-8")))


def _of_code(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def run_cells(cells: Sequence[dict[str, Any]], name: str) -> Iterator[Ran]:
    """Run code cells one after the other, all with the same names.

    Args:
        cells: As a notebook stores them.
        name: Of the notebook, for tracebacks.

    Raises:
        ValueError: if a cell ends in something that is neither a figure nor None.
    """
    names: dict[str, Any] = {"__name__": "__main__"}
    for cell in cells:
        tree, last = ast.parse("".join(cell["source"]), name), None
        if tree.body and isinstance(tree.body[-1], ast.Expr):
            last = ast.Expression(tree.body.pop().value)
        with redirect_stdout(io.StringIO()) as printed:
            exec(compile(tree, name, "exec"), names)
            shown = eval(compile(last, name, "eval"), names) if last else None
        if not isinstance(shown, go.Figure | None):
            raise ValueError(f"{name}: a cell must end in a figure or None; got {shown!r}")
        yield Ran(printed.getvalue(), shown)


def write_outputs(file: Path) -> None:
    """Run a notebook, and store what its cells leave in it."""
    notebook = json.loads(file.read_text(encoding="utf-8"))
    cells = _of_code(notebook)
    ran = run_cells(cells, file.name)
    for number, (cell, left) in enumerate(zip(cells, ran, strict=True), start=1):
        cell["execution_count"], cell["outputs"] = number, _outputs(left)
    file.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _outputs(left: Ran) -> list[dict[str, Any]]:
    outputs: list[dict[str, Any]] = []
    if left.printed:
        lines = left.printed.splitlines(keepends=True)
        outputs.append({"name": "stdout", "output_type": "stream", "text": lines})
    if left.figure is not None:
        picture = base64.b64encode(left.figure.to_image(format="png", **_SIZE)).decode()
        data = {"image/png": picture, "text/plain": ["A figure"]}
        outputs.append({"data": data, "metadata": {}, "output_type": "display_data"})
    return outputs


if __name__ == "__main__":
    for given in map(Path, sys.argv[1:] or sorted(map(str, FOLDER.glob("*.ipynb")))):
        write_outputs(given)
        print(f"{given.name}: {given.stat().st_size / 1000:.0f} kB")
