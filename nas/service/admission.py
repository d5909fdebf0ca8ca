"""Tokens and cookies → whether a caller is let in, however often it guesses.

A session is an expiry and a random name under a seal that is derived from the token: it holds
after a restart of the server, ends when the token changes, and does not tell the token. Sessions
that people end are remembered until they would have expired, or the server ends.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network
from typing import final

from nas.errors import BusyError

SESSION_S = 14 * 24 * 3600
"""How long a session lasts."""

GUESSES = 10
"""How many wrong tokens one address may give at once."""

GUESS_EVERY_S = 6.0
"""After how long it may give one more."""

_MOST_ADDRESSES = 4096

Clock = Callable[[], float]


@final
class Admission:
    """Who knows the token; only the event loop asks.

    Args:
        token: What callers must know.
        clock: The time of day in seconds.
    """

    def __init__(self, token: str, *, clock: Clock = time.time) -> None:
        self._token = token.encode()
        self._clock = clock
        self._guesses = _Guesses(clock)
        self._ended: dict[str, float] = {}
        # Browsers send cookies to every port of a host: each token has a name of its own.
        self.cookie = f"nas-{self._seal('name of the cookie')[:8]}"

    def knows(self, token: str, address: str) -> bool:
        """Whether a caller at an address gives the token.

        Raises:
            BusyError: if too many wrong ones came from there.
        """
        self._guesses.check(address)
        if hmac.compare_digest(token.encode(), self._token):
            return True
        self._guesses.count(address)
        return False

    def begin(self) -> str:
        """A new session."""
        named = f"{int(self._clock()) + SESSION_S}.{secrets.token_urlsafe(18)}"
        return f"{named}.{self._seal(f'session {named}')}"

    def holds(self, session: str) -> bool:
        """Whether a session is one of ours that still lasts."""
        named, _, seal = session.rpartition(".")
        genuine = hmac.compare_digest(self._seal(f"session {named}").encode(), seal.encode())
        return genuine and self._expiry(named) > self._clock() and named not in self._ended

    def end(self, session: str) -> None:
        """Let a session hold no longer."""
        if not self.holds(session):
            return
        now = self._clock()
        self._ended = {one: until for one, until in self._ended.items() if until > now}
        named = session.rpartition(".")[0]
        self._ended[named] = self._expiry(named)

    def _expiry(self, named: str) -> float:
        return float(named.partition(".")[0])

    def _seal(self, text: str) -> str:
        return hmac.digest(self._token, f"nas {text}".encode(), "sha256").hex()


class _Guesses:
    """Wrong tokens by address; each is forgotten after a while."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: OrderedDict[str, float] = OrderedDict()

    def check(self, address: str) -> None:
        """Refuse an address that gave too many.

        Raises:
            BusyError: saying when to come again.
        """
        over_s = self._until.get(_place(address), 0.0) - self._clock()
        if over_s > (GUESSES - 1) * GUESS_EVERY_S:
            raise BusyError(
                f"at most {GUESSES} wrong tokens may come from one address at once; got one more; "
                f"try again in {GUESS_EVERY_S:g} seconds"
            )

    def count(self, address: str) -> None:
        """Remember one."""
        place, now = _place(address), self._clock()
        self._until[place] = max(self._until.pop(place, now), now) + GUESS_EVERY_S
        while len(self._until) > _MOST_ADDRESSES:
            self._until.popitem(last=False)


def _place(address: str) -> str:
    """An address as far as one caller has it: who has an IPv6 address has 2⁶⁴ of them."""
    try:
        if isinstance(ip_address(address), IPv6Address):
            return str(ip_network(f"{address}/64", strict=False))
    except ValueError:  # a Unix socket has none
        pass
    return address
