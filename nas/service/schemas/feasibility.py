"""What is feasible: the question and the answer."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from nas.search.feasibility import Range, Share
from nas.service.offers import Answer

Name = Annotated[str, Field(min_length=1, max_length=200)]


class Question(BaseModel):
    """A space, devices, and limits as in a study file."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "example": {
                "space": "mnasnet",
                "devices": ["pixel-3"],
                "limits": {"max_latency_ms": 40, "min_accuracy": 60},
            }
        },
    )

    space: Name
    devices: Annotated[list[Name], Field(min_length=1, max_length=8)]
    limits: Annotated[
        dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]], Field(max_length=32)
    ] = {}


class RangeOut(BaseModel):
    """One objective over a space."""

    least: float
    percentile_5: float
    median: float
    percentile_95: float
    most: float

    @classmethod
    def of(cls, one: Range) -> Self:
        """Its figures."""
        return cls(
            least=one.least,
            percentile_5=one.low,
            median=one.median,
            percentile_95=one.high,
            most=one.most,
        )


class ShareOut(BaseModel):
    """A part of a space, and where the true part is with 95% confidence."""

    share: float
    low: float
    high: float

    @classmethod
    def of(cls, share: Share) -> Self:
        """Its figures."""
        low, high = share.interval
        return cls(share=share.value, low=low, high=high)


class Nearest(BaseModel):
    """The network nearest to the limits, or one within them."""

    id: str
    architecture: str
    values: dict[str, float]


class FeasibilityOut(BaseModel):
    """What a space offers, and what limits leave of it.

    `networks` is the size of the space, as digits. `broken` are the limits that no network was
    found to keep, with what they would have to be; `hopeless` those that cannot be kept even
    alone; `left_out` those that nothing is known of before a network is evaluated. `fixed` are
    choices of which the predictors know one value alone.
    """

    space: str
    networks: str
    devices: list[str]
    exact: bool
    looked_at: int
    ranges: dict[str, RangeOut]
    limits: dict[str, float]
    within: ShareOut
    within_alone: dict[str, ShareOut]
    feasible: bool
    broken: dict[str, float]
    hopeless: list[str]
    left_out: list[str]
    fixed: dict[str, int]
    nearest: Nearest

    @classmethod
    def of(cls, answer: Answer) -> Self:
        """The answer in plain values."""
        problem, found = answer.problem, answer.found
        architecture = problem.space.architecture(found.nearest)
        return cls(
            space=problem.space.name,
            networks=str(problem.space.size),
            devices=list(problem.models),
            exact=found.exact,
            looked_at=found.within.looked_at,
            ranges={name: RangeOut.of(one) for name, one in found.ranges.items()},
            limits=problem.spec.limits.given(),
            within=ShareOut.of(found.within),
            within_alone={key: ShareOut.of(share) for key, share in found.alone.items()},
            feasible=found.feasible,
            broken=dict(found.broken),
            hopeless=list(found.hopeless),
            left_out=list(answer.left_out),
            fixed=dict(problem.fixed),
            nearest=Nearest(
                id=architecture.id, architecture=architecture.text, values=dict(found.needed)
            ),
        )
