"""Calibrations: a measurement log becomes a model of a device."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, UploadFile
from pydantic import Field

from nas.graph.network import Precision
from nas.service.api.parts import SettingsPart, StorePart, WorkshopsPart
from nas.service.api.uploads import uploaded_bytes
from nas.service.calibration import Upload, calibrated
from nas.service.schemas.calibrations import CalibrationOut

router = APIRouter(prefix="/calibrations", tags=["devices"])

_Name = Annotated[str | None, Form(), Field(max_length=100)]
_Count = Annotated[int | None, Form(), Field(ge=1, le=999_999_999)]
_Words = Annotated[str, Form(), Field(max_length=500)]


@router.post("", status_code=201, summary="Calibrate a device")
def calibrate_device(
    file: UploadFile,
    settings: SettingsPart,
    store: StorePart,
    workshops: WorkshopsPart,
    device: _Name = None,
    runtime: _Name = None,
    precision: Annotated[Precision | None, Form()] = None,
    batch: _Count = None,
    threads: _Count = None,
    source: _Words = "own measurements",
    licence: _Words = "unstated",
    force: Annotated[bool, Form()] = False,
) -> CalibrationOut:
    """Fit a CSV with columns network, latency_ms and, if known, energy_mj; plain or gzipped.

    What the log has columns for need not be given: device, runtime, precision, batch, threads.
    A network is a reference name, architecture text, an id, or a shipped space with choices.
    A model that exists is replaced only with `force`.
    """
    options = {
        "device": device or None,
        "runtime": runtime or None,
        "precision": precision and precision.value,
        "batch": None if batch is None else str(batch),
        "threads": None if threads is None else str(threads),
    }
    upload = Upload(uploaded_bytes(file, settings), options, source, licence, force)
    return CalibrationOut.of(
        calibrated(workshops.calibrations, upload, settings.models_folder, store)
    )
