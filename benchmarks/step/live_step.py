"""The live step from a camera's packet to a viewer's packets, without a network in between.

Made of the server's own parts: aiortc's decoder, the camera source's colours, a live session's
reenactor with its mixer, the outlet's planes, and the encoder that senders get.
"""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import cv2
from aiortc import rtcrtpsender
from aiortc.codecs import depayload, get_decoder
from aiortc.codecs.base import Encoder
from aiortc.jitterbuffer import JitterFrame
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from av import VideoFrame

from benchmarks.live.clip import CLOCK_HZ, RATE, faces
from benchmarks.live.light_model import DiscTracker, ShiftModel, disc_picture
from benchmarks.live.serving import LIGHT
from benchmarks.step.settings import StepSettings
from benchmarks.step.stages import Stages
from engine.errors import InputError
from engine.faces.face import Tracker
from engine.faces.trackers import make_tracker
from engine.frame import Frame, Pixels
from engine.model import Model
from engine.rig.portrait import RigPortrait
from engine.rig.refine.network import RefinedPortrait
from engine.slot import LatestSlot
from stream.cli.factories import load_model
from stream.files.bundled import ASSETS
from stream.files.clips import Clip
from stream.session.live_session import LiveSession
from stream.session.portraits import Enroller, FacePicture, open_portrait
from stream.webrtc.camera_source import rgb
from stream.webrtc.connection import install_low_latency
from stream.webrtc.outlet import Outgoing, Outlet

SECONDS = 5
PIECES_NS = 1_000_000_000 // RATE


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a step is made of."""

    live: LiveSession[Any]
    outlet: Outlet
    encoder: Encoder
    packets: list[JitterFrame]
    codec: RTCRtpCodecParameters


class LiveStep:
    """Steps through a clip, to and fro without end."""

    def __init__(self, parts: Parts, stages: Stages) -> None:
        self._parts = parts
        self._stages = stages
        self._decoder = get_decoder(parts.codec)
        self._number = itertools.count()
        self._sent: Outgoing | None = None

    def step(self) -> dict[str, int]:
        """One picture through all stages; the duration of each in ns."""
        parts, stages = self._parts, self._stages
        number = next(self._number)
        with stages.timing("decode"):
            (picture,) = self._decoder.decode(parts.packets[number % len(parts.packets)])
        assert isinstance(picture, VideoFrame)
        with stages.timing("convert"):
            pixels = rgb(picture)
        frame = Frame(pixels=pixels, captured_ns=number * PIECES_NS)
        result = parts.live.reenactor.step(frame)
        with stages.timing("convert"):
            parts.outlet.put(result)
            shown = parts.outlet.newest.picture()
        shown.pts, shown.time_base = number * CLOCK_HZ // RATE, Fraction(1, CLOCK_HZ)
        with stages.timing("encode"):
            parts.encoder.encode(shown, False)  # noqa: FBT003 (aiortc's own signature)
        return stages.take()

    @property
    def sees_face(self) -> bool:
        """Whether the last picture showed one."""
        return self._parts.live.reenactor.sees_face


@contextmanager
def live_step(settings: StepSettings) -> Iterator[LiveStep]:
    """The step of a set-up, with its parts timed for the length of the block.

    Raises:
        InputError: the clip shows no face, or the portrait cannot be used.
    """
    cv2.setNumThreads(1)  # as `understudy serve` does
    install_low_latency()
    stages = Stages(settings.slow)
    parts = _parts(settings)
    mixer, portrait = parts.live.reenactor.look.mixer, parts.live.reenactor.look.portrait
    hooks: list[tuple[type, str, str]] = [
        (type(parts.live.reenactor), "_find", "face"),
        (type(parts.live.reenactor), "_follow", "read"),
        (type(parts.live.reenactor), "_rendered", "render"),
    ]
    if mixer is not None:
        hooks.append((type(mixer), "mix", "mix"))
    if isinstance(portrait, RigPortrait):
        hooks += [(RigPortrait, "warp", "warp"), (RefinedPortrait, "refine", "refine")]
    with stages.hooks(*hooks):
        yield LiveStep(parts, stages)


def _parts(settings: StepSettings) -> Parts:
    tracker, model, portrait = _model(settings)
    enroller = Enroller(model, framing="full" if settings.model == LIGHT else "face")
    enrolled = enroller.enroll(portrait, settings.size)
    live: LiveSession[Any] = LiveSession(
        _NoSource(),
        enroller=enroller,
        enrolled=enrolled,
        tracker=tracker,
        mixer=model.mixer(),
        adapts=False,
    )
    codec = RTCRtpCodecParameters(
        mimeType=f"video/{settings.codec}", clockRate=CLOCK_HZ, payloadType=97
    )
    encoder: Callable[[RTCRtpCodecParameters], Encoder] = vars(rtcrtpsender)["get_encoder"]
    return Parts(
        live=live,
        outlet=Outlet(Frame(pixels=enrolled.portrait.still(), captured_ns=0)),
        encoder=encoder(codec),
        packets=_received(_pictures(settings), codec, encoder(codec)),
        codec=codec,
    )


class _NoSource(LatestSlot[Frame]):
    """Frames are handed to the step; the loop never runs."""


def _model(settings: StepSettings) -> tuple[Tracker, Model[Any], FacePicture]:
    if settings.model == LIGHT:
        side = settings.size
        picture = disc_picture(side, side, (side / 2, side / 2), 0.16 * side)
        face = DiscTracker().find(picture)
        assert face is not None
        return DiscTracker(), ShiftModel(), FacePicture(picture=picture, face=face)
    tracker = make_tracker("mesh")
    model = load_model(settings.model, backend=settings.backend, refine=settings.refine)
    portrait = open_portrait(settings.portrait or ASSETS / "portrait.png", tracker, is_noted=False)
    tracker.reset()
    return tracker, model, portrait


def _pictures(settings: StepSettings) -> list[Pixels]:
    """To the end and back, so that no picture jumps."""
    count = RATE * SECONDS
    if settings.model == LIGHT:
        from benchmarks.live.clip import discs

        found = discs(settings.size, count)
    elif settings.clip is not None:
        found = [frame.pixels for frame in itertools.islice(Clip(settings.clip).frames(), count)]
    else:
        found = faces(count)
    if len(found) < 2:
        raise InputError(f"{settings.clip} has one picture only: give --clip a clip that moves.")
    return found + found[-2:0:-1]


def _received(
    pictures: list[Pixels], codec: RTCRtpCodecParameters, encoder: Encoder
) -> list[JitterFrame]:
    """The clip as a receiver puts it together from packets; the first picture is a key frame."""
    found = []
    for number, pixels in enumerate(pictures):
        frame = VideoFrame.from_ndarray(_even(pixels), "rgb24").reformat(format="yuv420p")
        frame.pts, frame.time_base = number * CLOCK_HZ // RATE, Fraction(1, CLOCK_HZ)
        payloads, timestamp = encoder.encode(frame, number == 0)
        found.append(
            JitterFrame(
                data=b"".join(depayload(codec, each) for each in payloads), timestamp=timestamp
            )
        )
    return found


def _even(pixels: Pixels) -> Pixels:
    rows, columns = pixels.shape[:2]
    return pixels[: rows // 2 * 2, : columns // 2 * 2]
