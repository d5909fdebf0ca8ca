"""How the tests of the command line run it: in this process, or as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from nas.cli.main import main

_COMMAND = (sys.executable, "-c", "from nas.cli.main import main; main()")


@dataclass(frozen=True)
class Done:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Standard output as JSON, which has no NaN and no infinity."""

        def refuse(word: str) -> None:
            raise AssertionError(f"{word} is not JSON")

        return json.loads(self.out, parse_constant=refuse)


def _heed_interrupts() -> None:
    """A shell starts background jobs deaf to interrupts, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


Run = Callable[..., Done]
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run `nas` in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run_here(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["nas", *map(str, arguments)])
        capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    return run_here


@pytest.fixture(scope="session")
def start(repository: Path) -> Start:
    """Start `nas` as a process of its own; pipes unless told otherwise."""

    def start_process(
        *arguments: object, cwd: Path, command: tuple[str, ...] = _COMMAND, **options: Any
    ) -> subprocess.Popen[str]:
        environment = {**os.environ, "PYTHONPATH": str(repository)}
        for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "NO_COLOR"):
            environment.pop(name, None)
        environment.update(options.pop("env", {}))
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        return subprocess.Popen(
            [*command, *map(str, arguments)],
            cwd=cwd,
            env=environment,
            text=True,
            preexec_fn=_heed_interrupts,
            **pipes,
        )

    return start_process


@pytest.fixture(scope="session")
def studied(tmp_path_factory: pytest.TempPathFactory, start: Start) -> Path:
    """A folder with nas.db, where the study `board` is finished, and its picture front.html."""
    folder = tmp_path_factory.mktemp("studied")
    (folder / "board.yaml").write_text(BOARD, encoding="utf-8")
    process = start("search", "board.yaml", cwd=folder)
    said, complaint = process.communicate(timeout=120)
    assert process.returncode == 0, complaint
    (folder / "said.txt").write_text(said, encoding="utf-8")
    (folder / "complaint.txt").write_text(complaint, encoding="utf-8")
    return folder


BOARD = """
name: board
space: mnasnet
device: jetson-tx2
objectives: [accuracy, latency_ms, energy_mj]
limits: {max_latency_ms: 25}
evaluations: 250
seed: 1
"""
