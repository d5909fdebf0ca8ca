"""A process that drives a study → the study's account of what that takes, kept in the store.

What an evaluation took is recorded with it. An account has the rest: what the driver itself does,
and the work before the first network. Where counters count, they count the whole machine, and so
its evaluations too: how much device time of evaluations an energy covers is in the account, that
nothing is counted twice.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, final

from nas.accuracy.evaluator import OnPreparation, Prepared
from nas.ledger.counters import CPU_ENERGY, GPU_ENERGY, Counters, Spending, find_counters
from nas.search.outcome import Outcome
from nas.search.plan import Plan
from nas.search.problem import Problem
from nas.store.accounts import accounts, save_account
from nas.store.leases import Lease
from nas.store.records import AccountRecord, StudyRecord
from nas.store.store import Store

Purpose = Literal["preparation", "search"]

_BETWEEN_SAVES_S = 5.0
_DRAWN = 2_000  # networks that tell how much of a space is over the limits


@final
class DriverAccount:
    """What this process spends on a study; used from one thread.

    Args:
        store: Where the account is kept.
        study: The study.
        lease: The right to write to it.
        plan: How it is searched.
        counters: Those of this machine.
        about: What else is to be known of it, as JSON.
    """

    def __init__(
        self,
        store: Store,
        study: StudyRecord,
        *,
        lease: Lease,
        plan: Plan,
        counters: Counters,
        about: Mapping[str, Any],
    ) -> None:
        self._store, self._study_id, self._lease = store, study.id, lease
        self._within, self._counters = plan.runner != "Ray", counters
        self._about: dict[str, Any] = {"host": platform.node(), "within": self._within}
        self._about |= {**counters.to_json(), **about}
        self._number = len(accounts(store, study.id))
        self._begin("search")

    def _begin(self, purpose: Purpose) -> None:
        self._purpose, self._began_at = purpose, datetime.now(UTC)
        # A cluster that was started here counts as a child once it ended.
        self._spending = Spending(self._counters, children=self._within)
        self._within_cpu_s, self._covered = 0.0, {"cpu_s": 0.0, "gpu_s": 0.0}
        self._saved_at = time.monotonic()

    def prepare(self, evaluator: Prepared, on_progress: OnPreparation) -> None:
        """Let an evaluator do its work before the first network, on an account of its own."""
        self._turn("preparation")

        def heard(doing: str, share: float) -> None:
            self.save()
            on_progress(doing, share)

        self._about = {**self._about, "prepared": dict(evaluator.prepare(heard))}
        self._turn("search")
        self._about = {key: self._about[key] for key in self._about if key != "prepared"}

    def _turn(self, purpose: Purpose) -> None:
        self.save(now=True)
        self._number += 1
        self._begin(purpose)

    def heard(self, outcomes: Sequence[Outcome]) -> None:
        """Evaluations are on record, with what they took."""
        for outcome in outcomes:
            if self._within:
                self._within_cpu_s += outcome.spent.get("cpu_s", 0.0)
            if outcome.here:
                for unit in self._covered:
                    self._covered[unit] += outcome.spent.get(unit, 0.0)
        self.save()

    def save(self, *, now: bool = False) -> None:
        """Store what was spent so far, at most every few seconds unless it must be now.

        Raises:
            StoreError: if it cannot be stored, or another process took the study over.
        """
        if not now and time.monotonic() - self._saved_at < _BETWEEN_SAVES_S:
            return
        account = AccountRecord(
            self._number, self._purpose, self._began_at, datetime.now(UTC),
            self._spent(), self._about,
        )  # fmt: skip
        save_account(self._store, self._study_id, account, lease=self._lease)
        self._saved_at = time.monotonic()

    def _spent(self) -> dict[str, float]:
        spent = self._spending.read()
        spent["cpu_s"] = max(spent["cpu_s"] - self._within_cpu_s, 0.0)
        if self._purpose == "search":  # Evaluations say themselves what they took of a GPU.
            spent.pop("gpu_s", None)
        if not (spent.get("gpu_s") or self._covered["gpu_s"]):
            spent.pop(GPU_ENERGY, None)  # It was idle, or at work for others.
        for unit, energy in (("cpu_s", CPU_ENERGY), ("gpu_s", GPU_ENERGY)):
            if energy in spent:
                spent[f"covered_{unit}"] = self._covered[unit]
        return spent


def open_account(
    store: Store,
    study: StudyRecord,
    problem: Problem,
    plan: Plan,
    *,
    lease: Lease,
    grid: str | None,
) -> DriverAccount:
    """An account of what this process spends from now on."""
    about: dict[str, Any] = {} if grid is None else {"grid": grid}
    if plan.runner != "direct" and problem.limits:
        drawn = problem.space.sample(_DRAWN, seed=0)
        about["over_limit_share"] = float(1 - problem.fits(drawn).mean())
    counters = find_counters()
    return DriverAccount(store, study, lease=lease, plan=plan, counters=counters, about=about)
