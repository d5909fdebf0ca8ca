"""Public benchmark tables → distinct rows of levels and the quantity that a predictor is of."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from nas.accuracy.fit import FitSettings
from nas.accuracy.interactions import Floats, Levels
from nas.accuracy.levels import Factor, factors, to_levels
from nas.space.catalog import find_space
from nas.space.slots import Value
from nas.space.space import SearchSpace
from nas.space.tables import Row, accel_nasbench, once_for_all

_RESOLUTION = 224  # of every row of both tables


@dataclass(frozen=True, slots=True)
class PredictorTable:
    """One quantity of one table, and how it is fitted.

    Args:
        space, objective: What the predictor is of.
        title, unit: For people.
        file: The table, within the data folder.
        column: Where the quantity stands.
        choices: A row → choices of the space.
        settings: How it is fitted.
        source, licence, notes: Evidence.
    """

    space: str
    objective: str
    title: str
    unit: str
    file: str
    column: str
    choices: Callable[[Row], dict[str, Value]]
    settings: FitSettings
    source: str
    licence: str
    notes: str


@dataclass(frozen=True, slots=True, eq=False)
class PredictorRows:
    """The distinct networks of a table; the quantity of one measured twice is the mean.

    Args:
        space: With its resolution fixed to the table's.
        factors: The variables of the space.
        levels: Shape (networks, variables).
        quantity: Shape (networks,).
        samples: Rows of the table behind them.
        table_sha256: Of the file.
    """

    space: SearchSpace
    factors: tuple[Factor, ...]
    levels: Levels
    quantity: Floats
    samples: int
    table_sha256: str


_ACCEL = "accel_nasbench/accel_nasbench.csv.gz"
_ACCEL_SOURCE = (
    "Accel-NASBench (Ahmad et al., DAC 2024; github.com/afzalxo/Accel-NASBench): networks "
    "trained on ImageNet under a shortened proxy scheme, one seed each"
)
_ONCE_FOR_ALL = FitSettings(degree=1, triples=False)

PREDICTOR_TABLES = (
    PredictorTable(
        space="mnasnet",
        objective="accuracy",
        title="ImageNet top-1 (%) under Accel-NASBench's short proxy training scheme, "
        "not full training",
        unit="%",
        file=_ACCEL,
        column="val_top1",
        choices=accel_nasbench,
        settings=FitSettings(),
        source=_ACCEL_SOURCE,
        licence="Apache-2.0",
        notes="Ranks networks; values lie below those of full training.",
    ),
    PredictorTable(
        space="mnasnet",
        objective="train_time_s",
        title="Training time in seconds under Accel-NASBench's short proxy training scheme",
        unit="s",
        file=_ACCEL,
        column="train_time",
        choices=accel_nasbench,
        settings=FitSettings(),
        source=_ACCEL_SOURCE,
        licence="Apache-2.0",
        notes="A few rows took several times longer than others like them; the fit gives them "
        "little weight. They dominate r2 and mae; median_relative_error tells the typical row.",
    ),
    PredictorTable(
        space="mobilenet_v3",
        objective="accuracy",
        title="ImageNet top-1 (%) of Once-for-all supernet sub-networks, weights shared, "
        "no retraining",
        unit="%",
        file="dynast_ofa_mbv3/dynast_ofa_mbv3_imagenet.csv.gz",
        column="top1",
        choices=once_for_all,
        settings=_ONCE_FOR_ALL,
        source="DyNAS-T (Intel Labs; github.com/IntelLabs/DyNAS-T), search traces over the "
        "Once-for-all MobileNetV3 supernet of width 1.0 (Cai et al., ICLR 2020)",
        licence="Apache-2.0",
        notes="Search traces hold more good networks than a uniform sample would.",
    ),
)


def read_rows(data: Path, table: PredictorTable) -> PredictorRows:
    """Read a table and group its rows by network; other resolutions are left out."""
    file = data / table.file
    frame = pd.read_csv(file)
    space = find_space(table.space).at_resolution(_RESOLUTION)
    codes, values = [], []
    for row in frame.to_dict("records"):
        choices = table.choices({str(name): value for name, value in row.items()})
        if choices.pop("resolution", _RESOLUTION) == _RESOLUTION:
            codes.append(space.encode(choices))
            values.append(float(row[table.column]))
    distinct, network = np.unique(np.stack(codes), axis=0, return_inverse=True)
    total = np.bincount(network, weights=values)
    return PredictorRows(
        space=space,
        factors=factors(space),
        levels=to_levels(space, distinct),
        quantity=total / np.bincount(network),
        samples=len(values),
        table_sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
    )
