"""A figure → the numbers that it draws, as CSV: one row for each mark of each trace."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

COLUMNS = (
    *("panel", "series", "id", "x", "x_low", "x_high", "y", "y_low", "y_high", "z", "label"),
)


def figure_csv(figure: Mapping[str, Any]) -> str:
    """The marks of a figure given as JSON (`go.Figure.to_dict()`, or what a browser holds).

    `panel` is the title of the horizontal axis, `id` what a click on the mark would name. Columns
    that no mark fills are left out.
    """
    seen = [trace for trace in figure.get("data", ()) if trace.get("visible", True) is not False]
    rows = [row for trace in seen for row in _rows(trace, figure)]
    kept = [name for name in COLUMNS if any(row[name] not in ("", None) for row in rows)]
    text = io.StringIO()
    writer = csv.DictWriter(text, kept, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _rows(trace: Mapping[str, Any], figure: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    axis = "xaxis" + str(trace.get("xaxis", "x"))[1:]
    title = figure.get("layout", {}).get(axis, {}).get("title", {}).get("text", "")
    title = title.partition("<br>")[0]
    fixed = {"panel": title, "series": trace.get("name", "")}
    cells = _cells(trace) if trace.get("type") == "heatmap" else _marks(trace)
    for cell in cells:
        yield {**dict.fromkeys(COLUMNS, ""), **fixed, **cell}


def _marks(trace: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    columns = {"id": trace.get("customdata"), "z": trace.get("z"), "label": trace.get("text")}
    for index, (x, y) in enumerate(zip(trace.get("x") or (), trace.get("y") or (), strict=False)):
        if x is None or y is None:
            continue
        more = {
            name: _plain(column[index])
            for name, column in columns.items()
            if isinstance(column, list | tuple) and index < len(column)
        }
        yield {
            "x": x,
            "y": y,
            **more,
            **_ends(trace, "x", x, index),
            **_ends(trace, "y", y, index),
        }


def _ends(trace: Mapping[str, Any], letter: str, value: Any, index: int) -> dict[str, float]:
    """Where an error bar ends, if the mark has one."""
    bar = trace.get(f"error_{letter}") or {}
    if "array" not in bar:
        return {}
    low, high = value - bar["arrayminus"][index], value + bar["array"][index]
    return {f"{letter}_low": low, f"{letter}_high": high}


def _cells(trace: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for row, y in enumerate(trace["y"]):
        for column, x in enumerate(trace["x"]):
            z = trace["z"][row][column]
            if z is not None:
                label = trace["text"][row][column]
                yield {
                    "x": x,
                    "y": y,
                    "z": z,
                    "label": label,
                    "id": trace["customdata"][row][column],
                }


def _plain(value: Any) -> Any:
    """Text as a spreadsheet reads it: a line without markup, and no formula."""
    if not isinstance(value, str):
        return value
    text = value.removeprefix("<br>").replace("<br>", "; ").replace("<b>", "").replace("</b>", "")
    return "'" + text if text[:1] in ("=", "+", "-", "@") else text
