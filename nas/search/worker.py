"""The text of a network → reports on it, one a step, in a Ray worker process.

Workers know nothing of studies and stores: they are sent plain text and numbers, and give plain
numbers back.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ray import tune

from nas.accuracy.attempt import attempt
from nas.accuracy.evaluator import Report
from nas.accuracy.external import ExternalEvaluator
from nas.accuracy.named import make_again
from nas.errors import EvaluationFailedError, EvaluatorError, PicturesError
from nas.search.workplace import checkpoints, note_report, noted_reports
from nas.space.architecture import parse


class NetworkTrainable(tune.Trainable):
    """Evaluates one network after the other; each step gives one report.

    The configuration of a network has its text `network`, the `evaluator` by name, the `seed`,
    the `folder` where its work is kept, how many `gpus` it has, and `here` and `path`: where the
    search was started, and where modules are found there.
    """

    _evaluator: ExternalEvaluator | None = None
    _gpus = 1.0

    def setup(self, config: dict[str, Any]) -> None:
        """Begin with the first network of this worker."""
        self._reports = self._begin(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Begin with the next network."""
        self._reports = self._begin(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """Work until the next report; a failure is a result as any other."""
        try:
            report = next(self._reports)
        except EvaluationFailedError as error:
            return {"failed": str(error), "spent": self._with_gpus(error.spent), "done": True}
        except (EvaluatorError, PicturesError) as error:
            return {"failed": str(error), "spent": {}, "done": True}
        return {
            "share": report.share,
            "accuracy": report.accuracy,
            "spent": self._with_gpus(report.spent),
            "done": report.share == 1,
        }

    def _with_gpus(self, spent: Mapping[str, float]) -> dict[str, float]:
        """The same with the time of the GPUs that were asked for: a part of one, or several."""
        return {key: n * (self._gpus if key == "gpu_s" else 1) for key, n in spent.items()}

    def _begin(self, config: dict[str, Any]) -> Iterator[Report]:
        place = Path(config["folder"])
        self._gpus = config["gpus"] or 1.0
        if noted := noted_reports(place):
            yield from noted
            return
        with suppress(OSError):  # Another machine may have no such folder.
            os.chdir(config["here"])
        if self._evaluator is None or self._evaluator.name != config["evaluator"]:
            sys.path += [entry for entry in config["path"] if entry not in sys.path]
            self._evaluator = make_again(config["evaluator"])
        network, seed = parse(config["network"]), config["seed"]
        for report in attempt(self._evaluator, network, seed=seed, folder=checkpoints(place)):
            note_report(place, report)
            yield report
