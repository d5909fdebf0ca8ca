"""A table of trials → a study in Optuna's own storage, for optuna-dashboard.

    python benchmarks/service_peer.py DATABASE NAME < trials.jsonl

Runs in an environment of its own. Optuna adds a trial in many statements; here the rows that it
would write are inserted at once, into the tables that it made.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterable
from typing import Any

import optuna

_WHEN = "2026-01-01 00:00:00.000000"


def fill(database: str, name: str, trials: Iterable[dict[str, Any]]) -> None:
    """Make the study, and write its trials."""
    study = optuna.create_study(
        storage=f"sqlite:///{database}", study_name=name, directions=["maximize", "minimize"]
    )
    with sqlite3.connect(database) as connection:
        (first,) = connection.execute("SELECT COALESCE(MAX(trial_id), 0) FROM trials").fetchone()
        for number, trial in enumerate(trials):
            _insert(connection, study._study_id, first + number + 1, number, trial)
    connection.close()


def _insert(
    connection: sqlite3.Connection, study: int, key: int, number: int, trial: dict[str, Any]
) -> None:
    connection.execute(
        "INSERT INTO trials (trial_id, number, study_id, state, datetime_start, datetime_complete)"
        " VALUES (?, ?, ?, 'COMPLETE', ?, ?)",
        (key, number, study, _WHEN, _WHEN),
    )
    parameters = []
    for name, value in trial["choices"].items():
        space = optuna.distributions.CategoricalDistribution((3, 5, 7))
        text = optuna.distributions.distribution_to_json(space)
        parameters.append((key, name, space.to_internal_repr(value), text))
    connection.executemany(
        "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json)"
        " VALUES (?, ?, ?, ?)",
        parameters,
    )
    connection.executemany(
        "INSERT INTO trial_values (trial_id, objective, value, value_type)"
        " VALUES (?, ?, ?, 'FINITE')",
        [(key, place, value) for place, value in enumerate(trial["values"])],
    )


if __name__ == "__main__":
    fill(sys.argv[1], sys.argv[2], map(json.loads, sys.stdin))
