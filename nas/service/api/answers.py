"""A document → the response that carries it.

Why not left to FastAPI: it would check the document against its own type and write it in two more
threads, which takes longer than most of what is asked for.
"""

from __future__ import annotations

from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.responses import Response


def answer(document: BaseModel | bytes, **headers: str) -> Response:
    """A document, or its JSON, as a response.

    Args:
        document: What is sent.
        headers: With `_` for `-`.
    """
    content = document if isinstance(document, bytes) else document.model_dump_json()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(content, media_type=JSONResponse.media_type, headers=named)
