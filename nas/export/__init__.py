"""A chosen network → a folder of files that stand alone; importing this needs no torch."""

from __future__ import annotations

from nas.export.bundle import ExportReport, export
from nas.export.readme import ReportedObjective
from nas.export.weights import PictureWeights

__all__ = ["ExportReport", "PictureWeights", "ReportedObjective", "export"]
