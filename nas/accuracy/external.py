"""`package.module:factory` → an evaluator of one's own, checked before anything is spent.

A worked example, in `train.py`:

    class Training:
        cost_s = 3600.0
        provenance = {"kind": "trained", "data": "my images, revision 3", "epochs": 10}

        def evaluate(self, architecture, *, seed, folder):
            model, first = restore(nas.build(architecture), folder)
            for epoch in range(first, 10):
                train_one_epoch(model, seed)
                save(model, epoch + 1, folder)
                yield nas.Report((epoch + 1) / 10, validate(model))

    def training():
        return Training()

`nas search ... --evaluator train:training` then runs it on Ray workers, several at a time.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast, final

from nas.accuracy.evaluator import NetworkEvaluator, Report
from nas.errors import EvaluatorError, did_you_mean
from nas.space.architecture import Architecture

_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_EXAMPLE = "such as train:training for `def training()` in train.py"


@final
@dataclass(frozen=True)
class ExternalEvaluator:
    """A `NetworkEvaluator` that another process can make again from its name.

    Args:
        name: `package.module:factory`, or a task on pictures as JSON.
        made: The evaluator in this process.
    """

    name: str
    made: NetworkEvaluator = field(compare=False)

    @property
    def provenance(self) -> Mapping[str, Any]:
        """JSON for the store: what its author says, and its name."""
        return {"kind": "evaluated", "evaluator": self.name, **self.made.provenance}

    @property
    def cost_s(self) -> float:
        """What one evaluation is declared to cost, in seconds."""
        return float(self.made.cost_s)

    def evaluate(self, architecture: Architecture, *, seed: int, folder: Path) -> Iterator[Report]:
        """Work on a network, with a report after each part."""
        return self.made.evaluate(architecture, seed=seed, folder=folder)


def load_evaluator(name: str) -> ExternalEvaluator:
    """Import a module, also from the current folder, and call the factory in it.

    Raises:
        EvaluatorError: with the rule, what was found, and the fix.
    """
    if not _NAME.fullmatch(name):
        raise EvaluatorError(
            f"`evaluator` must be PACKAGE.MODULE:FACTORY, {_EXAMPLE}; got {name!r}"
        )
    module_name, _, factory_name = name.partition(":")
    factory = _factory(module_name, factory_name)
    try:
        made = factory()
    except Exception as error:
        raise EvaluatorError(
            f"`evaluator` must be made by calling {name} without arguments; "
            f"that raised {type(error).__name__}: {error}"
        ) from error
    _check(made, name)
    return ExternalEvaluator(name, cast(NetworkEvaluator, made))


def _factory(module_name: str, factory_name: str) -> Any:
    if (here := os.getcwd()) not in sys.path:
        sys.path.insert(0, here)  # As with `python -m`; the command `nas` begins elsewhere.
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise EvaluatorError(
            f"`evaluator` must be in a module that can be imported; {module_name} cannot: "
            f"{type(error).__name__}: {error}; run nas in the folder of the module, or install it"
        ) from error
    factory = getattr(module, factory_name, None)
    if not callable(factory):
        names = [name for name, value in vars(module).items() if callable(value)]
        raise EvaluatorError(
            f"`evaluator` must name a function of {module_name} that gives one; "
            f"got {factory_name!r}{did_you_mean(factory_name, names)}"
        )
    return factory


def _check(made: object, name: str) -> None:
    """Refuse now what would fail, or could not be stored, after hours of work."""
    if not callable(getattr(made, "evaluate", None)):
        raise _wrong(name, "`evaluate(architecture, *, seed, folder)`", made)
    cost_s, provenance = getattr(made, "cost_s", None), getattr(made, "provenance", None)
    if not isinstance(cost_s, int | float) or not 0 <= cost_s < math.inf:
        raise _wrong(name, "`cost_s`, the seconds of one evaluation", cost_s)
    try:
        document = dict(provenance) if isinstance(provenance, Mapping) else {}
        plain = bool(json.dumps(document, allow_nan=False)) and bool(document)
    except (TypeError, ValueError):
        plain = False
    if not plain:
        raise _wrong(name, "`provenance`, plain JSON that says what its numbers are", provenance)


def _wrong(name: str, needed: str, got: object) -> EvaluatorError:
    return EvaluatorError(f"what {name} gives must have {needed}; got {got!r}")
