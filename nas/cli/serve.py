"""`nas serve`: options → the service, until it is interrupted."""

from __future__ import annotations

import socket
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nas.cli.options import DEFAULT_DATABASE, Database
from nas.cli.output import note
from nas.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from nas.service.settings import Settings

_GRACE_S = 3
"""How long answers that are under way may take once the server is to end."""


def serve(
    host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Where to listen; all but this machine's own need --token-file.",
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port to listen on; 0 for any that is free.")
    ] = 8420,
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The token that callers must know; a file that does not exist is made.",
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="A name by which people reach this server; may be repeated."
        ),
    ] = None,
    data_root: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FOLDER",
            help="Where spaces, tables and lists that people name must lie; may be repeated.",
        ),
    ] = None,
    allow_evaluators: Annotated[
        bool,
        typer.Option("--allow-evaluators", help="Let people run evaluators that are code."),
    ] = False,
    address: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="A Ray cluster for evaluators that train."),
    ] = None,
    searches: Annotated[
        int, typer.Option(min=1, help="The most searches at a time on this machine.")
    ] = 8,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Serve the page and the API, so that people search and browse without a command line.

    Searches run in processes of their own: they go on when the server ends, and the next one
    finds them again.

    Example: nas serve

    Example: nas serve --db studies.db --data-root ~/spaces --port 9000

    Example: nas serve --host 0.0.0.0 --token-file ~/nas-token
    """
    if any(find_spec(package) is None for package in ("fastapi", "uvicorn", "dash")):
        raise MissingExtraError("`nas serve`", "serve")
    from nas.service.settings import Settings

    settings = Settings(
        database=db,
        host=host,
        port=port,
        token=_token(token_file),
        allowed_hosts=tuple(name.lower().rstrip(".") for name in allow_host or ()),
        data_roots=tuple(data_root or ()),
        allow_evaluators=allow_evaluators,
        address=address,
        most_searches=searches,
    )
    _serve(settings)


def _token(file: Path | None) -> str | None:
    """What callers must know; said when it is made."""
    from nas.service.token_file import token_of

    if file is None:
        return None
    token, fresh = token_of(file)
    if fresh:
        note(f"callers must know this token, which is kept in {file}:")
        note(token)
    return token


def _serve(settings: Settings) -> None:
    from nas.service.app import make_app
    from nas.service.server import Server

    listener = _listen(settings)
    port = listener.getsockname()[1]
    app = make_app(settings)
    shown = f"[{settings.host}]" if ":" in settings.host else settings.host
    print(f"http://{shown}:{port}/", flush=True)
    with suppress(KeyboardInterrupt):  # raised again after everything has been closed
        Server(app, server_header=False, timeout_graceful_shutdown=_GRACE_S).run(
            sockets=[listener]
        )
    note("the server has ended; searches go on, and `nas watch` or `nas serve` shows them")


def _listen(settings: Settings) -> socket.socket:
    """A socket that listens, before anything else is made.

    Raises:
        InputError: if the address is none of this machine, or the port is in use.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise InputError(
            "`--host` and `--port` must be an address of this machine with a port that nobody "
            f"uses; {settings.host}:{settings.port}: {error.strerror or error}; give another "
            "--port, or 0 for any that is free"
        ) from None
    return listener
