"""`nas serve` as a process: it says where it is, answers, and ends when it is told to."""

from __future__ import annotations

import signal
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import Run, Start


def test_an_interrupt_ends_it_with_success(start: Start, tmp_path: Path) -> None:
    process = start("serve", "--port", "0", cwd=tmp_path)
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    assert address.startswith("http://127.0.0.1:"), address
    assert httpx.get(f"{address}api/v1/studies").json()["total"] == 0
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 0, said
    assert "searches go on" in said and "Traceback" not in said


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_others_are_not_let_in_without_a_token(run: Run, host: str) -> None:
    done = run("serve", "--host", host)
    assert done.code == 2
    assert "token" in done.err and not done.out
