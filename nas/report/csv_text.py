"""FrontView → CSV."""

from __future__ import annotations

import csv
import io

from nas.report.front import FrontView


def csv_text(view: FrontView) -> str:
    """The front as CSV: the objectives, the id and the text of every network on it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [objective.name for objective in view.objectives]
    writer.writerow([*names, "id", "architecture"])
    for point in view.front:
        writer.writerow([*(repr(point.values[name]) for name in names), point.id, point.text])
    return text.getvalue()
