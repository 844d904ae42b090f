"""The page and its files: plain files of one folder, as they are."""

from pathlib import Path

from aiohttp import web

from stream.server.app_keys import SETTINGS
from stream.server.guard import refusal

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
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "require-trusted-types-for 'script'"
)
"""Of every page: its own files and nothing else, no code or style from a string."""
PAGE_HEADERS = {
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",
    "Permissions-Policy": "camera=(self), microphone=(self), fullscreen=(self)",
    # A process of its own, out of reach of whatever opened the page.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
}
VIEW_HEADERS = {
    # The bare picture may stand in an overlay that another program of this machine serves.
    "Content-Security-Policy": (
        f"{POLICY}; frame-ancestors 'self' http://127.0.0.1:* http://localhost:*"
    ),
    "Permissions-Policy": "camera=(), microphone=()",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


@routes.get("/")
async def index(request: web.Request) -> web.StreamResponse:
    """The page."""
    return _file(request, "index.html", PAGE_HEADERS)


@routes.get("/view")
async def view(request: web.Request) -> web.StreamResponse:
    """The picture alone, for OBS's Browser source."""
    return _file(request, "view.html", VIEW_HEADERS)


@routes.get("/favicon.ico")
async def icon(request: web.Request) -> web.StreamResponse:
    """What browsers ask for unasked."""
    return _file(request, "icon.svg")


@routes.get("/assets/{name:.+}")
async def asset(request: web.Request) -> web.StreamResponse:
    """A file of the page."""
    return _file(request, request.match_info["name"])


def _file(
    request: web.Request, name: str, headers: dict[str, str] | None = None
) -> web.StreamResponse:
    folder = request.app[SETTINGS].pages.resolve()
    path = _inside(folder, name)
    if path is None or path.suffix not in KINDS or not path.is_file():
        raise refusal(web.HTTPNotFound, "there is no such file: check the address")
    if path.suffix == ".html" and headers is None:  # asked for as a file, not as a page
        headers = PAGE_HEADERS
    ours = {"Content-Type": KINDS[path.suffix], "Cache-Control": "no-cache"}
    return web.FileResponse(path, headers=ours | (headers or {}))


def _inside(folder: Path, name: str) -> Path | None:
    """The path of that name, if it lies in the folder, links followed."""
    try:
        path = (folder / name).resolve()
    except (OSError, ValueError):
        return None
    return path if path.is_relative_to(folder) else None
