"""The API of a portrait's eight points: where they were found, and where a person puts them."""

from aiohttp import web

from engine.faces.by_hand import points_of
from engine.faces.face import Face
from engine.fit_lines import lines_of
from stream.enroll.points import checked_points, face_with
from stream.server.api import found_item
from stream.server.app_keys import CALLERS, UPLOADS
from stream.server.guard import refusal
from stream.server.portrait_list import Item
from stream.server.request_body import read_json

routes = web.RouteTableDef()


@routes.get("/api/portraits/{id}/points")
async def show(request: web.Request) -> web.Response:
    """The points as they are, as they were found, and the lines of the face between them."""
    item = _movable(request)
    rows, columns = item.picture.shape[:2]
    found = None if item.found is None else _rounded(item.found)
    told = {"width": columns, "height": rows, "doubts": list(item.doubts), "found": found}
    return web.json_response(told | _fit(item.face))


@routes.post("/api/portraits/{id}/points/fit")
async def try_fit(request: web.Request) -> web.Response:
    """The lines of the face with `{"points": ...}`; nothing is changed."""
    item = _movable(request)
    wanted = checked_points((await read_json(request)).get("points"))
    return web.json_response(_fit(face_with(item.found, wanted, item.picture)))


@routes.put("/api/portraits/{id}/points")
async def place(request: web.Request) -> web.Response:
    """Put `{"points": ...}` in their places, counted from the face as it was found."""
    item = _movable(request)
    wanted = checked_points((await read_json(request)).get("points"))
    moved = item.with_face(face_with(item.found, wanted, item.picture))
    if not request.app[UPLOADS].replace(moved, request.app[CALLERS].browser(request)):
        raise refusal(web.HTTPNotFound, "there is no such portrait: GET /api/portraits lists them")
    return web.json_response(moved.as_json())


def _movable(request: web.Request) -> Item:
    item = found_item(request, request.match_info["id"])
    if not item.is_own:
        raise refusal(web.HTTPForbidden, "this portrait came with the server: its points stay")
    if not item.is_movable:
        raise refusal(web.HTTPConflict, "points are put by hand in a portrait of one picture only")
    return item


def _fit(face: Face) -> dict[str, object]:
    lines = {name: [_place(x, y) for x, y in places] for name, places in lines_of(face).items()}
    return {"points": _rounded(face), "lines": lines}


def _rounded(face: Face) -> dict[str, list[float]]:
    return {name: _place(x, y) for name, (x, y) in points_of(face).items()}


def _place(x: float, y: float) -> list[float]:
    """In px of the picture, pixel centres at integers."""
    return [round(x, 1), round(y, 1)]
