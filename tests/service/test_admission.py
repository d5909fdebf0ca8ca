"""Who is let in: by the token or a session, for as long as either holds, and not by guessing."""

from __future__ import annotations

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.errors import BusyError
from nas.service import admission as module
from nas.service.admission import GUESS_EVERY_S, GUESSES, SESSION_S, Admission

TOKEN = "a-token-for-tests-only"


class Hours:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hours() -> Hours:
    return Hours()


@pytest.fixture
def admission(hours: Hours) -> Admission:
    return Admission(TOKEN, clock=hours)


@given(st.text())
def test_only_the_token_is_known(text: str) -> None:
    assert Admission(TOKEN).knows(text, "a") is (text == TOKEN)


def test_a_session_holds_until_it_expires_or_ends(admission: Admission, hours: Hours) -> None:
    session, other = admission.begin(), admission.begin()
    assert session != other and TOKEN not in session
    assert admission.holds(session)
    admission.end(session)
    assert not admission.holds(session) and admission.holds(other)
    hours.now += SESSION_S - 1
    assert admission.holds(other)
    hours.now += 2
    assert not admission.holds(other)


def test_sessions_outlive_the_server_and_not_the_token(hours: Hours) -> None:
    session = Admission(TOKEN, clock=hours).begin()
    assert Admission(TOKEN, clock=hours).holds(session)
    other = Admission(TOKEN + "2", clock=hours)
    assert not other.holds(session)
    assert other.cookie != Admission(TOKEN).cookie


@pytest.mark.parametrize("forged", ["", ".", "..", "1.2.3", "9999999999.x.", "é.é.é", TOKEN])
def test_what_is_no_session_does_not_hold(admission: Admission, forged: str) -> None:
    assert not admission.holds(forged)
    admission.end(forged)


@given(place=st.integers(0, 200), sign=st.characters(codec="latin-1"))
def test_a_changed_session_does_not_hold(place: int, sign: str) -> None:
    admission = Admission(TOKEN)
    session = admission.begin()
    place %= len(session)
    changed = session[:place] + sign + session[place + 1 :]
    assert admission.holds(changed) is (changed == session)


def test_guesses_of_an_address_are_few(admission: Admission, hours: Hours) -> None:
    for _ in range(GUESSES):
        assert not admission.knows("wrong", "192.0.2.1")
    for guess in ("wrong", TOKEN):
        with pytest.raises(BusyError, match="one address"):
            admission.knows(guess, "192.0.2.1")
    assert admission.knows(TOKEN, "192.0.2.2"), "others are not kept out"
    hours.now += GUESS_EVERY_S
    assert not admission.knows("wrong", "192.0.2.1")
    with pytest.raises(BusyError):
        admission.knows(TOKEN, "192.0.2.1")
    hours.now += GUESS_EVERY_S
    assert admission.knows(TOKEN, "192.0.2.1")


def test_all_addresses_of_one_network_guess_together(admission: Admission) -> None:
    for number in range(GUESSES):
        admission.knows("wrong", f"2001:db8::{number:x}")
    with pytest.raises(BusyError):
        admission.knows("wrong", "2001:db8::ffff")
    assert not admission.knows("wrong", "2001:db8:0:1::1")


def test_what_is_remembered_is_bounded(admission: Admission) -> None:
    for number in range(module._MOST_ADDRESSES + 50):
        admission.knows("wrong", str(number))
    assert len(admission._guesses._until) == module._MOST_ADDRESSES


def test_secrets_are_compared_in_constant_time(
    admission: Admission, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return False

    session = admission.begin()
    monkeypatch.setattr(hmac, "compare_digest", compare)
    assert not admission.knows(TOKEN, "a"), "nothing but this comparison lets in"
    assert not admission.holds(session)
    assert len(compared) == 2
    assert compared[0] == (TOKEN.encode(), TOKEN.encode())
    assert compared[1][0] == compared[1][1]
