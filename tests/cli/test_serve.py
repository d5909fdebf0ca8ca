"""`nas serve` as a process: it says where it is, answers, and ends when it is told to."""

from __future__ import annotations

import signal
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import Run, Start
from tests.waiting import PATIENCE_S


def test_an_interrupt_ends_it_with_success(start: Start, tmp_path: Path) -> None:
    process = start("serve", "--port", "0", cwd=tmp_path)
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    assert address.startswith("http://127.0.0.1:"), address
    assert httpx.get(f"{address}api/v1/studies").json()["total"] == 0
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, said
    assert "searches go on" in said and "Traceback" not in said


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_others_are_not_let_in_without_a_token(run: Run, host: str) -> None:
    done = run("serve", "--host", host)
    assert done.code == 2
    assert "token" in done.err and not done.out


def test_a_token_is_made_said_and_wanted(start: Start, tmp_path: Path) -> None:
    options = ("serve", "--port", "0", "--host", "0.0.0.0", "--token-file", "token")
    process = start(*options, cwd=tmp_path)
    assert process.stdout is not None
    port = process.stdout.readline().strip(" /\n").rpartition(":")[2]
    studies = f"http://127.0.0.1:{port}/api/v1/studies"
    assert httpx.get(studies).status_code == 401
    token = (tmp_path / "token").read_text().strip()
    allowed = httpx.get(studies, headers={"Authorization": f"Bearer {token}"})
    assert allowed.status_code == 200 and "server" not in allowed.headers
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=PATIENCE_S)[1]
    assert process.returncode == 0
    assert token in said.splitlines()


def test_a_token_that_others_may_read_is_refused(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("a-token-for-tests-only")
    file.chmod(0o644)
    done = run("serve", "--token-file", file)
    assert done.code == 2 and "chmod 600" in done.err
    assert "a-token" not in done.err
