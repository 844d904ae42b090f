"""A folder of pictures as a film: gathered once, without loss, in the folder of the result."""

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from threading import Event

import av
from av.video.stream import VideoStream

from engine.errors import InputError, OutputError
from engine.frame import Pixels
from engine.pictures import open_picture
from engine.progress import Progress
from stream.edit.analysis import StoppedError
from stream.edit.workplace import Workplace, key_of
from stream.files.output_place import failures_named

ENDINGS = (".png", ".jpg", ".jpeg", ".webp")
RATE = Fraction(25)
"""Pictures a second where nobody says another."""
LONGEST_SIDE = 8192
"""Pictures are not made smaller up to here."""
BT709 = 1
LIMITED = 1


def gathered(
    folder: Path, place: Workplace, rate: Fraction, progress: Progress, stop: Event
) -> Path:
    """The film of a folder's pictures in their order; made anew only where they changed.

    It is stored as most films are, 4:2:0 in BT.709; 4:4:4 where a side is odd.

    Raises:
        InputError: there are none, one cannot be read, or one has another size.
        OutputError: the film cannot be written.
        StoppedError: the user asked to stop.
    """
    pictures = pictures_of(folder)
    known = [(each.name, each.stat().st_size, each.stat().st_mtime_ns) for each in pictures]
    film = place.part("pictures", key_of(known, rate)) / "film.mkv"
    if not film.is_file():
        progress.begin("gathering the pictures", len(pictures))
        growing = film.with_suffix(".part")
        with failures_named(film):
            _write(growing, _opened(pictures, progress, stop), rate)
            growing.replace(film)
    return film


def pictures_of(folder: Path) -> list[Path]:
    """A folder's pictures, 2.png before 10.png; whatever else lies there is passed over."""
    found = [
        each
        for each in folder.iterdir()
        if each.suffix.lower() in ENDINGS and not each.name.startswith(".")
    ]
    if not found:
        raise InputError(
            f"the folder {folder} holds no pictures. Give one with {', '.join(ENDINGS)} files, or "
            "a film."
        )
    return sorted(found, key=_order)


def _order(path: Path) -> tuple[Sequence[tuple[int, str]], str]:
    """Numbers by their value, what lies between them by its letters; then by the name."""
    parts = re.split(r"(\d+)", path.stem.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], path.name


def _opened(pictures: Sequence[Path], progress: Progress, stop: Event) -> Iterator[Pixels]:
    size: tuple[int, ...] | None = None
    for path in pictures:
        if stop.is_set():
            raise StoppedError
        pixels = open_picture(path, longest_side=LONGEST_SIDE)
        size = size or pixels.shape
        if pixels.shape != size:
            raise InputError(
                f"{path} is {pixels.shape[1]} x {pixels.shape[0]}, and the pictures before it are "
                f"{size[1]} x {size[0]}. Give pictures of one size."
            )
        yield pixels
        progress.advance()


def _write(path: Path, pictures: Iterator[Pixels], rate: Fraction) -> None:
    try:
        with av.open(str(path), "w", format="matroska") as output:
            stream = output.add_stream("libx264", rate=rate, options={"qp": "0"})
            assert isinstance(stream, VideoStream)
            for number, pixels in enumerate(pictures):
                if not number:
                    _shape(stream, pixels)
                frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(
                    format=stream.pix_fmt, dst_colorspace=BT709, dst_color_range=LIMITED
                )
                frame.pts, frame.time_base = number, 1 / rate
                output.mux(stream.encode(frame))
            output.mux(stream.encode(None))
    except av.FFmpegError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _shape(stream: VideoStream, pixels: Pixels) -> None:
    height, width = pixels.shape[:2]
    stream.height, stream.width = height, width
    stream.pix_fmt = "yuv420p" if height % 2 == width % 2 == 0 else "yuv444p"
    context = stream.codec_context
    context.colorspace = context.color_primaries = context.color_trc = BT709
    context.color_range = LIMITED
