"""The header of a measurement log → its columns, or what is wrong with them.

`network` says what ran, `latency_ms` and `energy_mj` what one inference of a batch took, `group`
which rows are held out together. All but the first two may be absent.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nas.errors import MeasurementLogError, did_you_mean

CONTEXT = ("device", "runtime", "precision", "batch", "threads")
"""Columns that say for which model a row is."""

QUALITY = (
    "spread",
    "runs",
    "cpu_share",
    "temperature_c",
    "frequency_mhz",
    "meter",
    "rest_power_mw",
    "versions",
    "took_s",
    "measured_at",
)
"""Columns that say how well it was measured, and with what."""

COLUMNS = ("network", "latency_ms", "energy_mj", "group", *CONTEXT, *QUALITY)

# What people and tools call the same things, and how to get there.
_ALIAS = {"architecture": "network"}
_RESCALED = {
    "latency_s": "latency_ms, times 1000",
    "latency_us": "latency_ms, divided by 1000",
    "latency_ns": "latency_ms, divided by 1,000,000",
    "energy_j": "energy_mj, times 1000",
    "energy_uj": "energy_mj, divided by 1000",
    "fps": "latency_ms, as batch x 1000 / fps",
    "power_w": "energy_mj, as power times latency_ms",
    "power_mw": "energy_mj, as power times latency_ms / 1000",
}


def checked_columns(header: Sequence[str], file: Path) -> list[str]:
    """The columns under their own names.

    Raises:
        MeasurementLogError: naming the unknown, missing, repeated or differently scaled one.
    """
    columns = [_ALIAS.get(name.strip(), name.strip()) for name in header]
    for name in columns:
        if name in _RESCALED:
            raise MeasurementLogError(
                f"{file}: units must be ms and mJ; got a column {name!r}; "
                f"make it {_RESCALED[name]}"
            )
        if name not in COLUMNS:
            raise MeasurementLogError(
                f"{file}: columns must be among {', '.join(COLUMNS)}; "
                f"got {name!r}{did_you_mean(name, COLUMNS)}"
            )
    for needed in COLUMNS[:2]:
        if needed not in columns:
            raise MeasurementLogError(
                f"{file}: the log needs a column `{needed}`; got {', '.join(columns)}"
            )
    if repeated := {name for name in columns if columns.count(name) > 1}:
        raise MeasurementLogError(
            f"{file}: a column must be there once; got {', '.join(sorted(repeated))} twice"
        )
    return columns
