"""How the result is encoded: a name on the command line, and what it means in FFmpeg's words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from io import BytesIO

import av
from av.codec.codec import UnknownCodecError
from av.container import OutputContainer
from av.video.stream import VideoStream

from engine.errors import InputError, MachineError
from stream.edit.film import Film
from stream.files.clip_writer import CONTAINERS

QUALITY = 16
"""CRF: a professional's intermediate; nobody tells it from the source beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """What the user asked for."""

    encoder: str = "libx264"
    """libx264, libx265, ffv1, prores_ks, or any other name of FFmpeg's."""
    quality: int = QUALITY
    lossless: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    """FFmpeg's own, which win over ours."""


EXTENSIONS = {
    "libx264": (".mp4", ".mov", ".mkv"),
    "libx265": (".mp4", ".mov", ".mkv"),
    "libsvtav1": (".mp4", ".mkv"),
    "ffv1": (".mkv",),
    "prores_ks": (".mov", ".mkv"),
    "dnxhd": (".mov",),
}
"""Files in which players know an encoder's pictures; FFmpeg writes some that hardly any opens."""
PIECES = ("nut", "mov")
"""Containers of pieces: both keep any time base; the first that takes an encoder's pictures."""
LOSSLESS = ("libx264", "libx265", "ffv1")


def check_encoding(encoding: Encoding, film: Film, extension: str) -> None:
    """Refuse what cannot be written as it is, before any work is done for it."""
    try:
        codec = av.Codec(encoding.encoder, "w")
    except UnknownCodecError as error:
        raise MachineError(
            f"this FFmpeg has no encoder {encoding.encoder!r}. Choose one of "
            f"{', '.join(EXTENSIONS)}."
        ) from error
    if codec.type != "video" or not any(takes(piece, encoding.encoder) for piece in PIECES):
        raise InputError(
            f"the encoder {encoding.encoder} cannot make a film here. Choose one of "
            f"{', '.join(EXTENSIONS)}."
        )
    fitting = [
        each
        for each in EXTENSIONS.get(encoding.encoder, CONTAINERS)
        if takes(CONTAINERS[each], encoding.encoder)
    ]
    if extension not in fitting:
        raise InputError(
            f"{encoding.encoder} goes into {', '.join(fitting) or 'none of ours'}, not into "
            f"{extension}. Choose another --out or --encoder."
        )
    if encoding.lossless and encoding.encoder not in LOSSLESS:
        raise InputError(
            f"{encoding.encoder} cannot be lossless here. Choose one of {', '.join(LOSSLESS)}."
        )
    known = {each.name for each in codec.video_formats or ()}
    if known and film.layout.format not in known:
        raise InputError(
            f"{encoding.encoder} cannot keep pictures stored as {film.layout.format}. Choose "
            "another --encoder (libx265 keeps 12 bits, ffv1 almost all), or convert the film first."
        )


def takes(container: str, encoder: str) -> bool:
    """Whether a container of FFmpeg's takes an encoder's pictures."""
    with av.open(BytesIO(), "w", format=container) as output:
        return av.Codec(encoder, "w").canonical_name in output.supported_codecs


def add_video(output: OutputContainer, encoding: Encoding, film: Film) -> VideoStream:
    """A stream that keeps the film's size, times, colours and depth."""
    stream = output.add_stream(
        encoding.encoder, rate=film.rate, options={**_options(encoding, film), **encoding.options}
    )
    assert isinstance(stream, VideoStream)
    context = stream.codec_context
    stream.width, stream.height = film.stored
    stream.pix_fmt = film.layout.format
    stream.time_base = context.time_base = film.time_base
    if film.aspect and film.aspect != 1:
        context.sample_aspect_ratio = Fraction(film.aspect)
    context.max_b_frames = 0
    context.colorspace = film.colours.matrix
    context.color_range = film.colours.range or (2 if film.layout.is_full else 0)
    context.color_trc = film.colours.curve
    context.color_primaries = film.colours.primaries
    return stream


def _options(encoding: Encoding, film: Film) -> dict[str, str]:
    """Closed groups of pictures, so that what is encoded apart can be joined."""
    quality = str(0 if encoding.lossless else encoding.quality)
    match encoding.encoder:
        case "libx264":
            name = "qp" if encoding.lossless else "crf"
            # A fixed number of threads: the same pictures whatever the machine.
            return {name: quality, "preset": "medium", "bf": "0", "x264-params": _x264(film)}
        case "libx265":
            lossless = ["lossless=1"] if encoding.lossless else []
            settings = [
                *lossless,
                *_hdr(film, "master-display", "max-cll"),
                "bframes=0",
                "open-gop=0",
                "log-level=error",
            ]
            return {"crf": quality, "preset": "medium", "x265-params": ":".join(settings)}
        case "libsvtav1":
            return {"crf": str(encoding.quality + 8), "preset": "6"}
        case "ffv1":
            return {"level": "3", "slicecrc": "1", "coder": "1"}
        case "prores_ks":
            return {"profile": "4444" if film.layout.across == 1 else "hq"}
        case _:
            return {}


def _x264(film: Film) -> str:
    return ":".join(["open-gop=0", "threads=4", *_hdr(film, "mastering-display", "cll")])


def _hdr(film: Film, mastering: str, light: str) -> list[str]:
    """The mastering display and light levels; x264 and x265 share all but the names."""
    found = []
    colours = film.colours
    if len(colours.mastering) >= 22 and all(colours.mastering[20:22]):
        value = [
            Fraction(colours.mastering[2 * k], colours.mastering[2 * k + 1] or 1) for k in range(10)
        ]
        place = [round(each * 50_000) for each in value[:8]]
        red, green, blue, white = (place[2 * k : 2 * k + 2] for k in range(4))
        darkest, lightest = (round(each * 10_000) for each in value[8:10])
        words = "".join(
            f"{name}({x},{y})"
            for name, (x, y) in (("G", green), ("B", blue), ("R", red), ("WP", white))
        )
        found.append(f"{mastering}={words}L({lightest},{darkest})")
    if colours.light is not None:
        found.append(f"{light}={colours.light[0]},{colours.light[1]}")
    return found
