"""A transaction that a passing fault stopped → the same one again, until it is through."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from nas.errors import StoreUnavailableError

PATIENCE_S = 60.0
"""How long an evaluation waits for a server that restarts, or for another writer."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 2.0
_log = logging.getLogger("nas.store")


def persist(attempt: Callable[[bool], None], *, patience_s: float) -> None:
    """Make an attempt until it succeeds, its fault does not pass, or the patience is over.

    Says once that it waits, as a warning of the logger `nas.store`.

    Args:
        attempt: Is told whether one was made before: that one may have been carried out after
            all, when the connection broke between the commit and the answer.
        patience_s: Counted from now.

    Raises:
        StoreError: as the last attempt did.
    """
    deadline, pause_s, again = time.monotonic() + patience_s, _FIRST_PAUSE_S, False
    while True:
        try:
            attempt(again)
            return
        except StoreUnavailableError as error:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise
            if not again:
                _log.warning("%s; trying again for up to %.0f s", error, left_s)
        again = True
        time.sleep(min(pause_s, left_s))
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
