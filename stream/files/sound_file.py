"""A sound on disk, or a clip's: as samples for the listener, and on its way into an output."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av import AudioFrame, AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from numpy.typing import NDArray

from engine.errors import InputError
from engine.speech.mel import RATE_HZ
from stream.files.clip_files import CLIPS, chosen
from stream.files.sound import Sound, is_readable

Samples = NDArray[np.float32]

_SOUNDS = ("wav", "w64", "mp3", "flac", "aac", "aiff", "caf", "amr", "ac3", "eac3", "au", "tta")
_OPTIONS = {
    "format_whitelist": ",".join((*_SOUNDS, *CLIPS)),
    "protocol_whitelist": "file",
}
_GAP = RATE_HZ // 50
"""Where sound is missing for longer than this, silence takes its place."""
ADVICE = "Give a sound such as WAV, FLAC, MP3, M4A or OGG, or a clip that has sound."


def is_sound_file(path: Path) -> bool:
    """Whether the file is a sound without pictures (the cover of a song is none)."""
    if not path.is_file():
        return False
    try:
        with _opened(path) as container:
            pictures = (
                stream
                for stream in container.streams.video
                if not stream.disposition & Disposition.attached_pic
            )
            return bool(container.streams.audio) and next(pictures, None) is None
    except (av.FFmpegError, OSError):
        return False


class SoundFile:
    """The sound of a file; each call reads it from the start."""

    def __init__(self, path: Path) -> None:
        """Look at the file; its sound begins at 0.

        Raises:
            InputError: there is no sound in it that can be read.
        """
        if not path.is_file():
            raise InputError(f"there is no file {path}. Check the name and the folder.")
        self.path = path
        with self._stream() as (container, stream):
            decoded = _decoded(container, stream)
            first = next((frame for frame in decoded if frame.samples), None)
        if first is None:
            raise InputError(f"no sound of {path} can be decoded. {ADVICE}")
        self._began_s = (first.pts or 0) * (first.time_base or Fraction(1))

    def pieces(self) -> Iterator[Samples]:
        """The samples at 16 kHz, one channel, in pieces; gaps are silence."""
        with self.soundtrack() as sound:
            yield from samples_of(sound)

    @contextmanager
    def soundtrack(self) -> Iterator[Sound]:
        """For a writer."""
        with self._stream() as (container, stream):
            yield Sound(container, stream, began_s=self._began_s)

    @contextmanager
    def _stream(self) -> Iterator[tuple[InputContainer, AudioStream]]:
        try:
            container = _opened(self.path)
        except (av.FFmpegError, OSError) as error:
            raise InputError(f"{self.path} is not a sound that can be read. {ADVICE}") from error
        with container:
            stream = chosen(container.streams.audio)
            if stream is None or not is_readable(stream):
                raise InputError(f"{self.path} has no sound that can be read. {ADVICE}")
            yield container, stream


def samples_of(sound: Sound) -> Iterator[Samples]:
    """A clip's sound at 16 kHz, one channel, in pieces from its first picture on."""
    given = 0
    resampler = AudioResampler(format="fltp", layout="mono", rate=RATE_HZ)
    for frame in sound.frames():
        place = round((frame.pts or 0) * (frame.time_base or Fraction(1)) * RATE_HZ)
        try:
            parts = [part.to_ndarray()[0] for part in resampler.resample(frame)]
        except (av.FFmpegError, ValueError):  # its format differs from the first one's
            continue
        if place - given > _GAP:
            parts.insert(0, np.zeros(place - given, np.float32))
        for part in parts:
            given += len(part)
            yield np.nan_to_num(np.asarray(part, np.float32), posinf=0.0, neginf=0.0)


def _opened(path: Path) -> InputContainer:
    # The prefix keeps a name such as "a:b.wav" from being read as a network protocol.
    return av.open(f"file:{path}", "r", metadata_errors="replace", container_options=dict(_OPTIONS))


def _decoded(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    """All frames up to where the file cannot be read."""
    packets = container.demux(stream)
    while True:
        try:
            yield from next(packets).decode()
        except (StopIteration, av.FFmpegError):
            return
