"""A server as the page expects one: the same routes, but what comes back is the camera's picture.

It stands in for `understudy serve` where only the page is under test. Runs in a thread of its
own, remembers what the page asked for, and can be told to misbehave.
"""

import asyncio
import io
import json
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.contrib.media import MediaRelay
from aiortc.mediastreams import MediaStreamError
from PIL import Image

from engine.errors import InputError
from engine.faces.by_hand import face_amid, points_of
from engine.faces.face import Face
from engine.fit_lines import lines_of
from stream.enroll.points import checked_points, face_with
from tests.faces_made import made_face, textured

PAGE = Path(__file__).parents[2] / "stream" / "page"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob:; media-src 'self' blob:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
STATS_PERIOD_S = 0.1
PROMPTS = ("straight", "smile", "ee", "aah", "ooh", "pucker", "eyes", "brows", "left", "right")
STAGES = {"decode": 2.1, "find": 3.4, "read": 0.6, "render": 6.2, "encode": 1.3}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True, kw_only=True)
class Behaviour:
    """What a test may change while the server runs."""

    limit: int = 4
    token: str | None = None
    is_face_in_view: bool = True
    neutral: str = "automatic"
    model_notice: str = ""
    is_silent: bool = False
    """Sessions live, but their figures stop, as with a server that hangs."""
    is_deaf: bool = False
    """Requests are heard and never answered, as over a network that loses every packet."""
    quality: dict[str, Any] = field(default_factory=lambda: {"size": 512, "reason": None})
    is_portrait_refused: bool = False
    portrait_notes: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    """Of what is uploaded; "face" where none was found in it."""
    refused_setting: str | None = None
    problem: str | None = None
    """Of a recording that has ended."""
    is_recording_kept_back: bool = False
    enrolment_problem: str | None = None
    """Why no portrait can be made of what was filmed."""


@dataclass(slots=True, kw_only=True, eq=False)
class Session:
    """One connection of the page."""

    peer: RTCPeerConnection
    portrait: str | None
    settings: dict[str, Any]
    video: MediaStreamTrack | None = None
    heard_sound: bool = False
    is_recording: bool = False
    enrolment: dict[str, Any] | None = None
    """How it goes, while somebody is filmed; a test may set all of it."""
    tasks: set[asyncio.Task[None]] = field(default_factory=set)


