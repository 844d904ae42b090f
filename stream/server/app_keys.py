"""What the handlers share, kept in the application under typed keys."""

from asyncio import BaseProtocol

from aiohttp import web

from stream.server.callers import Callers
from stream.server.decoders import Decoders
from stream.server.portrait_list import PortraitList
from stream.server.sessions import Sessions
from stream.server.settings import ServerSettings
from stream.server.shared_work import SharedWork
from stream.server.uploads import Uploads

SETTINGS = web.AppKey("settings", ServerSettings)
PORTRAITS = web.AppKey("portraits", PortraitList)
SHARED_WORK = web.AppKey("shared", SharedWork)
SESSIONS = web.AppKey("sessions", Sessions)
UPLOADS = web.AppKey("uploads", Uploads)
DECODERS = web.AppKey("decoders", Decoders)
CALLERS = web.AppKey("callers", Callers)
BUSY = web.AppKey("busy", set[BaseProtocol])
"""The connections whose request is being answered."""
