"""What the handlers share, kept in the application under typed keys."""

from asyncio import BaseProtocol

from aiohttp import web

from stream.server.callers import Callers
from stream.server.decoders import Decoders
from stream.server.sessions import Hall
from stream.server.settings import ServerSettings
from stream.server.shelf import Shelf
from stream.server.studio import Studio
from stream.server.uploads import Uploads

SETTINGS = web.AppKey("settings", ServerSettings)
SHELF = web.AppKey("shelf", Shelf)
STUDIO = web.AppKey("studio", Studio)
HALL = web.AppKey("hall", Hall)
UPLOADS = web.AppKey("uploads", Uploads)
DECODERS = web.AppKey("decoders", Decoders)
CALLERS = web.AppKey("callers", Callers)
BUSY = web.AppKey("busy", set[BaseProtocol])
"""The connections whose request is being answered."""