class FakeServer:
    """Use `with fake_server() as server`; all attributes may be read from the test's thread."""

    def __init__(self) -> None:
        self.behaviour = Behaviour()
        self.asked: list[tuple[str, str, Any]] = []
        """Method, path and JSON body of each request under /api and /whep, in order."""
        self.sessions: dict[str, Session] = {}
        self.films: set[str] = set()
        """Sessions that have recorded; a film outlives its session."""
        self.pictures: dict[str, bytes] = {}
        self.names: dict[str, str] = {}
        self.uploaded: dict[str, tuple[int, int, str | None]] = {}
        """Width, height and format of what was uploaded, by the portrait's id."""
        self.placed: dict[str, Any] = {}
        """Points that were put by hand, by the portrait's id."""
        self.filmed: set[str] = set()
        """Portraits that were filmed."""
        self.files: list[tuple[str, bytes]] = []
        """Portrait files that were brought."""
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._count = 0
        self._relay = MediaRelay()
        for name, colour in (("Ada", "#7b5ea7"), ("Ben", "#3f7f6c"), ("Cleo", "#a8623f")):
            self.add_portrait(name, Image.new("RGB", (256, 256), colour))

    def add_portrait(self, name: str, picture: Image.Image) -> str:
        """Keep a picture; the portrait's id comes back."""
        file = io.BytesIO()
        picture.save(file, "PNG")
        name_id = f"p{len(self.pictures)}-{name.lower()}"
        self.pictures[name_id], self.names[name_id] = file.getvalue(), name
        return name_id

    def asked_for(self, method: str, ending: str) -> list[Any]:
        """The bodies of the requests with this method whose path ends so."""
        return [body for how, path, body in self.asked if how == method and path.endswith(ending)]

    def kill_sessions(self) -> None:
        """Drop all connections, as a server does that is started again."""
        asyncio.run_coroutine_threadsafe(self._end_all(), self._loop).result(10)

    # ---- what follows runs in the server's own thread

    async def _end_all(self) -> None:
        for session_id in list(self.sessions):
            await self._end(session_id)

    async def _end(self, session_id: str) -> None:
        session = self.sessions.pop(session_id)
        for task in session.tasks:
            task.cancel()
        await session.peer.close()

    def _portrait(self, portrait_id: str) -> dict[str, Any]:
        told = {"id": portrait_id, "name": self.names[portrait_id]}
        return {
            **told,
            "url": f"/api/portraits/{portrait_id}.png",
            "own": portrait_id in self.uploaded,
            "notes": self.behaviour.portrait_notes,
            **self._of_own(portrait_id),
        }

    def _of_own(self, portrait_id: str) -> dict[str, Any]:
        place = f"/api/portraits/{portrait_id}"
        if portrait_id in self.filmed:
            return {"file": f"{place}/file"}
        if portrait_id not in self.uploaded:
            return {}
        if portrait_id in self.placed:
            return {"points": f"{place}/points", "file": f"{place}/file", "doubts": []}
        return {"points": f"{place}/points", "doubts": self.behaviour.doubts}

    async def list_portraits(self, request: web.Request) -> web.Response:
        return web.json_response([self._portrait(name) for name in self.pictures])

    async def picture(self, request: web.Request) -> web.Response:
        return web.Response(body=self.pictures[request.match_info["id"]], content_type="image/png")

    async def upload(self, request: web.Request) -> web.Response:
        part = (await request.post())["file"]
        assert isinstance(part, web.FileField)
        if self.behaviour.is_portrait_refused:
            return refuse(400, "no face was found in the portrait. Use one from the front")
        if part.filename.endswith(".portrait"):
            self.files.append((part.filename, part.file.read()))
            picture = Image.new("RGB", (320, 240), "#557799")
        else:
            picture = Image.open(part.file)
        added = self.add_portrait(part.filename, picture.convert("RGB"))
        self.uploaded[added] = (*picture.size, picture.format)
        return web.json_response(self._portrait(added), status=201)

    async def points(self, request: web.Request) -> web.Response:
        """A made face of 256 px, by the server's own rules."""
        face: Face | None = made_face() if "face" not in self.behaviour.doubts else None
        shown = face or face_amid((256, 256))
        if request.method == "GET":
            found = None if face is None else points_of(face)
            told = {"width": 256, "height": 256, "doubts": self.behaviour.doubts, "found": found}
            return web.json_response({**told, "points": points_of(shown), "lines": lines_of(shown)})
        wanted = (await request.json())["points"]
        try:
            face = face_with(face, checked_points(wanted), textured(256))
        except InputError as error:
            return refuse(422, str(error))
        if request.method == "POST":
            return web.json_response({"lines": lines_of(face)})
        self.placed[request.match_info["id"]] = wanted
        return web.json_response(self._portrait(request.match_info["id"]))

    async def forget(self, request: web.Request) -> web.Response:
        del self.pictures[request.match_info["id"]]
        return web.Response(status=204)

    async def open(self, request: web.Request) -> web.Response:
        offer = await request.json()
        session_id = offer.get("session")
        if session_id in self.sessions:
            await self._end(session_id)
        else:
            session_id = None
        if len(self.sessions) >= self.behaviour.limit:
            sentence = f"all {self.behaviour.limit} places are taken. Try again in a minute"
            return refuse(503, sentence)
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._count += 1
        session_id = session_id or f"s{self._count}"
        session = Session(
            peer=peer, portrait=offer.get("portrait"), settings=offer.get("settings", {})
        )
        self.sessions[session_id] = session
        self._listen(session)
        await peer.setRemoteDescription(RTCSessionDescription(offer["sdp"], offer["type"]))
        await peer.setLocalDescription(await peer.createAnswer())
        answer = {
            "id": session_id,
            "sdp": peer.localDescription.sdp,
            "type": peer.localDescription.type,
            "settings": session.settings,
            "portrait": session.portrait,
        }
        return web.json_response(answer, status=201)

    def _listen(self, session: Session) -> None:
        peer = session.peer

        @peer.on("track")  # type: ignore[untyped-decorator, unused-ignore]
        def on_track(track: MediaStreamTrack) -> None:
            if track.kind == "video":
                session.video = track
                peer.addTrack(self._relay.subscribe(track, buffered=False))
            else:
                peer.addTrack(self._relay.subscribe(track))
                self._spawn(session, self._wait_for_sound(session, track))

        @peer.on("datachannel")  # type: ignore[untyped-decorator, unused-ignore]
        def on_channel(channel: Any) -> None:  # noqa: ANN401  (aiortc exports no such type)
            self._spawn(session, self._report(session, channel))

    def _spawn(self, session: Session, work: Any) -> None:  # noqa: ANN401
        task = asyncio.ensure_future(work)
        session.tasks.add(task)

    async def _wait_for_sound(self, session: Session, track: MediaStreamTrack) -> None:
        with suppress(MediaStreamError):
            await self._relay.subscribe(track).recv()
            session.heard_sound = True

    async def _report(self, session: Session, channel: Any) -> None:  # noqa: ANN401
        frames = 0
        while True:
            await asyncio.sleep(STATS_PERIOD_S)
            frames += 3
            if self.behaviour.is_silent or channel.readyState != "open":
                continue
            stages = {name: {"p50": ms, "p95": 1.5 * ms} for name, ms in STAGES.items()}
            stats = {
                "fps": 30.0,
                "drops": 2,
                "frames": frames,
                "face": self.behaviour.is_face_in_view,
                "stages": stages,
                "end_to_end": {"p50": sum(STAGES.values()), "p95": 1.5 * sum(STAGES.values())},
                "neutral": self.behaviour.neutral,
                "model_notice": self.behaviour.model_notice,
                "quality": self.behaviour.quality,
                "recording": session.is_recording,
                "enrolment": session.enrolment,
            }
            channel.send(json.dumps(stats))

    async def change(self, request: web.Request) -> web.Response:
        session = self.sessions[request.match_info["id"]]
        patch = await request.json()
        if self.behaviour.refused_setting in patch:
            return refuse(422, "this model can hold no pose: use another one")
        session.portrait = patch.pop("portrait", session.portrait)
        session.settings.setdefault("gains", {}).update(patch.pop("gains", {}))
        session.settings.update(patch)
        return web.json_response({"settings": session.settings, "portrait": session.portrait})

    async def recalibrate(self, request: web.Request) -> web.Response:
        return web.Response(status=204)

    async def record(self, request: web.Request) -> web.Response:
        wanted = (await request.json())["on"]
        session_id = request.match_info["id"]
        self.sessions[session_id].is_recording = wanted
        if not wanted:
            problem = self.behaviour.problem
            return web.json_response(
                {"recording": False} | ({"problem": problem} if problem else {})
            )
        self.films.add(session_id)
        return web.json_response({"recording": True}, headers={"Location": "?number=1"})

    async def recorded(self, request: web.Request) -> web.Response:
        if self.behaviour.is_recording_kept_back:
            return refuse(500, "the server failed")
        if request.match_info["id"] not in self.films:
            return refuse(404, "there is no such recording")
        return web.Response(body=b"a film", content_type="video/mp4")

    async def delete_recording(self, request: web.Request) -> web.Response:
        self.films.discard(request.match_info["id"])
        return web.Response(status=204)

    async def enrol(self, request: web.Request) -> web.Response:
        session = self.sessions[request.match_info["id"]]
        match request.method:
            case "POST":
                session.enrolment = enrolment("straight")
            case "PATCH":
                assert session.enrolment is not None
                wanted = await request.json()
                session.enrolment["prompt"] = wanted.get("prompt", "ee")
                session.enrolment["skipped"] = [wanted["skip"]] if "skip" in wanted else []
            case "DELETE":
                session.enrolment = None
                return web.Response(status=204)
        return web.json_response(session.enrolment)

    async def make_portrait(self, request: web.Request) -> web.Response:
        self.sessions[request.match_info["id"]].enrolment = None
        if self.behaviour.enrolment_problem is not None:
            return refuse(422, self.behaviour.enrolment_problem)
        name = (await request.json())["name"]
        made = self.add_portrait(name, Image.new("RGB", (320, 240), "#557799"))
        self.uploaded[made] = (320, 240, None)
        self.filmed.add(made)
        return web.json_response(self._portrait(made), status=201)

    async def portrait_file(self, request: web.Request) -> web.Response:
        return web.Response(body=b"a portrait file", content_type="application/octet-stream")

    async def end(self, request: web.Request) -> web.Response:
        await self._end(request.match_info["id"])
        return web.Response(status=204)

    async def watch(self, request: web.Request) -> web.Response:
        """WHEP: the session's picture to somebody else."""
        session = self.sessions.get(request.match_info["id"])
        if session is None or session.video is None:
            return refuse(404, "there is no such session. Start one first")
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        peer.addTrack(self._relay.subscribe(session.video, buffered=False))
        await peer.setRemoteDescription(RTCSessionDescription(await request.text(), "offer"))
        await peer.setLocalDescription(await peer.createAnswer())
        self._count += 1
        self.sessions[f"w{self._count}"] = Session(peer=peer, portrait=None, settings={})
        place = f"/api/sessions/w{self._count}"
        return web.Response(
            status=201,
            text=peer.localDescription.sdp,
            content_type="application/sdp",
            headers={"Location": place},
        )

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Note what is asked, check the token, and add the headers of a careful server."""
        is_ours = request.path.startswith(("/api", "/whep"))
        if is_ours:
            is_json = request.content_type == "application/json" and request.can_read_body
            body = await request.json() if is_json else None
            self.asked.append((request.method, request.path, body))
        while self.behaviour.is_deaf:  # noqa: ASYNC110 (a test sets it)
            await asyncio.sleep(0.05)
        token = self.behaviour.token
        if is_ours and token and request.headers.get("Authorization") != f"Bearer {token}":
            response: web.StreamResponse = refuse(401, "this needs the server's token")
        elif (
            "/api/sessions/" in request.path
            and request.match_info["id"] not in self.sessions
            and not (request.path.endswith("/recording") and request.method != "POST")
        ):
            response = refuse(404, "this session has ended")
        else:
            response = await handler(request)
        response.headers.update(HEADERS)
        return response

    def application(self) -> web.Application:
        app = web.Application(middlewares=[self.guard], client_max_size=2**24)
        app.router.add_get("/", file_of("index.html"))
        app.router.add_get("/view", file_of("view.html"))
        app.router.add_static("/assets", PAGE)
        app.router.add_get("/api/portraits", self.list_portraits)
        app.router.add_post("/api/portraits", self.upload)
        app.router.add_get("/api/portraits/{id}.png", self.picture)
        app.router.add_delete("/api/portraits/{id}", self.forget)
        app.router.add_post("/api/sessions", self.open)
        app.router.add_patch("/api/sessions/{id}", self.change)
        app.router.add_delete("/api/sessions/{id}", self.end)
        app.router.add_post("/api/sessions/{id}/recalibrate", self.recalibrate)
        app.router.add_post("/api/sessions/{id}/recording", self.record)
        app.router.add_get("/api/sessions/{id}/recording", self.recorded)
        app.router.add_delete("/api/sessions/{id}/recording", self.delete_recording)
        app.router.add_route("*", "/api/sessions/{id}/enrolment", self.enrol)
        app.router.add_post("/api/sessions/{id}/enrolment/portrait", self.make_portrait)
        app.router.add_get("/api/portraits/{id}/file", self.portrait_file)
        app.router.add_route("*", "/api/portraits/{id}/points", self.points)
        app.router.add_post("/api/portraits/{id}/points/fit", self.points)
        app.router.add_post("/whep/{id}", self.watch)
        return app

    @asynccontextmanager
    async def _served(self, port: int) -> AsyncIterator[None]:
        runner = web.AppRunner(self.application())
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield
        finally:
            await self._end_all()
            await runner.cleanup()

    def run(self, ready: threading.Event, stop: asyncio.Event, port: int) -> None:
        async def serve() -> None:
            async with self._served(port):
                ready.set()
                await stop.wait()

        self._loop.run_until_complete(serve())
        self._loop.close()

    def call_soon(self, act: Callable[[], None]) -> None:
        self._loop.call_soon_threadsafe(act)


def enrolment(prompt: str | None, *done: str, **said: Any) -> dict[str, Any]:  # noqa: ANN401
    """How it goes, as the server says it."""
    missing = [each for each in PROMPTS if each not in done]
    enough = "straight" in done and len(done) > 1
    usual = {"nearness": 0.4, "skipped": [], "trouble": None, "kept": 20, "over": False}
    return {
        "prompt": prompt,
        "done": [*done],
        "missing": missing,
        "enough": enough,
        **usual,
        **said,
    }


def file_of(name: str) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.FileResponse(PAGE / name)

    return handler


def refuse(status: int, sentence: str) -> web.Response:
    return web.json_response({"error": sentence}, status=status)


@contextmanager
def fake_server(port: int = 0) -> Iterator[FakeServer]:
    """A running server; port 0 takes a free one."""
    server, ready, stop = FakeServer(), threading.Event(), asyncio.Event()
    thread = threading.Thread(target=server.run, args=(ready, stop, port), daemon=True)
    thread.start()
    assert ready.wait(10), "the fake server did not start"
    try:
        yield server
    finally:
        server.call_soon(stop.set)
        thread.join(10)


def until(question: Callable[[], object], patience_s: float = 15.0) -> bool:
    """Whether it becomes true in time."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if question():
            return True
        time.sleep(0.05)
    return False
