"""Addresses of routes → how long many readers at once wait for them, and how many got no answer.

    python benchmarks/service_readers.py < question.json

Readers are connections that stay open, as those of browsers do. The process does nothing else, so
that what it measures is the server's time and not its own.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import defaultdict
from typing import Any

_WITHIN_S = 60.0


class Reader:
    """One connection that asks the same things in turn.

    Args:
        port: Of the server.
        paths: What it asks for, by name.
        every_s: How long from one question to the next; 0 for no pause.
    """

    def __init__(self, port: int, paths: list[tuple[str, str]], every_s: float) -> None:
        self._port, self._paths, self._every_s = port, paths, every_s
        self.waited: dict[str, list[float]] = defaultdict(list)
        self.lost = 0

    async def read(self, begin: int, until: float) -> None:
        """Ask until the time is up."""
        if self._every_s:  # people do not press their keys at once
            await asyncio.sleep(self._every_s * (begin % 97) / 97)
        reader, writer = await self._connected()
        turn = begin
        while time.monotonic() < until:
            name, path = self._paths[turn % len(self._paths)]
            turn, asked = turn + 1, time.monotonic()
            try:
                async with asyncio.timeout(_WITHIN_S):
                    await _ask(reader, writer, path)
                self.waited[name].append(time.monotonic() - asked)
            except (OSError, EOFError, ValueError, TimeoutError):
                self.lost += 1
                writer.close()
                reader, writer = await self._connected()
            if self._every_s:
                await asyncio.sleep(max(asked + self._every_s - time.monotonic(), 0))
        writer.close()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while True:
            try:
                return await asyncio.open_connection("127.0.0.1", self._port, limit=2**22)
            except OSError:
                self.lost += 1
                await asyncio.sleep(0.2)


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> None:
    """Ask, and read the answer to its end.

    Raises:
        ValueError: if it is not 200.
        EOFError: if it breaks off.
    """
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    if " 200 " not in head.partition("\r\n")[0]:
        raise ValueError(head)
    (length,) = [
        line.partition(":")[2] for line in head.split("\r\n") if line.startswith("content-length")
    ]
    await reader.readexactly(int(length))


async def listen(port: int, path: str, until: float, counts: list[int]) -> None:
    """Listen to events, and count them."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    heard = 0
    while time.monotonic() < until:
        try:
            async with asyncio.timeout(max(until - time.monotonic(), 0.01)):
                line = await reader.readline()
        except TimeoutError:
            break
        if not line or (line.startswith(b"HTTP/1.1 ") and b" 200 " not in line):
            heard = -1  # the stream ended, or never began
            break
        heard += line.startswith(b"event:")
    writer.close()
    counts.append(heard)


async def run(question: dict[str, Any]) -> dict[str, Any]:
    """Let them read, and say what came of it."""
    until, port = time.monotonic() + question["seconds"], question["port"]
    paths = [(str(name), str(path)) for name, path in question["paths"].items()]
    readers = [Reader(port, paths, question["every_s"]) for _ in range(question["readers"])]
    heard: list[int] = []
    listeners = [
        listen(port, question["events"], until, heard) for _ in range(question.get("listeners", 0))
    ]
    asking = [one.read(number, until) for number, one in enumerate(readers)]
    await asyncio.gather(*listeners, *asking)
    waited: dict[str, list[float]] = defaultdict(list)
    for one in readers:
        for name, times in one.waited.items():
            waited[name] += times
    return {"waited": waited, "lost": sum(one.lost for one in readers), "heard": heard}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(json.load(sys.stdin)))))
