"""A stored study → the same as a study of Optuna, for its dashboard and all that reads it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import CategoricalDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.trial import FrozenTrial, TrialState

from nas.errors import InputError, StoreError
from nas.space.catalog import find_space
from nas.store.database import holds_store
from nas.store.faults import store_errors
from nas.store.location import display, read_location
from nas.store.records import EvaluationRecord, EvaluationState, StudyRecord

# Optuna knows no limits that are checked beforehand: what was not evaluated for them is pruned.
_STATES = {
    EvaluationState.COMPLETE: TrialState.COMPLETE,
    EvaluationState.STOPPED: TrialState.PRUNED,
    EvaluationState.OVER_LIMIT: TrialState.PRUNED,
    EvaluationState.FAILED: TrialState.FAIL,
}


def to_optuna(study: StudyRecord, evaluations: Sequence[EvaluationRecord], url: str) -> int:
    """Write a study into a database of Optuna, under the same name, all of it or nothing.

    Parameters are categorical, limits are constraints, reports are intermediate values at the
    percentage of the full budget. Networks, reasons, what was spent and the costs that are no
    objectives are user attributes.

    Args:
        study: The study.
        evaluations: All of its evaluations.
        url: A SQLite file by path, or a database by URL; made by Optuna where there is none.

    Returns:
        How many trials were written.

    Raises:
        StoreError: if the database cannot be written, is one of ours, or has a study of that
            name.
    """
    location = read_location(url)
    where = display(location)
    if holds_store(location):
        raise StoreError(
            f"`URL` must be a database of Optuna; got {where}, which holds studies of nas; give "
            "another place, such as optuna.db"
        )
    with store_errors(where):
        there = _create(study, location.render_as_string(hide_password=False), where)
        try:
            distributions = _distributions(study, evaluations)
            there.add_trials(_trial(study, record, distributions) for record in evaluations)
        except BaseException:
            optuna.delete_study(study_name=study.name, storage=there._storage)
            raise
    return len(evaluations)


def _create(study: StudyRecord, url: str, where: str) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        made = optuna.create_study(
            storage=url,
            study_name=study.name,
            directions=[objective.sense.value for objective in study.objectives],
        )
    except optuna.exceptions.DuplicatedStudyError:
        raise StoreError(
            f"`name` of a study must be new; {where} has {study.name!r} already; give another "
            "place, or rename one of them"
        ) from None
    except optuna.exceptions.StorageInternalError as error:
        raise StoreError(
            f"`URL` must be a database that can be written; got {where}: {error}"
        ) from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        made.set_metric_names([objective.name for objective in study.objectives])
    for key, value in study.spec.items():
        made.set_user_attr(key, value)
    return made


def _distributions(
    study: StudyRecord, evaluations: Sequence[EvaluationRecord]
) -> dict[str, CategoricalDistribution]:
    """Every variable over the values of the space, and any others that were evaluated."""
    values: dict[str, list[int | float | str]] = {}
    try:
        for variable in find_space(str(study.spec.get("space"))).variables:
            values[variable.name] = list(variable.values)
    except InputError:  # The space was a file that is gone: what was evaluated says enough.
        values = {}
    for record in evaluations:
        for name, value in record.choices.items():
            if value not in (known := values.setdefault(name, [])):
                known.append(value)
    return {name: CategoricalDistribution(known) for name, known in values.items()}


def _trial(
    study: StudyRecord,
    record: EvaluationRecord,
    distributions: Mapping[str, CategoricalDistribution],
) -> FrozenTrial:
    names = [objective.name for objective in study.objectives]
    complete = record.state is EvaluationState.COMPLETE
    trial = optuna.create_trial(
        state=_STATES[record.state],
        values=[record.values[name] for name in names] if complete else None,
        params=dict(record.choices),
        distributions={name: distributions[name] for name in record.choices},
        user_attrs=_attributes(record, names if complete else ()),
        intermediate_values={round(100 * share): accuracy for share, accuracy in record.reports},
        constraints=_constraints(study.spec.get("limits") or {}, record.values),
    )
    assert record.finished_at is not None, "what was read says when it was recorded"
    # Optuna keeps local times without a zone. When the evaluation began, nobody noted.
    local = record.finished_at.astimezone().replace(tzinfo=None)
    trial.datetime_start = trial.datetime_complete = local
    return trial


def _attributes(record: EvaluationRecord, objectives: Sequence[str]) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "architecture_id": record.architecture_id,
        "architecture": record.architecture_text,
        "evaluation": record.number,
        "state": record.state.value,
    }
    if record.reason:
        attributes["reason"] = record.reason
    others = {name: value for name, value in record.values.items() if name not in objectives}
    return attributes | others | dict(record.spent)


def _constraints(limits: Mapping[str, Any], values: Mapping[str, float]) -> dict[str, float]:
    """How far each limit is exceeded, as a share of it: at most 0 where it is kept."""
    constraints = {}
    for key, limit in limits.items():
        bound, _, name = key.partition("_")
        if limit is not None and name in values:
            excess = values[name] / limit - 1
            constraints[name] = -excess if bound == "min" else excess
    return constraints
