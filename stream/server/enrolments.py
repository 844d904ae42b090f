"""The API of an enrolment: whoever is on camera is filmed for a portrait of their own."""

from urllib.parse import quote

from aiohttp import web

from stream.server.api import found_item, found_session
from stream.server.app_keys import CALLERS, SHARED_WORK, UPLOADS
from stream.server.enrolment_json import as_json
from stream.server.guard import refusal
from stream.server.request_body import read_json
from stream.session.prompts import PROMPTS, Prompt

routes = web.RouteTableDef()

USUAL_NAME = "Me"


@routes.post("/api/sessions/{id}/enrolment")
async def begin(request: web.Request) -> web.Response:
    """Begin, once whoever is on camera has consented."""
    session = found_session(request)
    if (await read_json(request)).get("consent") is not True:
        raise refusal(
            web.HTTPBadRequest,
            'ask whoever is on camera first; where they agree, send {"consent": true}',
        )
    enrolment = await session.begin_enrolment()
    return web.json_response(as_json(enrolment.progress), status=201)


@routes.get("/api/sessions/{id}/enrolment")
async def show(request: web.Request) -> web.Response:
    """How it goes."""
    return web.json_response(as_json(found_session(request).enrolment.progress))


@routes.patch("/api/sessions/{id}/enrolment")
async def lead(request: web.Request) -> web.Response:
    """Skip what is asked for, or ask for something else."""
    enrolment = found_session(request).enrolment
    match await read_json(request):
        case {"skip": wanted}:
            enrolment.skip(_prompt(wanted))
        case {"prompt": wanted}:
            enrolment.ask(_prompt(wanted))
        case _:
            raise refusal(web.HTTPBadRequest, 'send {"skip": PROMPT} or {"prompt": PROMPT}')
    return web.json_response(as_json(enrolment.progress))


@routes.delete("/api/sessions/{id}/enrolment")
async def cancel(request: web.Request) -> web.Response:
    """Forget all that was filmed."""
    if not await found_session(request).cancel_enrolment():
        raise refusal(web.HTTPNotFound, "nobody is being filmed for a portrait")
    return web.Response(status=204)


@routes.post("/api/sessions/{id}/enrolment/portrait")
async def finish(request: web.Request) -> web.Response:
    """Make a portrait of what was filmed: this browser's own, as one that it uploads."""
    session = found_session(request)
    name = (await read_json(request)).get("name", USUAL_NAME)
    if not isinstance(name, str):
        raise refusal(web.HTTPBadRequest, "name must be text")
    uploads, browser = request.app[UPLOADS], request.app[CALLERS].browser(request)
    with uploads.arriving(browser):
        item = await session.finish_enrolment(name)
    uploads.add(item, browser)
    return web.json_response(item.as_json(), status=201)


@routes.get("/api/portraits/{id}/file")
async def save(request: web.Request) -> web.Response:
    """A portrait that was filmed, or whose points were put by hand, as a file."""
    item = found_item(request, request.match_info["id"])
    if not item.is_savable:
        raise refusal(
            web.HTTPNotFound,
            "only a portrait that was filmed, or whose points were put by hand, can be saved",
        )
    content = await request.app[SHARED_WORK].file_of(item)
    return web.Response(
        body=content,
        content_type="application/octet-stream",
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(item.name)}.portrait",
            "Cache-Control": "no-store",
        },
    )


def _prompt(wanted: object) -> Prompt:
    prompt = next((each for each in PROMPTS if each == wanted), None)
    if prompt is None:
        raise refusal(web.HTTPBadRequest, f"a prompt is one of {', '.join(PROMPTS)}")
    return prompt
