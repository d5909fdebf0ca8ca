"""Limits in words: what they mean, and what is said about those that mean nothing."""

from __future__ import annotations

import pytest

from nas.errors import InputError
from nas.search.limits import parse_limit, parse_limits
from nas.search.objectives import OBJECTIVES, find_objective


@pytest.mark.parametrize(
    ("text", "key", "bound"),
    [
        ("latency_ms<=30", "max_latency_ms", 30),
        (" latency_ms@raspberry-pi-4 <= 0.1 s ", "max_latency_ms@raspberry-pi-4", 100),
        ("latency_ms=<30ms", "max_latency_ms", 30),
        ("max_latency_ms<30", "max_latency_ms", 30),
        ("energy_mj<2.5J", "max_energy_mj", 2500),
        ("peak_memory_bytes<=2MiB", "max_peak_memory_bytes", 2 * 2**20),
        ("peak_memory_bytes<=2MB", "max_peak_memory_bytes", 2e6),
        ("macs<=300M", "max_macs", 3e8),
        ("parameters<=4_000_000", "max_parameters", 4e6),
        ("macs<=3e8", "max_macs", 3e8),
        ("train_time_s<=2h", "max_train_time_s", 7200),
        ("accuracy>=70", "min_accuracy", 70),
        ("accuracy>=70.5%", "min_accuracy", 70.5),
    ],
)
def test_a_limit_in_words(text: str, key: str, bound: float) -> None:
    assert parse_limit(text) == (key, pytest.approx(bound))


@pytest.mark.parametrize(
    "name", [*(name for name in OBJECTIVES if name != "proxy_score"), "latency_ms@zc706"]
)
def test_every_objective_but_a_score_can_be_limited(name: str) -> None:
    objective = find_objective(name)
    sign = ">=" if objective.limit_name.startswith("min_") else "<="
    assert parse_limit(f"{name}{sign}1.5") == (objective.limit_name, 1.5)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("latency_ms", ["<= or >=", "'latency_ms'", "latency_ms<=30"]),
        ("", ["<= or >=", "''"]),
        ("30>=latency_ms", ["'30'", "latency_ms"]),
        ("latency<=30", ["'latency'", "did you mean 'latency_ms'"]),
        ("macs@zc706<=30", ["'macs@zc706'", "latency_ms@DEVICE"]),
        ("latency_ms>=30", ["better when it is less", "write latency_ms<=30"]),
        ("latency_ms=30", ["written with <=", "write latency_ms<=30"]),
        ("accuracy<=70", ["better when it is more", "write accuracy>=70"]),
        ("latency_ms<=fast", ["must be a number", "ms, s, us", "'latency_ms<=fast'"]),
        ("latency_ms<=nan", ["must be a number"]),
        ("latency_ms<=30kg", ["one of ms, s, us", "'kg'"]),
        ("peak_memory_bytes<=2mib", ["'mib'", "did you mean MiB?"]),
        ("proxy_score>=3", ["`proxy_score` cannot have a limit", "limit what networks cost"]),
        ("latency_ms<=0", ["above 0", "'latency_ms<=0'"]),
        ("latency_ms<=-3", ["above 0"]),
        ("macs<=1e999", ["finite"]),
    ],
)
def test_what_is_no_limit_is_refused(text: str, words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        parse_limit(text)
    for word in words:
        assert word in str(caught.value)


def test_a_limit_is_given_once() -> None:
    assert parse_limits(["latency_ms<=30", "latency_ms@zc706<=3"]) == {
        "max_latency_ms": 30,
        "max_latency_ms@zc706": 3,
    }
    with pytest.raises(InputError, match="`max_latency_ms` may be given once; got 30 and 40"):
        parse_limits(["latency_ms<=30", "latency_ms<=40"])
