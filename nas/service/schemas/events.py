"""What events say: each names its study."""

from __future__ import annotations

from pydantic import BaseModel

from nas.report.front import Point
from nas.service.schemas.studies import ProgressOut, StudyOut
from nas.service.searches import State


class FrontPoint(BaseModel):
    """A network on a front; `number` is its place in the study."""

    number: int
    id: str
    values: dict[str, float]

    @classmethod
    def of(cls, point: Point) -> FrontPoint:
        """From a view."""
        return cls.model_construct(number=point.number, id=point.id, values=dict(point.values))


class StudySnapshot(BaseModel):
    """`snapshot` of one study: what it is now, and its front."""

    study: StudyOut
    progress: ProgressOut
    front: list[FrontPoint]


class StudiesSnapshot(BaseModel):
    """`snapshot` of all studies, newest first."""

    studies: list[StudyOut]


class ProgressEvent(BaseModel):
    """`progress`: how far a study is."""

    study: str
    progress: ProgressOut


class FrontEvent(BaseModel):
    """`front`: what joined and what left a front that now has `size` networks."""

    study: str
    size: int
    added: list[FrontPoint]
    removed: list[str]


class StateEvent(BaseModel):
    """`state`: what becomes of a study now, and why it failed."""

    study: str
    state: State
    failure: str | None


class DeletedEvent(BaseModel):
    """`deleted`: a study is gone."""

    study: str
