"""Events: what happens to studies, told as it happens."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Response
from fastapi.responses import StreamingResponse

from nas.service.api.parts import EventsPart, StudyName

router = APIRouter(tags=["events"])

LastId = Annotated[
    str | None,
    Header(alias="Last-Event-ID", max_length=100, description="Of the event that was seen last."),
]


class EventStream(StreamingResponse):
    """Events that are encoded already: one encoding serves all who listen."""

    media_type = "text/event-stream"


_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            EventStream.media_type: {
                "itemSchema": {
                    "type": "object",
                    "required": ["event", "data"],
                    "properties": {
                        "event": {"type": "string"},
                        "data": {"type": "string", "contentMediaType": "application/json"},
                        "id": {"type": "string"},
                        "retry": {"type": "integer", "minimum": 0},
                    },
                }
            }
        }
    }
}

_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@router.get(
    "/events", summary="What happens to all studies", response_class=Response, responses=_STREAM
)
async def stream_events(events: EventsPart, last_id: LastId = None) -> EventStream:
    """Server-sent events: `snapshot`, then `study`, `progress`, `state` and `deleted`.

    `snapshot` lists every study; `study` is one that is new or has other counts. A comment comes
    every 15 seconds. Who was away sends the id of the last event, as browsers do by themselves,
    and is told what it missed.
    """
    return EventStream(await events.of_all(last_id), headers=_HEADERS)


@router.get(
    "/studies/{study}/events",
    summary="What happens to a study",
    response_class=Response,
    responses=_STREAM,
)
async def stream_events_of_study(
    study: StudyName, events: EventsPart, last_id: LastId = None
) -> EventStream:
    """Server-sent events: `snapshot`, then `progress`, `front`, `state` and `deleted`.

    `snapshot` is the study with its progress and its front; `front` says which networks joined it
    and which left. The stream goes on after the end of a search, which may be resumed; it ends
    when the study is deleted.
    """
    return EventStream(await events.of_study(study, last_id), headers=_HEADERS)
