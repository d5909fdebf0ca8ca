"""What `nas serve` was told → Settings: the one value that every part of the service reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from nas.errors import InputError
from nas.resources import own_folder

DEFAULT_PORT = 8420


@dataclass(frozen=True, slots=True)
class Settings:
    """How the service runs.

    Args:
        database: Where studies are: a SQLite file, or a PostgreSQL URL.
        host: The address to listen on.
        port: The port to listen on; 0 for any that is free.
        token: What a caller must know; None where only this machine can ask.
        allowed_hosts: Names of this server in requests, besides those of this machine.
        data_roots: Folders under which files that a request names must lie.
        models_folder: Where calibrated models go.
        allow_evaluators: Whether a request may name an evaluator that is code.
        address: Of a Ray cluster on which slow evaluators run.
        most_searches: That may run on this machine at a time.
        most_body_bytes: Of a request without an upload.
        most_upload_bytes: Of a request with an upload.
        body_within_s: How long the head, and the body, of a request may take to arrive.
    """

    database: str = "nas.db"
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    token: str | None = field(default=None, repr=False)
    allowed_hosts: tuple[str, ...] = ()
    data_roots: tuple[Path, ...] = ()
    models_folder: Path = field(default_factory=lambda: own_folder("latency_models"))
    allow_evaluators: bool = False
    address: str | None = None
    most_searches: int = 8
    most_body_bytes: int = 2**20
    most_upload_bytes: int = 2**26
    body_within_s: float = 60.0

    def __post_init__(self) -> None:
        """Refuse to be asked by other machines without a token.

        Raises:
            InputError: saying how to give one.
        """
        if self.token is None and not self.loopback:
            raise InputError(
                "`--token-file` must be given to be reached from other machines; got --host "
                f"{self.host} alone; name a file that does not exist, and a token is made"
            )

    @property
    def loopback(self) -> bool:
        """Whether only this machine can ask."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether an address to listen on can be reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
