"""A service over a store of its own on a free port, and a client that asks it over HTTP."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from nas.service.app import make_app
from nas.service.server import Server
from nas.service.settings import Settings
from tests.waiting import PATIENCE_S


@contextmanager
def serving(folder: Path, **changes: Any) -> Iterator[httpx.Client]:
    """A client of a service whose database and models lie in a folder."""
    options = {"database": str(folder / "nas.db"), "models_folder": folder / "latency_models"}
    settings = Settings(**{"port": 0, **options, **changes})
    server = Server(make_app(settings), port=settings.port)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server must start"
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}/api/v1", timeout=PATIENCE_S
        ) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


NAS = (sys.executable, "-c", "from nas.cli.main import main; main()")


@contextmanager
def served(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`nas serve` in a process of its own over the store in a folder, and its address."""
    command = (*NAS, "serve", "--port", "0", "--db", str(folder / "nas.db"), *options)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder) as process:
        try:
            assert process.stdout is not None, "it was asked for"
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()
