"""Reads what peers send: the right kind, up to a limit, in time, checked before it is used."""

import asyncio
import json

from aiohttp import web

from stream.server.forms import file_of_form
from stream.server.guard import refusal

MOST_UPLOAD = 10 * 1024 * 1024
FORM_ROOM = 64 * 1024
"""Bytes that a form may have around its file."""
MOST_JSON = 128 * 1024
"""Bytes: an offer of 64 KB and its settings."""
MOST_SDP = 64 * 1024
BODY_S = 10.0
"""A body of some kilobytes is there at once, or never."""
UPLOAD_S = 120.0
"""Ten megabytes from a phone; the page waits as long."""
PIECE_S = 10.0
"""Nothing at all for so long is an upload that was given up."""


async def read_json(request: web.Request) -> dict[str, object]:
    """A JSON object. Forms and plain text are refused: other sites can send those unasked."""
    if request.content_type != "application/json":
        raise refusal(web.HTTPUnsupportedMediaType, "send JSON as application/json")
    body = await limited(request, MOST_JSON, BODY_S)
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise refusal(web.HTTPBadRequest, "this is not JSON: send an object") from None
    if not isinstance(content, dict):
        raise refusal(web.HTTPBadRequest, "this is not a JSON object: send one")
    return content


async def read_sdp(request: web.Request, kind: str = "application/sdp") -> str:
    """A session description, or a fragment of one."""
    if request.content_type != kind:
        raise refusal(web.HTTPUnsupportedMediaType, f"send {kind}", headers={"Accept-Post": kind})
    body = await limited(request, MOST_SDP, BODY_S)
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise refusal(web.HTTPBadRequest, "this is not SDP: it is not even text") from None


async def read_upload(request: web.Request) -> tuple[bytes, str]:
    """A file's bytes and the name it had: the field `file` of a form, or the body itself."""
    if request.content_type != "multipart/form-data":
        return await limited(request, MOST_UPLOAD, UPLOAD_S), "portrait"
    body = await limited(request, MOST_UPLOAD + FORM_ROOM, UPLOAD_S)
    try:
        content, name = file_of_form(request.headers["Content-Type"], body)
    except ValueError as error:
        raise refusal(web.HTTPBadRequest, str(error)) from None
    if len(content) > MOST_UPLOAD:
        raise too_large(MOST_UPLOAD)
    return content, name


async def limited(request: web.Request, most: int, within_s: float) -> bytes:
    """The body; refused as soon as it is known to be too long or too slow."""
    if request.content_length is not None and request.content_length > most:
        raise too_large(most)
    parts, size = [], 0
    try:
        async with asyncio.timeout(within_s):
            while chunk := await asyncio.wait_for(request.content.readany(), PIECE_S):
                parts.append(chunk)
                size += len(chunk)
                if size > most:
                    raise too_large(most)
    except TimeoutError:
        raise refusal(
            web.HTTPRequestTimeout,
            "the request did not come to its end: send it again",
            headers={"Connection": "close"},
        ) from None
    except web.RequestPayloadError:
        raise refusal(
            web.HTTPBadRequest, "the request's body cannot be read: send it again"
        ) from None
    return b"".join(parts)


def too_large(most: int) -> web.HTTPException:
    """The refusal of what exceeds a limit in bytes."""
    return refusal(
        _TooLarge, f"this is too large: send at most {most // 1024} KB, such as a smaller JPEG"
    )


class _TooLarge(web.HTTPClientError):
    """aiohttp's own wants the sizes; ours has its sentence already."""

    status_code = 413
