"""The result in pieces of ten seconds, each encoded by itself, and all of them joined in the end.

A piece is complete or not there. It begins with a key frame that nothing before is needed for, so
joining copies packets and changes no picture.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import av
from av.container import InputContainer, OutputContainer
from av.video.stream import VideoStream

from engine.errors import OutputError
from stream.edit.encoders import PIECES, Encoding, add_video, takes
from stream.edit.film import Film, FilmFrame
from stream.edit.soundtracks import soundtracks_of
from stream.files.clip_writer import CONTAINERS
from stream.files.growing_file import GrowingFile
from stream.files.output_place import failures_named, reason_of

logger = logging.getLogger(__name__)


def piece(folder: Path, number: int) -> Path:
    """The file of these ten seconds of the result."""
    return folder / f"film-{number:05d}.piece"


def write_piece(path: Path, film: Film, encoding: Encoding, frames: Iterator[FilmFrame]) -> None:
    """Encode these frames; the file has its name only when all of them are in it.

    Raises:
        OutputError: the disk is full, or the encoder failed.
    """
    growing = path.with_suffix(".part")
    try:
        with av.open(str(growing), "w", format=_container(encoding)) as output:
            stream = add_video(output, encoding, film)
            for frame in frames:
                picture = frame.picture
                picture.pict_type = av.video.frame.PictureType.NONE
                output.mux(stream.encode(picture))
            output.mux(stream.encode(None))
        growing.replace(path)
    except OSError as error:
        growing.unlink(missing_ok=True)
        raise OutputError(f"cannot write {path}: {reason_of(error)} {GO_ON}") from error
    except av.FFmpegError as error:
        growing.unlink(missing_ok=True)
        raise OutputError(
            f"the encoder {encoding.encoder} failed ({error.strerror}). Choose another --encoder."
        ) from error
    except BaseException:
        growing.unlink(missing_ok=True)
        raise


def _container(encoding: Encoding) -> str:
    return next(name for name in PIECES if takes(name, encoding.encoder))


GO_ON = "What is done is kept: the same command goes on."


def join(out: Path, film: Film, pieces: Sequence[Path], start: int) -> None:
    """Copy the pieces and the film's sound into the result, which gets its name at the end."""
    with failures_named(out):
        growing = GrowingFile(out)
    output: OutputContainer | None = None
    try:
        with ExitStack() as stack:
            options = {"movie_timescale": str(max(1000, film.time_base.denominator))}
            extension = out.suffix.lower()
            output = av.open(
                growing,
                "w",
                format=CONTAINERS[extension],
                options=options if extension != ".mkv" else {},
            )
            first = stack.enter_context(av.open(str(pieces[0]), "r"))
            video = output.add_stream_from_template(first.streams.video[0])
            assert isinstance(video, VideoStream)
            video.time_base = film.time_base
            if film.matrix is not None:
                video.set_display_matrix(list(film.matrix))
            sound = stack.enter_context(soundtracks_of(film))
            sound.attach(output, extension)
            output.start_encoding()
            for path in pieces:
                with av.open(str(path), "r") as source:
                    for packet in _packets(source, film, start):
                        packet.stream = video
                        for heard in sound.until((packet.pts or 0) * film.time_base):
                            output.mux(heard)
                        output.mux(packet)
            for heard in sound.until(None):
                output.mux(heard)
            output.close()
            output = None
            growing.finish()
    except OSError as error:
        raise OutputError(f"cannot write {out}: {reason_of(error)} {GO_ON}") from error
    except (av.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(
            f"cannot write {out}: {reason}. An .mkv takes most kinds of sound and pictures. {GO_ON}"
        ) from error
    finally:
        if output is not None:
            with suppress(av.FFmpegError, OSError):
                output.close()
        growing.discard()


def _packets(source: InputContainer, film: Film, start: int) -> Iterator["av.Packet[VideoStream]"]:
    """The packets of a piece at the result's times, whose first is 0."""
    time_base = film.time_base
    for packet in source.demux(source.streams.video[0]):
        if packet.size == 0 or packet.pts is None:
            continue
        unit = packet.time_base
        packet.pts = round(packet.pts * unit / time_base) - start
        packet.dts = (
            packet.pts if packet.dts is None else round(packet.dts * unit / time_base) - start
        )
        packet.time_base = time_base
        packet.duration = max(1, round(1 / film.rate / time_base))
        yield packet
