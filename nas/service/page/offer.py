"""A space, a device and limits → what is feasible, in words, before anything is spent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from nas.report.words import heading, number
from nas.search.feasibility import Range, Share, demands
from nas.service.offers import Answer
from nas.service.page.pieces import facts, meter
from nas.service.page.search_form import LIMITED, SCALES


def ranges(answer: Answer) -> dict[str, list[float]]:
    """The least, typical and most of what can be limited, in the units that people see."""
    return {
        name: [value / SCALES[name][0] for value in (one.least, one.median, one.most)]
        for name, one in answer.found.ranges.items()
        if name in LIMITED
    }


def range_words(name: str, shown: list[float] | None) -> str:
    """The range of a quantity, beside its slider."""
    if not shown:
        return "not known before a network is evaluated"
    unit = SCALES[name][1]
    least, typical, most = (f"{value:.3g}" for value in shown)
    return f"{least} to {most} {unit}, typically {typical} {unit}"


def panel(answer: Answer) -> list[Component]:
    """The share of the space within the limits, its ends, and what broken limits would need."""
    found = answer.found
    within = found.within
    if not found.feasible:
        said = [html.Li(demand) for demand in demands(answer.problem, found.broken)]
        first: list[Component] = [
            html.P("No network of the space is within these limits.", className="verdict no"),
            html.P("The nearest network found needs:", className="quiet"),
            html.Ul(said),
        ]
    else:
        first = [
            html.P(_share(within), className="verdict"),
            meter(within.value, "Share of the space within the limits"),
            html.P(_sure(within), className="quiet small"),
        ]
    if answer.left_out:
        left = ", ".join(answer.left_out)
        first.append(
            html.P(f"Nothing says {left} before a network is evaluated.", className="quiet")
        )
    return [*first, facts(_ends(found.ranges))]


def _share(share: Share) -> str:
    if share.hits == share.looked_at:
        return "Every network of the space" if share.exact else "All of the space"
    if not share.hits:
        return f"Fewer than 1 in {share.looked_at / 4:,.0f} networks"
    return f"{share.value:.2%} of the space" if share.value >= 1e-4 else f"{share.value:.1e}"


def _sure(share: Share) -> str:
    if share.exact:
        return f"all {share.looked_at:,} networks looked at"
    low, high = share.interval
    if share.hits in (0, share.looked_at):
        return f"as far as {share.looked_at:,} drawn at random say"
    return f"{low:.2%} to {high:.2%}, from {share.looked_at:,} drawn at random"


def _ends(found: Mapping[str, Range]) -> dict[str, Any]:
    names = {
        "Fastest": ("latency_ms", "least"),
        "Least energy": ("energy_mj", "least"),
        "Smallest": ("parameters", "least"),
        "Least memory": ("peak_memory_bytes", "least"),
        "Most accurate": ("accuracy", "most"),
    }
    return {
        title: f"{number(getattr(found[name], end), name)} {heading(name).split()[-1]}"
        for title, (name, end) in names.items()
        if name in found
    }
