"""Opens a clip's file: only the kinds that are clips, and of its tracks those that players take."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import av
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from engine.errors import InputError
from engine.file_kinds import kind_of

StreamT = TypeVar("StreamT", bound=Stream)

LARGEST_PIXELS = 36_000_000
"""A little more than 8K; a clip that claims more is damaged or means harm."""

CLIPS = (
    *("mov", "matroska", "webm", "avi", "gif", "flv", "asf", "ogg", "mxf", "nut", "dv", "rm"),
    *("mpeg", "mpegts", "mpegtsraw", "mpegvideo", "m4v", "wtv", "yuv4mpegpipe", "apng", "ivf"),
    *("h264", "hevc", "vvc", "av1", "obu", "vc1", "swf", "nsv", "ea", "bink", "mjpeg", "h263"),
)
PICTURES = (
    *("image2", "jpeg_pipe", "png_pipe", "webp_pipe", "gif_pipe", "bmp_pipe", "tiff_pipe"),
    *("jpegxl_pipe", "j2k_pipe", "qoi_pipe", "ppm_pipe", "pgm_pipe", "psd_pipe", "dds_pipe"),
)
OPTIONS = {
    # FFmpeg reads texts that name other files and addresses (playlists, lists, session
    # descriptions), and plays a text as a film of its letters. None of these are clips.
    "format_whitelist": ",".join((*CLIPS, *PICTURES)),
    "protocol_whitelist": "file",
    "pattern_type": "none",  # a name such as a%03d.jpg is one file, not a thousand
}


class NotAClipError(InputError):
    """The file is of no kind that is read as a clip."""

    def __init__(self, path: Path, kind: str | None) -> None:
        self.reason = f"it is {kind}" if kind else "it is of a kind that is not read here"
        super().__init__(
            f"{path} is not a clip: {self.reason}. "
            "Give a video file, such as MP4, MOV, MKV, WebM, AVI or GIF."
        )


@contextmanager
def container_of(path: Path) -> Iterator[InputContainer]:
    """The open file."""
    try:
        # The prefix keeps a name such as "a:b.mp4" from being read as a network protocol.
        container = av.open(
            f"file:{path}", "r", metadata_errors="replace", container_options=dict(OPTIONS)
        )
    except (av.FFmpegError, OSError) as error:
        raise _refused(path, error) from error
    with container:
        yield container


@contextmanager
def video_of(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The open file and its video (not the cover picture of a song)."""
    with container_of(path) as container:
        stream = chosen(
            stream
            for stream in container.streams.video
            if not stream.disposition & Disposition.attached_pic
        )
        if stream is None:
            raise InputError(f"{path} holds no video. Give a clip with pictures.")
        if stream.codec_context is None:
            raise InputError(f"the video codec of {path} is unknown. Convert it with ffmpeg first.")
        check_size(path, stream.width, stream.height)
        stream.thread_type = "AUTO"
        yield container, stream


def chosen(streams: Iterable[StreamT]) -> StreamT | None:
    """The track that players take: the one marked as the default, or else the first."""
    streams = list(streams)
    defaults = [stream for stream in streams if stream.disposition & Disposition.default]
    return next(iter(defaults or streams), None)


def check_size(path: Path, width: int, height: int) -> None:
    """Refuse pictures that no clip in use has."""
    if width * height > LARGEST_PIXELS:
        raise InputError(f"the pictures of {path} are larger than 8K. Make it smaller first.")


def _refused(path: Path, error: av.FFmpegError | OSError) -> InputError:
    """Why the file was not opened, as far as its content tells."""
    try:
        kind = kind_of(path)
    except OSError:
        kind = None
    if kind is not None or isinstance(error, av.error.ArgumentError):
        return NotAClipError(path, kind)
    return InputError(
        f"{path} is not a clip that can be read ({error.strerror}). Is the file complete?"
    )
