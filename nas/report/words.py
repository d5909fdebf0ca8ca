"""Quantities → words for people: numbers in the unit of their heading, the same everywhere."""

from __future__ import annotations

import math


def number(value: float | None, name: str) -> str:
    """A quantity for people, by the unit in its name, with or without `@device`."""
    if value is None:
        return "–"
    name, _, _ = name.partition("@")
    if name == "peak_memory_bytes":
        return f"{value / 2**20:.2f}"
    if name in ("macs", "parameters"):
        return f"{value / 1e6:.2f}"
    if name == "accuracy":
        return f"{value:.2f}"
    digits = max(0, 2 - int(math.floor(math.log10(abs(value))))) if value else 2
    return f"{value:.{min(digits, 4)}f}"


def interval(bounds: tuple[float, float] | None, name: str) -> str:
    """The two ends of an interval of a quantity."""
    return "–" if bounds is None else "–".join(number(bound, name) for bound in bounds)


def heading(name: str) -> str:
    """A column heading for a quantity, with the unit that `number` prints it in."""
    quantity, _, device = name.partition("@")
    words = {
        "accuracy": "accuracy %",
        "proxy_score": "proxy score",
        "train_time_s": "training s",
        "latency_ms": "latency ms",
        "energy_mj": "energy mJ",
        "peak_memory_bytes": "memory MiB",
        "macs": "MACs M",
        "parameters": "params M",
    }[quantity]
    return f"{words} on {device}" if device else words
