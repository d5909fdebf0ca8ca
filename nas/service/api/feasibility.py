"""Feasibility: what limits leave of a space before anything is spent."""

from __future__ import annotations

from fastapi import APIRouter

from nas.service.api.parts import OffersPart
from nas.service.schemas.feasibility import FeasibilityOut, Question

router = APIRouter(prefix="/feasibility", tags=["spaces"])


@router.post("", summary="What limits leave of a space")
def ask_feasibility(question: Question, offers: OffersPart) -> FeasibilityOut:
    """The range of every objective, the share of the space within the limits, and the nearest.

    The first question about a space and devices takes seconds; others about the same, with
    whatever limits, a fraction of one.
    """
    return FeasibilityOut.of(offers.ask(question.space, question.devices, question.limits))
