"""What the handlers share, kept in the application under typed keys."""

from aiohttp import web

from stream.server.hall import Hall
from stream.server.settings import ServerSettings
from stream.server.shelf import Shelf
from stream.server.studio import Studio

SETTINGS = web.AppKey("settings", ServerSettings)
SHELF = web.AppKey("shelf", Shelf)
STUDIO = web.AppKey("studio", Studio)
HALL = web.AppKey("hall", Hall)
