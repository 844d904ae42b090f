"""Reads what peers send: the right kind, no more than a limit, checked before it is used."""

import json
from typing import Any

from aiohttp import BodyPartReader, web

from stream.server.guard import refusal

MOST_UPLOAD = 10 * 1024 * 1024
MOST_JSON = 128 * 1024
"""Bytes: an offer of 64 KB and its settings."""
MOST_SDP = 64 * 1024


async def read_json(request: web.Request) -> dict[str, Any]:
    """A JSON object. Forms and plain text are refused: other sites can send those unasked."""
    if request.content_type != "application/json":
        raise refusal(web.HTTPUnsupportedMediaType, "send JSON as application/json")
    body = await limited(request, MOST_JSON)
    try:
        content = json.loads(body)
    except ValueError:
        raise refusal(web.HTTPBadRequest, "this is not JSON: send an object") from None
    if not isinstance(content, dict):
        raise refusal(web.HTTPBadRequest, "this is not a JSON object: send one")
    return content


async def read_sdp(request: web.Request, kind: str = "application/sdp") -> str:
    """A session description, or a fragment of one."""
    if request.content_type != kind:
        raise refusal(web.HTTPUnsupportedMediaType, f"send {kind}", headers={"Accept-Post": kind})
    body = await limited(request, MOST_SDP)
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise refusal(web.HTTPBadRequest, "this is not SDP: it is not even text") from None


async def read_upload(request: web.Request) -> tuple[bytes, str]:
    """A file's bytes and the name it had: the field `file` of a form, or the body itself."""
    if request.content_type == "multipart/form-data":
        async for part in await request.multipart():
            if isinstance(part, BodyPartReader) and part.name == "file":
                return await _part(part), part.filename or "portrait"
        raise refusal(web.HTTPBadRequest, 'the form has no field "file": send the picture in it')
    return await limited(request, MOST_UPLOAD), "portrait"


async def limited(request: web.Request, most: int) -> bytes:
    """The body; refused as soon as it is known to be too long."""
    if request.content_length is not None and request.content_length > most:
        raise too_large(most)
    parts, size = [], 0
    async for chunk in request.content.iter_any():
        parts.append(chunk)
        size += len(chunk)
        if size > most:
            raise too_large(most)
    return b"".join(parts)


async def _part(part: BodyPartReader) -> bytes:
    parts, size = [], 0
    while chunk := await part.read_chunk():
        parts.append(chunk)
        size += len(chunk)
        if size > MOST_UPLOAD:
            raise too_large(MOST_UPLOAD)
    return b"".join(parts)


def too_large(most: int) -> web.HTTPException:
    """The refusal of what exceeds a limit in bytes."""
    return refusal(
        _TooLarge, f"this is too large: send at most {most // 1024} KB, such as a smaller JPEG"
    )


class _TooLarge(web.HTTPClientError):
    """aiohttp's own wants the sizes; ours has its sentence already."""

    status_code = 413
