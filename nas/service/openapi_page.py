"""The OpenAPI document → a page to read it and to try the API, with nothing from another host."""

from __future__ import annotations

from importlib.resources import files

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse, Response

from nas.service.api import PREFIX

router = APIRouter(prefix=f"{PREFIX}/docs", include_in_schema=False)

_KEPT = {"Cache-Control": "private, max-age=86400"}

_PAGE = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API – nas</title>
<link rel="icon" href="/ui/assets/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="{PREFIX}/docs/swagger-ui.css">
</head><body>
<noscript>This page needs scripts; the document itself is at
<a href="{PREFIX}/openapi.json">{PREFIX}/openapi.json</a>.</noscript>
<main id="swagger-ui"></main>
<script src="{PREFIX}/docs/swagger-ui-bundle.js"></script>
<script src="{PREFIX}/docs/start.js"></script>
</body></html>
"""

# Swagger UI would otherwise send the document to a validator on another host.
_START = f"""SwaggerUIBundle({{
  url: "{PREFIX}/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
}});
"""

_ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}


@router.get("")
async def page() -> HTMLResponse:
    """The page."""
    return HTMLResponse(_PAGE)


@router.get("/{asset}")
def asset(asset: str) -> Response:
    """What the page loads."""
    if asset == "start.js":
        return Response(_START, media_type="text/javascript", headers=_KEPT)
    if asset not in _ASSETS:
        raise HTTPException(404, f"`asset` must be one that {PREFIX}/docs loads; got {asset}")
    content = (files("fastapi_offline") / "static" / asset).read_bytes()
    return Response(content, media_type=_ASSETS[asset], headers=_KEPT)
