"""The bounded processes of the service: where uploads are read, models fitted and files built."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

from nas.service.archives import archive_workers
from nas.service.calibration import calibration_workers
from nas.service.onnx_upload import onnx_workers
from nas.service.workers import Workers


@dataclass(frozen=True, slots=True)
class Workshops:
    """One set of processes for each kind of work; they start when they are first needed.

    Args:
        onnx: Reads uploaded ONNX files.
        archives: Builds exported networks.
        calibrations: Fits models to measurement logs.
    """

    onnx: Workers
    archives: Workers
    calibrations: Workers

    @classmethod
    def ready(cls) -> Self:
        """Those of a server."""
        return cls(onnx_workers(), archive_workers(), calibration_workers())

    def close(self) -> None:
        """End them."""
        for field in fields(self):
            getattr(self, field.name).close()
