"""The page and its files: plain files of one folder, as they are."""

from pathlib import Path

from aiohttp import web

from stream.server.guard import refusal
from stream.server.parts import SETTINGS

routes = web.RouteTableDef()

KINDS = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
}
"""Everything that is served, said and not guessed."""

POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "style-src 'self' 'unsafe-inline'; connect-src 'self'; object-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
"""Of the page: its own files and nothing else, and no other site around it."""


@routes.get("/")
async def index(request: web.Request) -> web.StreamResponse:
    """The page."""
    return _file(request, "index.html")


@routes.get("/view")
async def view(request: web.Request) -> web.StreamResponse:
    """The picture alone, for OBS's Browser source."""
    return _file(request, "view.html")


@routes.get("/favicon.ico")
async def icon(request: web.Request) -> web.StreamResponse:
    """What browsers ask for unasked."""
    return _file(request, "icon.svg")


@routes.get("/assets/{name:.+}")
async def asset(request: web.Request) -> web.StreamResponse:
    """A file of the page."""
    return _file(request, request.match_info["name"])


def _file(request: web.Request, name: str) -> web.StreamResponse:
    folder = request.app[SETTINGS].pages.resolve()
    path = _inside(folder, name)
    if path is None or path.suffix not in KINDS or not path.is_file():
        raise refusal(web.HTTPNotFound, "there is no such file: check the address")
    headers = {"Content-Type": KINDS[path.suffix], "Cache-Control": "no-cache"}
    if path.suffix == ".html":
        headers["Content-Security-Policy"] = POLICY
        headers["Permissions-Policy"] = "camera=(self), microphone=(self), fullscreen=(self)"
    return web.FileResponse(path, headers=headers)


def _inside(folder: Path, name: str) -> Path | None:
    """The path of that name, if it lies in the folder, links followed."""
    try:
        path = (folder / name).resolve()
    except (OSError, ValueError):
        return None
    return path if path.is_relative_to(folder) else None
