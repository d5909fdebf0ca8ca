"""Documents and stored studies → specs of studies, and how their evaluations are run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nas.accuracy.external import ExternalEvaluator
from nas.declarations import check
from nas.search.plan import Workers
from nas.search.problem import Problem
from nas.search.study import StudySpec
from nas.store import StudyRecord


def asked_spec(document: Mapping[str, Any]) -> StudySpec:
    """The study that a request asks for.

    Raises:
        DeclarationError: with every fault.
    """
    return check(dict(document), StudySpec, "request")


def stored_spec(study: StudyRecord) -> StudySpec:
    """What a stored study asked for.

    Raises:
        DeclarationError: if a later version of this package wrote it.
    """
    own = {key: value for key, value in study.spec.items() if key in StudySpec.model_fields}
    return check({**own, "name": study.name}, StudySpec, f"study {study.name}")


def workers_for(problem: Problem, address: str | None) -> Workers:
    """How its evaluations are run: on the cluster, where they take one network at a time."""
    external = isinstance(problem.evaluator, ExternalEvaluator)
    return Workers(address=address if external else None)
