"""Requests to a server → what it answers, or the error that it answers with.

httpx is loaded when a connection is made, because only the `serve` extra brings it.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, final

from nas.client.sse import Event, events_of
from nas.error_documents import from_document
from nas.errors import MissingExtraError, NasError, ServiceError

if TYPE_CHECKING:
    import httpx

PREFIX = "/api/v1"
SILENCE_S = 35.0
"""Without a word for so long, a stream of events is taken for lost: it has a heart-beat."""

_TRIES = 3
_MOST_PAUSE_S = 5.0
_LATER = (429, 503)


@final
class Connection:
    """The API of a server; it may be used from several threads.

    Args:
        url: Of the server, as it prints it.
        token: Where it asks for one.
        timeout_s: How long an answer may take to begin.
    """

    def __init__(self, url: str, token: str | None, timeout_s: float) -> None:
        if find_spec("httpx") is None:
            raise MissingExtraError("`nas.Client`", "serve")
        import httpx

        self.url = url.rstrip("/").removesuffix(PREFIX)
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        with self._errors():
            self._http = httpx.Client(
                base_url=self.url + PREFIX, headers=headers, timeout=timeout_s
            )

    def close(self) -> None:
        """Let go of every connection."""
        self._http.close()

    def get(self, path: str, **params: Any) -> Any:
        """The document at a path.

        Raises:
            NasError: as the server answers.
            ServiceError: if it does not.
        """
        return self._json(self._answer("GET", path, params=_given(params)))

    def content(self, path: str, **params: Any) -> bytes:
        """The file at a path; errors are those of `get`."""
        return self._answer("GET", path, params=_given(params)).content

    def post(self, path: str, **request: Any) -> Any:
        """What comes of a request; errors are those of `get`."""
        return self._json(self._answer("POST", path, **request))

    def delete(self, path: str) -> None:
        """Remove what is at a path; errors are those of `get`."""
        self._answer("DELETE", path)

    def events(self, path: str, last_id: str, *, silence_s: float) -> Generator[Event | None]:
        """The events at a path until the stream ends; None now and then while nothing happens.

        Args:
            path: Of the stream.
            last_id: Of the event that was seen last; empty at the start.
            silence_s: How long it may say nothing at all.

        Raises:
            NasError: as the server answers.
            ServiceError: if it does not, or the stream breaks off.
        """
        headers = {"Last-Event-ID": last_id} if last_id else {}
        timeout: Any = {"connect": silence_s, "read": silence_s, "write": silence_s, "pool": None}
        import httpx

        with (
            self._errors(),
            self._http.stream(
                "GET", path, headers=headers, timeout=httpx.Timeout(**timeout)
            ) as it,
        ):
            if it.is_error:
                it.read()
                raise error_of(it)
            yield from events_of(it.iter_lines())

    def _answer(self, method: str, path: str, **request: Any) -> httpx.Response:
        tries = _TRIES if method == "GET" else 1
        for left in reversed(range(tries)):
            with self._errors():
                answer = self._http.request(method, path, **request)
            if answer.status_code not in _LATER or not left:
                break
            time.sleep(min(float(answer.headers.get("Retry-After", 1)), _MOST_PAUSE_S))
        if answer.is_error:
            raise error_of(answer)
        return answer

    def _json(self, answer: httpx.Response) -> Any:
        try:
            return answer.json()
        except ValueError:
            raise ServiceError(
                f"`url` must be that of a `nas serve`; {self.url} answers "
                f"{answer.headers.get('content-type', 'nothing')}"
            ) from None

    @contextmanager
    def _errors(self) -> Iterator[None]:
        import httpx

        try:
            yield
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise ServiceError(
                f"`url` must be that of a running `nas serve`; {self.url}: "
                f"{error or type(error).__name__}; start it, or give the address that it prints"
            ) from None


def error_of(answer: httpx.Response) -> NasError:
    """The error that an answer stands for: the one that the library would raise."""
    try:
        document = answer.json()
        detail = str(document["detail"])
    except (ValueError, TypeError, KeyError):
        return ServiceError(
            f"`url` must be that of a `nas serve`; it answers {answer.status_code} "
            f"{answer.reason_phrase}"
        )
    if answer.status_code >= 500 and answer.status_code not in (501, 503, 507):
        return ServiceError(detail)
    kind = str(document.get("type", "")).removeprefix("urn:nas:")
    return from_document({**document, "kind": kind})


def _given(params: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in params.items() if value is not None}
