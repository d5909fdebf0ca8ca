"""An application that is asked in this process, without a network between."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from nas.service.app import make_app
from nas.service.settings import Settings

HOME = "http://127.0.0.1:8420"


@contextmanager
def made(folder: Path, **changes: Any) -> Iterator[FastAPI]:
    """An application over a store of its own."""
    options = {"database": str(folder / "nas.db"), "models_folder": folder / "latency_models"}
    app = make_app(Settings(**{**options, **changes}))
    try:
        yield app
    finally:
        app.state.workshops.close()
        app.state.store.close()


def asked(
    app: FastAPI,
    path: str,
    method: str = "GET",
    *,
    home: str = HOME,
    client: tuple[str, int] = ("127.0.0.1", 50000),
    **request: Any,
) -> httpx.Response:
    """What the application answers to one request."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=app, client=client, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url=home, trust_env=False
        ) as session:
            return await session.request(method, path, **request)

    return asyncio.run(ask())
