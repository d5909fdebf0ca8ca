"""Runs of the cost benchmarks → the page that tells them."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.cost_runs import Run
from benchmarks.cost_summary import SUMMARIES, Summary
from benchmarks.efficiency.page import table

_INTRODUCTION = """\
# How well costs are predicted
"""


def page(runs: Sequence[Run]) -> str:
    """The whole page."""
    parts = [_INTRODUCTION]
    for bar, summarise in SUMMARIES.items():
        parts += [section(bar, summary) for summary in summarise(runs)]
    return "\n".join(parts)


def section(bar: int, summary: Summary) -> str:
    """One table under its heading."""
    return f"## {bar}. {summary.title}\n\n{table(summary.heads, summary.rows)}\n"
