"""Calibrations in responses: the new model and whether more measurements would help."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel

from nas.cost.artefact import read_model
from nas.report.device import model_view
from nas.service.calibration import NewModel
from nas.service.schemas.devices import ModelDetails


class CalibrationOut(BaseModel):
    """A model that was fitted to a log, with its errors on what was held out.

    `more_would_help` says whether the error still falls as networks are added.
    """

    model: ModelDetails
    more_would_help: bool

    @classmethod
    def of(cls, new: NewModel) -> Self:
        """A model as it was written."""
        model = model_view(read_model(new.file))
        return cls(model=ModelDetails.of(model), more_would_help=new.more_helps)
