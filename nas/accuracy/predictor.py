"""A search space + an objective → the shipped predictor of that objective, as an evaluator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from nas.accuracy.artefact import StoredPredictor, read_predictor
from nas.accuracy.evaluator import Evaluated
from nas.accuracy.interactions import InteractionModel
from nas.accuracy.levels import factors, to_levels
from nas.errors import ArtefactError, InputError
from nas.resources import folder
from nas.space.space import Codes, SearchSpace

_DECIMALS = 6  # sums depend on the size of a batch in their last digits; predictions must not
_SECONDS_EACH = 3e-6


@dataclass(frozen=True)
class Predictor:
    """Predicts one objective of encoded candidates of one space; make it with `from_file`.

    Args:
        space: Whose codes it takes.
        stored: What it predicts, and the evidence for it.
        order: Index in the space of each variable of the model.
    """

    space: SearchSpace
    stored: StoredPredictor
    order: tuple[int, ...]

    @classmethod
    def from_file(cls, file: Path, space: SearchSpace) -> Predictor:
        """Read a predictor and match it to a space.

        Raises:
            ArtefactError: if the file is not a predictor, or was fitted on other choices.
            InputError: if the space leaves open what the predictor knows one value of.
        """
        stored = read_predictor(file)
        _check_domain(stored, space)
        return cls(space, stored, _match(stored, space, file))

    @cached_property
    def model(self) -> InteractionModel:
        """The fitted numbers."""
        return self.stored.interactions()

    @property
    def cost_s(self) -> float:
        """Declared seconds of one evaluation among many."""
        return _SECONDS_EACH

    @property
    def provenance(self) -> Mapping[str, Any]:
        """JSON for the store: what the numbers are and where they come from."""
        evidence = self.stored.evidence
        return {
            "kind": "predicted",
            "title": self.stored.title,
            "unit": self.stored.unit,
            "source": evidence.source,
            "licence": evidence.licence,
            "samples": evidence.samples,
            "held_out_kendall_tau": evidence.held_out.kendall_tau,
            "held_out_r2": evidence.held_out.r2,
            "held_out_mae": evidence.held_out.mae,
            "held_out_interval_coverage": evidence.held_out.interval_coverage,
            "table_sha256": evidence.table_sha256,
            "date": evidence.date,
            "notes": evidence.notes,
        }

    def evaluate(self, codes: Codes) -> Evaluated:
        """Evaluate codes of shape (count, variables); inactive variables make no difference."""
        predicted = self.model.predict(to_levels(self.space, codes)[:, self.order])
        return Evaluated(
            mean=np.round(predicted.mean, _DECIMALS),
            low=np.round(predicted.low, _DECIMALS),
            high=np.round(predicted.high, _DECIMALS),
        )


def find_predictor(space: SearchSpace, objective: str) -> Predictor:
    """The shipped predictor of an objective (`accuracy` or `train_time_s`) for a space.

    Raises:
        InputError: if none is shipped, or the space leaves open what it knows one value of.
        ArtefactError: if the file is corrupt, or was fitted on other choices.
    """
    return Predictor.from_file(_shipped_file(space.name, objective), space)


def predictor_domain(space_name: str, objective: str) -> dict[str, int]:
    """What the space must be fixed to before its predictor applies, such as a resolution.

    Raises:
        InputError: if no predictor is shipped for that space and objective.
        ArtefactError: if the file is corrupt.
    """
    return dict(read_predictor(_shipped_file(space_name, objective)).domain)


def shipped_predictors(objective: str) -> dict[str, Path]:
    """The files of the shipped predictors of an objective, by name of the space."""
    suffix = f"-{objective}"
    return {
        file.stem.removesuffix(suffix): file
        for file in sorted((folder("search_spaces") / "predictors").glob("*.json"))
        if file.stem.endswith(suffix)
    }


def _shipped_file(space_name: str, objective: str) -> Path:
    shipped = shipped_predictors(objective)
    if space_name not in shipped:
        train = "train on pictures of your own with `--data`, " * (objective == "accuracy")
        raise InputError(
            f"`{objective}` needs a predictor for the space; {space_name} has none, "
            f"{', '.join(shipped) or 'no space'} has; choose such a space, {train}or leave "
            f"`{objective}` out and search over costs only"
        )
    return shipped[space_name]


def _check_domain(stored: StoredPredictor, space: SearchSpace) -> None:
    offered = {"resolution": space.declaration.input.resolution}
    for name, value in stored.domain.items():
        if offered.get(name) != (value,):
            choices = ", ".join(map(str, offered.get(name, ())))
            raise InputError(
                f"`{name}` of {space.name} must be {value}, the only one that its predictor of "
                f"{stored.objective} knows; got {choices}; fix it with `at_{name}({value})`"
            )


def _match(stored: StoredPredictor, space: SearchSpace, file: Path) -> tuple[int, ...]:
    """The index in the space of each variable of the model."""
    indices = {variable.name: index for index, variable in enumerate(space.variables)}
    order, levels = [], factors(space)
    for variable, table in zip(stored.variables, stored.model.contrasts, strict=False):
        index = indices.pop(variable.name, None)
        if index is None:
            raise _mismatch(file, space, f"`{variable.name}` must be a variable of the space")
        found = space.variables[index]
        if found.values != variable.values or levels[index].levels != len(table):
            raise _mismatch(
                file,
                space,
                f"`{variable.name}` must have the values {_listed(variable.values)}; "
                f"got {_listed(found.values)}",
            )
        order.append(index)
    if indices:
        raise _mismatch(file, space, f"`{next(iter(indices))}` must not be a choice")
    if len(stored.model.contrasts) != len(stored.variables):
        raise _mismatch(file, space, "`contrasts` must have one table for each variable")
    if network_ids(space) != stored.networks:
        raise _mismatch(file, space, "equal choices must build equal networks; they do not")
    return tuple(order)


def network_ids(space: SearchSpace) -> tuple[str, str]:
    """Ids of the networks that the first and the last value of every variable build."""
    first = np.zeros(len(space.variables), dtype=np.int16)
    last = (space.cardinalities - 1).astype(np.int16)
    return space.architecture(first).id, space.architecture(last).id


def _listed(values: tuple[object, ...]) -> str:
    return ", ".join(map(str, values))


def _mismatch(file: Path, space: SearchSpace, fault: str) -> ArtefactError:
    return ArtefactError(
        f"{file}: {fault}; this predictor is of another space than {space.name} as given; "
        "use the shipped space, or give yours another `name`"
    )
