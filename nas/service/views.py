"""A stored study → its front and what surrounds it, kept as long as the store holds the same."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import final

from nas.report.front import FrontView
from nas.report.ledger import LedgerView
from nas.search.progress import Progress
from nas.service.known import KnownStudy
from nas.service.shared import SharedByName
from nas.store import Store, StudyRecord, StudySummary
from nas.store.accounts import accounts

_KEPT_STUDIES = 4
_KEPT_PROGRESS = 1_000

_Counts = tuple[object, ...]


@final
class Views:
    """Fronts of studies; every method may be called from any thread.

    A study only ever gains evaluations, so each is read from the store once. `study` gives one by
    name, as the store does.

    Args:
        store: Where the studies are.
    """

    def __init__(self, store: Store) -> None:
        self.store, self.study = store, SharedByName(store.study)
        self._kept: OrderedDict[int, KnownStudy] = OrderedDict()
        self._progress: OrderedDict[_Counts, Progress] = OrderedDict()
        self._lock = threading.Lock()

    def front(self, name: str, *, until: int | None = None) -> FrontView:
        """The front of a study, with the networks that it dominates.

        A study without a front has a view without points.

        Args:
            name: The study.
            until: As it was after so many evaluations; without it, as it is.

        Raises:
            UnknownNameError: with the names there are.
        """
        study = self.study(name)
        with self._up_to_date(study) as known:
            return known.view(study, until)

    def ready(self, name: str) -> bool:
        """Whether a study was looked at lately, so that its front is told at once.

        Raises:
            UnknownNameError: with the names there are.
        """
        study = self.store.study(name)
        with self._lock:
            known = self._kept.get(study.id)
        return known is not None and known.study.created_at == study.created_at

    def growth(self, name: str) -> list[tuple[int, float]]:
        """How the front of a study grew: after how many evaluations, and its hypervolume.

        Hypervolumes are from 0 to 1, where objectives are scaled to the range of all that was
        evaluated: they compare with those of no other study. At most 500 steps are told.

        Raises:
            UnknownNameError: with the names there are.
        """
        with self._up_to_date(self.study(name)) as known:
            return list(known.growth())

    def ledger(self, name: str) -> LedgerView:
        """What a study took and saved, at what its search was told of the electricity.

        Raises:
            UnknownNameError: with the names there are.
        """
        study = self.study(name)
        kept = accounts(self.store, study.id)
        with self._up_to_date(study) as known:
            return known.ledger(kept)

    def progress(self, summary: StudySummary) -> Progress:
        """How far a study is, as its driver says, or as its rows show without one."""
        driver = summary.driver
        if driver is not None and driver.live and "goal" in driver.progress:
            return Progress.from_json(driver.progress)
        counts = _counts(summary)
        with self._lock:
            progress = self._progress.get(counts)
        if progress is None:
            with self._up_to_date(summary.study) as known:
                progress = known.progress(summary.study)
            with self._lock:
                self._progress[counts] = progress
                while len(self._progress) > _KEPT_PROGRESS:
                    self._progress.popitem(last=False)
        return progress

    @contextmanager
    def _up_to_date(self, study: StudyRecord) -> Iterator[KnownStudy]:
        known, asked = self._known(study), time.monotonic()
        with known.lock:
            if known.read_at <= asked:  # else somebody read on since this was asked for
                known.read_on(self.store)
            yield known

    def _known(self, study: StudyRecord) -> KnownStudy:
        with self._lock:
            known = self._kept.pop(study.id, None)
            if known is None or known.study.created_at != study.created_at:
                known = KnownStudy(study)
            self._kept[study.id] = known
            while len(self._kept) > _KEPT_STUDIES:
                self._kept.popitem(last=False)
            return known


def _counts(summary: StudySummary) -> _Counts:
    """What changes whenever a study that nobody runs does."""
    study = summary.study
    ended = summary.complete, summary.stopped, summary.over_limit, summary.failed
    return study.id, study.created_at, study.finished_at, *ended
