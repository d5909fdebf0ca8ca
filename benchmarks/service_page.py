"""Measurements of the service → the page that tells of them."""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

PINS = ("optuna==5.0.0", "optuna-dashboard==0.21.0")


def page(ours: dict[str, Any], theirs: dict[str, Any] | None, options: argparse.Namespace) -> str:
    """The page as Markdown."""
    lines = [
        "# The service",
        "",
        "    python -m benchmarks.service --peers DIR",
        "",
        f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, "
        f"SQLite, load average {os.getloadavg()[0]:.0f}; wall times of a shared machine, with the "
        "processor time of the server beside them.",
        "",
        f"## A study of {options.evaluations:,} evaluations with {options.front:,} on its front",
        "",
        *_routes(ours["routes"]),
        "",
        "The first time, every evaluation is read from the store; later, what came since.",
        "",
        f"## {options.readers} readers at once while a study is written",
        "",
        f"Another process recorded {ours['written']:,} networks meanwhile, ten at a time, and 20 "
        "more connections listened to events. A request is lost that has no answer within a "
        "minute.",
        "",
        "Each reader asks every two seconds, as an open page does:",
        "",
        *_readers(ours["calm"]),
        "",
        "Each reader asks again as soon as it has its answer:",
        "",
        *_readers(ours["busy"]),
        "",
        "## Events",
        "",
        _delays(ours["delays"]),
        "",
        *(_beside(ours, theirs, options) if theirs else ()),
    ]
    return "\n".join(lines)


def _routes(routes: dict[str, dict[str, float]]) -> Iterator[str]:
    yield from _head("", "wall ms", "processor ms", "KiB")
    for name, one in routes.items():
        yield _row(name, f"{one['wall_ms']:,.1f}", f"{one['cpu_ms']:,.0f}", _kib(one["bytes"]))


def _readers(seen: dict[str, Any]) -> Iterator[str]:
    yield from _head("", "answers", "p50 ms", "p95 ms", "p99 ms")
    every = [wait for waits in seen["waited"].values() for wait in waits]
    for name, waits in [*seen["waited"].items(), ("all", every)]:
        p50, p95, p99 = _percentiles(waits)
        yield _row(name, f"{len(waits):,}", f"{p50:,.0f}", f"{p95:,.0f}", f"{p99:,.0f}")
    yield ""
    broken = sum(count < 0 for count in seen["heard"])
    listeners = f", streams broken off: {broken} of {len(seen['heard'])}" if seen["heard"] else ""
    rate = len(every) / seen["seconds"]
    yield (
        f"**Requests lost: {seen['lost']}**{listeners}; {rate:,.0f} answers a second, the server "
        f"at {seen['cpu_share']:.0%} of a core."
    )


def _delays(delays: Sequence[float]) -> str:
    p50, p95, _ = _percentiles(delays)
    return (
        f"From the commit of a network that joins the front to the event that tells of it: "
        f"{p50:,.0f} ms median, {p95:,.0f} ms at the 95th percentile, of {len(delays)}."
    )


def _beside(
    ours: dict[str, Any], theirs: dict[str, Any], options: argparse.Namespace
) -> Iterator[str]:
    mine, other = ours["routes"], theirs["routes"]
    yield from (
        "## Beside optuna-dashboard",
        "",
        f"{' and '.join(PINS)}, in the same run, on the same networks and values in Optuna's own "
        "SQLite storage. Its page asks for every trial of a study and draws it in the browser; "
        "that of `nas serve` asks for the front and at most 2,000 others. The ratio is theirs to "
        "ours, of the processor time of the server where it is above 20 ms, else of wall time.",
        "",
        *_head("what a page of a study waits for", "nas serve", "optuna-dashboard", "ratio"),
    )
    for name, a, b in (
        (f"{options.beside:,} evaluations, first time",
         mine["front of the middle study, first time"], other["middle, first time"]),
        (f"{options.beside:,} evaluations, later",
         mine["front of the middle study, later"], other["middle, later"]),
        ("1,000 evaluations, first time", mine["front of the small study, first time"],
         other["small, first time"]),
        ("1,000 evaluations, later", mine["front of the small study, later"],
         other["small, later"]),
        ("the list of studies", mine["all studies"], other["studies"]),
    ):  # fmt: skip
        key = "cpu_ms" if min(a["cpu_ms"], b["cpu_ms"]) > 20 else "wall_ms"
        cells = (f"{x['wall_ms']:,.0f} ms, {_kib(x['bytes'])} KiB" for x in (a, b))
        ratio = b[key] / max(a[key], 1e-3)
        yield _row(name, *cells, f"{ratio:,.1f}" if ratio >= 1 else f"{ratio:.2f}")
    yield from (
        "",
        f"{options.readers} readers of the study of 1,000, as fast as they can: `nas serve`",
        "",
        *_readers(ours["alone"]),
        "",
        "optuna-dashboard",
        "",
        *_readers(theirs["alone"]),
        "",
    )


def _percentiles(waits: Sequence[float]) -> tuple[float, float, float]:
    if not len(waits):
        return float("nan"), float("nan"), float("nan")
    p50, p95, p99 = np.percentile(waits, [50, 95, 99]) * 1e3
    return float(p50), float(p95), float(p99)


def _kib(size: float) -> str:
    return f"{size / 1024:,.0f}"


def _head(*names: str) -> Iterable[str]:
    return _row(*names), "|" + "---|" * len(names)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
