"""A study file (`studies/*.yaml`) or command-line options → StudySpec: what to search for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from nas.accuracy.judges import SCORING, TRAINED, Fidelity
from nas.declarations import Declaration, SchemaRuleError, check, load
from nas.errors import DeclarationError, Problem, UnknownNameError, nearest
from nas.resources import folder
from nas.search.limits import Limits
from nas.search.objectives import find_objective

Mode = Literal["direct", "surrogate"]
MOST_EVALUATIONS = 10_000_000
ON_PICTURES = (*TRAINED, *SCORING)
"""What judges networks by pictures; the first is the default."""

_FORMER_EVALUATIONS = 1000
_MOST_MINUTES = 525_600  # a year


class StudySpec(Declaration):
    """What to search for.

    Args:
        name: Of the study, unique in a database.
        space: A shipped space, or a path to a YAML file.
        device: Whose costs an objective without `@device` means.
        data: Pictures to measure accuracy on: a folder, a file, or `digits`.
        evaluator: What says accuracy: `package.module:factory` or a table of one's own; with
            `data`, `supernet` (the default), `finetuning`, `training`, or a proxy, whose score is
            then aimed for in place of accuracy; a shipped predictor otherwise.
        objectives: Such as `accuracy`, `latency_ms`, `latency_ms@raspberry-pi-4`; without it,
            what the evaluator says and the latency.
        limits: The most, or the least, that is allowed.
        epochs: Passes over the pictures of each network's training, or of the supernet's where
            networks are not trained further.
        efficient: Whether such a training skips the pictures that it has learnt.
        trainings: Of each network; their mean is its accuracy. More than one where chance makes
            larger differences than those that matter.
        fidelity: What early reports of such a training have less of than its last: `epochs`,
            `pictures` or `resolution`. Early stopping goes by them.
        search: `direct` scores candidates by the hundred thousand, `surrogate` chooses each with
            care; `auto` takes what suits the cost of an evaluation.
        evaluations: How many networks may be evaluated; without it, as many as the minutes
            allow, and without those, what suits the search.
        minutes: How long it may search before it evaluates nothing new; what is under way then
            is finished. They begin anew when an interrupted study is resumed.
        warm_start: What to begin from: names of studies in the same database, files that list
            networks, or `references`.
        seed: Of everything random.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
    space: str
    device: str
    data: str | None = None
    evaluator: str | None = None
    objectives: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        default_factory=lambda known: usual_objectives(known.get("evaluator"))
    )
    limits: Limits = Limits()
    epochs: Annotated[int, Field(ge=1, le=10_000)] | None = None
    efficient: bool = False
    trainings: Annotated[int, Field(ge=1, le=100)] = 1
    fidelity: Fidelity = "epochs"
    search: Literal["auto", "direct", "surrogate"] = "auto"
    evaluations: Annotated[int, Field(ge=1, le=MOST_EVALUATIONS)] | None = None
    minutes: Annotated[float, Field(gt=0, le=_MOST_MINUTES)] | None = None
    warm_start: tuple[str, ...] = ()
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0

    @field_validator("objectives")
    @classmethod
    def _distinct(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        """Every name is known and stands once; `@device` goes where it is the study's own."""
        own, kept = f"@{info.data.get('device')}", []
        for index, name in enumerate(names):
            try:
                objective = find_objective(name.removesuffix(own))
            except UnknownNameError as error:
                rule = f"must be one of {', '.join(error.known)}"
                close = nearest(name, error.known)
                raise _fault(f"{index}", rule, repr(name), close) from None
            if objective.name in kept:
                raise _fault(f"{index}", "objectives must differ", f"{name!r} twice")
            kept.append(objective.name)
        return tuple(kept)

    @field_validator("limits")
    @classmethod
    def _own_device(cls, limits: Limits, info: ValidationInfo) -> Limits:
        return limits.about(str(info.data.get("device")))

    @model_validator(mode="after")
    def _reachable(self) -> StudySpec:
        if self.limits.min_accuracy is not None and "accuracy" not in self.objectives:
            rule = "needs accuracy among the objectives, or nothing would be evaluated"
            received = f"objectives {', '.join(self.objectives)}"
            raise _fault("limits.min_accuracy", rule, received)
        return self

    @model_validator(mode="after")
    def _scored_by_proxy(self) -> StudySpec:
        scored = self.evaluator in SCORING
        if scored and "accuracy" in self.objectives:
            rule = f"must be proxy_score here: {self.evaluator} gives a score, no accuracy in %"
            raise _fault(f"objectives.{self.objectives.index('accuracy')}", rule, "'accuracy'")
        if not scored and "proxy_score" in self.objectives:
            rule = f"needs one of {', '.join(SCORING)} as `evaluator`"
            place = f"objectives.{self.objectives.index('proxy_score')}"
            raise _fault(place, rule, "'proxy_score'")
        for key, value in (("epochs", self.epochs), ("efficient", self.efficient or None)):
            if scored and value is not None:
                rule = f"is for what trains; {self.evaluator} looks at untrained networks"
                raise _fault(key, rule, repr(value))
        return self

    @model_validator(mode="after")
    def _judged_by_pictures(self) -> StudySpec:
        needing = {
            "evaluator": self.evaluator if self.evaluator in ON_PICTURES else None,
            "epochs": self.epochs,
            "efficient": self.efficient or None,
        }
        of_each = {"trainings": (self.trainings, 1), "fidelity": (self.fidelity, "epochs")}
        for key, (asked, usual) in of_each.items():
            if asked != usual and self.evaluator not in TRAINED[1:]:
                rule = f"needs an `evaluator` that trains each network, {' or '.join(TRAINED[1:])}"
                raise _fault(key, rule, repr(asked))
        for key, value in needing.items():
            if self.data is None and value is not None:
                raise _fault(key, "needs `data`: the pictures to train on", repr(value))
        if self.data is not None and self.evaluator not in (None, *ON_PICTURES):
            rule = f"must be one of {', '.join(ON_PICTURES)} where `data` is given"
            raise _fault("evaluator", rule, repr(self.evaluator))
        aim = usual_objectives(self.evaluator)[0]
        if self.data is not None and aim not in self.objectives:
            rule = f"needs {aim} among the objectives: it is what pictures are for"
            raise _fault("data", rule, f"objectives {', '.join(self.objectives)}")
        return self

    def stored(self) -> dict[str, Any]:
        """The study as plain JSON, without limits that are not set."""
        return {**self.model_dump(mode="json"), "limits": self.limits.given()}


def usual_objectives(evaluator: str | None) -> tuple[str, ...]:
    """What is aimed for where nothing else is said."""
    return "proxy_score" if evaluator in SCORING else "accuracy", "latency_ms"


def _fault(path: str, rule: str, received: str, close: str | None = None) -> SchemaRuleError:
    return SchemaRuleError(Problem(path, rule, received, close))


def changed_keys(stored: Mapping[str, Any], asked: Mapping[str, Any]) -> list[str]:
    """The keys in which a stored study asked for something else.

    Stored by an earlier version, a study lacks the keys that came since, lists limits that are not
    set, and has the number of evaluations that was then the default written out.
    """
    before, now = _complete(stored), _complete(asked)
    counts = before.get("evaluations"), now.get("evaluations")
    if "search" not in stored and counts == (_FORMER_EVALUATIONS, None):
        before["evaluations"] = None
    return sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))


def _complete(spec: Mapping[str, Any]) -> dict[str, Any]:
    own = {key: value for key, value in spec.items() if key in StudySpec.model_fields}
    try:
        return {**spec, **check(own, StudySpec, "stored study").stored()}
    except DeclarationError:  # By a later version: compared as it stands.
        return dict(spec)


def study_names() -> list[str]:
    """Names of the shipped study files."""
    return sorted(file.stem for file in folder("studies").glob("*.yaml"))


def load_study(name: str) -> StudySpec:
    """A study file by path, or a shipped one by name.

    Raises:
        UnknownNameError: if it is neither.
        DeclarationError: with every fault in the file.
    """
    if name in study_names():
        return load(folder("studies") / f"{name}.yaml", StudySpec)
    if name.endswith((".yaml", ".yml")) or Path(name).is_file():
        return load(Path(name), StudySpec)
    raise UnknownNameError("study file", name, study_names())


def study_from_options(options: Mapping[str, object]) -> StudySpec:
    """A study from options named as the keys of a study file."""
    return check(dict(options), StudySpec, "command line")
