"""What tests record; loads nothing of pytest, so that the processes they start begin quickly."""

from __future__ import annotations

import hashlib
from typing import Any

from nas.pareto import Sense
from nas.store import EvaluationRecord, EvaluationState, ObjectiveRecord

OBJECTIVES = (
    ObjectiveRecord("accuracy", Sense.MAXIMIZE, "%", {"kind": "table", "rows": 15_625}),
    ObjectiveRecord("latency_ms", Sense.MINIMIZE, "ms", {"kind": "predicted", "sha256": "ab"}),
)
SPEC = {"space": "mnasnet", "limits": {"latency_ms": 30.0}, "seeds": [1, 2], "note": None}


def evaluation(number: int, /, **changes: Any) -> EvaluationRecord:
    """A complete evaluation of a network of its own."""
    text = f"image 3x224x224 | conv k3 c{number + 1} | pool | fc c10"
    values: dict[str, Any] = {
        "number": number,
        "architecture_id": hashlib.sha256(text.encode()).hexdigest()[:16],
        "architecture_text": text,
        "choices": {"width": number + 1, "ratio": 0.25, "kind": "conv"},
        "state": EvaluationState.COMPLETE,
        "values": {"accuracy": 70 + number / 7, "latency_ms": 1 / (number + 3)},
    }
    return EvaluationRecord(**values | changes)
