"""`warm_start` of a study + the store → what is proposed first, and what is known already.

Three sources: other studies of the same space in the same database, reference networks, and a
person's lists. An accuracy of another study counts here only where it comes from the same
evaluator with the same evidence. Where it does not, it tells ranks, no values: the networks on
its front are evaluated first, on this study's own terms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nas.errors import ChoiceError, InputError, UnknownNameError
from nas.pareto import front
from nas.search.network_list import ENDINGS, read_networks
from nas.search.objectives import find_objective
from nas.search.problem import Problem
from nas.space.catalog import find_network, reference_networks
from nas.space.membership import locate
from nas.space.space import Codes
from nas.store.records import EvaluationState, StudyRecord
from nas.store.store import Store

REFERENCES = "references"
# Of a study on another scale, so many networks spread over its front are worth an evaluation.
_PICKS = 10


@dataclass(frozen=True, slots=True)
class Experience:
    """Accuracies that another study found.

    Args:
        source: Its name.
        comparable: Whether they are on the scale of this study. If not, they may differ by an
            offset, a factor and a noise that nobody knows.
        codes: Codes of the space; (count, variables).
        accuracies: Shape (count,).
    """

    source: str
    comparable: bool
    codes: Codes
    accuracies: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class WarmStart:
    """What a study begins with.

    Args:
        first: What to evaluate before anything else, in this order; all within the limits, none
            known, none twice; (count, variables).
        known: Codes within the limits whose accuracy is known already; (count, variables).
        accuracies: Of the known; shape (count,).
        origins: Of the known: the study that each is from.
        experiences: All that other studies found, also beyond the limits, for a model to learn
            from.
        notes: What a person should know of it.
    """

    first: Codes
    known: Codes
    accuracies: NDArray[np.float64]
    origins: tuple[str, ...]
    experiences: tuple[Experience, ...]
    notes: tuple[str, ...]

    @property
    def codes(self) -> Codes:
        """All that is worth a look first where a look is free."""
        return np.concatenate([self.first, self.known])


def find_warm_start(problem: Problem, store: Store) -> WarmStart:
    """What the study's `warm_start` names.

    A study that has begun goes on without what is no longer there.

    Raises:
        UnknownNameError: if a name is neither a study in the store nor a file.
        InputError: if a study is of another space or lists hold what is none of its networks.
    """
    gathered = _Gathered(problem)
    for name in problem.spec.warm_start:
        try:
            if name == REFERENCES:
                gathered.add_references()
            elif name.endswith(ENDINGS) or Path(name).is_file():
                gathered.add(read_networks(Path(name), problem.space), name)
            else:
                gathered.add_study(store.study(name), store)
        except InputError as error:
            if not _has_begun(problem, store):
                raise
            gathered.leave_out(name, error)
    return gathered.result()


def _has_begun(problem: Problem, store: Store) -> bool:
    try:
        return bool(store.study(problem.spec.name))
    except UnknownNameError:
        return False


class _Gathered:
    """Codes and experiences so far, each network once: several codes may build the same."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._experiences: list[Experience] = []
        self._first: dict[str, Codes] = {}  # by id of the network, as all that is known is
        self._known: dict[str, tuple[Codes, float, str]] = {}
        self._notes: list[str] = []

    def add_references(self) -> None:
        """The reference networks that are members of the space."""
        space, found = self._problem.space, {}
        for name in reference_networks():
            try:
                found[name] = locate(space, find_network(name))
            except ChoiceError:
                continue  # Most are of other spaces.
        if not found:
            self._notes.append(f"no reference network is a member of {space.name}")
            return
        self.add(np.array(list(found.values())), f"references ({', '.join(found)})")

    def add(self, codes: Codes, source: str) -> None:
        """Networks to evaluate first."""
        fits = self._problem.fits(codes)
        for code in codes[fits]:
            self._first.setdefault(self._problem.space.architecture(code).id, code)
        self._notes.append(f"{source}: {_counted(int(fits.sum()))} first{_over(fits)}")

    def leave_out(self, name: str, error: InputError) -> None:
        """Say why a source is not used."""
        self._notes.append(f"{name}: left out; {error}")

    def add_study(self, study: StudyRecord, store: Store) -> None:
        """What another study found."""
        self._check_kin(study)
        complete = store.evaluations(study.id, state=EvaluationState.COMPLETE)
        space, modelled = self._problem.space, self._problem.modelled
        useful = [one for one in complete if modelled is None or modelled in one.values]
        if not useful:
            self._notes.append(f"{study.name}: nothing that this study can use")
            return
        codes = np.array([space.encode(one.choices) for one in useful], dtype=np.int16)
        if modelled is None:
            self.add(codes[self._best(codes, None)], study.name)
            return
        accuracies = np.array([one.values[modelled] for one in useful])
        experience = Experience(study.name, self._is_comparable(study), codes, accuracies)
        self._experiences.append(experience)
        if experience.comparable:
            self._take_over(experience, [one.architecture_id for one in useful])
        else:
            rows = self._best(codes, accuracies)
            self.add(codes[rows], f"{study.name}, whose accuracy is another")

    def _check_kin(self, study: StudyRecord) -> None:
        spec = self._problem.stored_spec()
        if study.name == spec["name"]:
            raise InputError(
                f"`warm_start` must name other studies; got {study.name!r} itself, which goes on "
                "from its own evaluations anyway; leave it out"
            )
        if study.spec.get("space_sha256") != spec["space_sha256"]:
            raise InputError(
                f"`warm_start` must name studies of the same space; {study.name!r} is of "
                f"{study.spec.get('space')}, as it was then, and this one of {spec['space']}; "
                "list its networks in a file instead (nas front --csv)"
            )

    def _is_comparable(self, study: StudyRecord) -> bool:
        """Whether accuracy comes from the same place there and here."""
        name = self._problem.modelled
        here = [one for one in self._problem.objective_records() if one.name == name]
        return here == [one for one in study.objectives if one.name == name]

    def _take_over(self, experience: Experience, networks: Sequence[str]) -> None:
        fits = self._problem.fits(experience.codes)
        for row in np.flatnonzero(fits).tolist():
            taken = experience.codes[row], float(experience.accuracies[row]), experience.source
            self._known.setdefault(networks[row], taken)
        words = f"{_counted(int(fits.sum()))} known already{_over(fits)}"
        self._notes.append(f"{experience.source}: {words}")

    def _best(self, codes: Codes, accuracies: NDArray[np.float64] | None) -> NDArray[np.intp]:
        """Some rows, spread over the front of this study's costs and that study's accuracies."""
        columns = self._problem.known(codes)
        columns |= {} if accuracies is None else {str(self._problem.modelled): accuracies}
        able = np.flatnonzero(self._problem.within(columns, len(codes)))
        objectives = [find_objective(name) for name in columns]
        table = np.column_stack([columns[one.name] for one in objectives])[able]
        rows = able[front(table, [one.sense for one in objectives])]
        spread = np.linspace(0, len(rows) - 1, min(_PICKS, len(rows))).round().astype(np.intp)
        picked: NDArray[np.intp] = rows[spread]
        return picked

    def result(self) -> WarmStart:
        """Everything gathered; what is known need not be evaluated first."""
        first = [code for key, code in self._first.items() if key not in self._known]
        known = list(self._known.values())
        variables = len(self._problem.space.variables)
        return WarmStart(
            np.array(first, dtype=np.int16).reshape(len(first), variables),
            np.array([code for code, _, _ in known], dtype=np.int16).reshape(
                len(known), variables
            ),
            np.array([accuracy for _, accuracy, _ in known], dtype=np.float64),
            tuple(source for _, _, source in known),
            tuple(self._experiences),
            tuple(self._notes),
        )


def _counted(count: int) -> str:
    return "1 network" if count == 1 else f"{count:,} networks"


def _over(fits: NDArray[np.bool_]) -> str:
    over = int((~fits).sum())
    return f", {over:,} over the limits left out" if over else ""
