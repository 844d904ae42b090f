"""The sound of a live stream on its way into a file: pieces with times, beside the pictures.

Sound comes in pieces that may be missing, late or a little off; a file wants samples without gaps.
What is missing becomes silence, and a piece that is off by more than a viewer would notice is put
where it belongs.
"""

from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from statistics import median

import av
import numpy as np
from av import AudioFrame, AudioResampler
from av.audio.stream import AudioStream
from av.container import OutputContainer
from numpy.typing import NDArray

from stream.files.sound import AAC_BIT_RATE, AudioPacket

RATE_HZ = 48_000
CHANNELS = 2
PIECE = 1024
"""Samples of an AAC packet."""
SLACK = RATE_HZ // 25
"""40 ms: a piece that is off by less follows the last one without a seam. Viewers don't notice
sound that is 40 ms early or 60 late (EBU R 37); clocks that drift apart meet again in steps."""
LATEST_S = Fraction(1, 2)
"""Sound that has not come so long after its time will not come any more."""
MOST_PIECES = 3000
"""That wait to be written: a minute of 20 ms each."""

Samples = NDArray[np.float32]
"""(channels, samples), -1..1."""


class LiveSound:
    """Takes pieces in one thread, and gives packets for a file in another."""

    def __init__(self) -> None:
        self.began_ns: int | None = None
        """The moment of the file's first picture; set before its first `until`."""
        self._pieces: deque[tuple[int, Samples]] = deque(maxlen=MOST_PIECES)
        self._resampler: AudioResampler | None = None
        self._format: tuple[str, str, int] | None = None
        self._encoder: AudioStream | None = None
        self._waiting: Samples = np.zeros((CHANNELS, 0), np.float32)
        self._given = 0
        self._is_running = False

    def put(self, sound: AudioFrame, start_ns: int) -> None:
        """A piece that began at this moment of the clock which stamps the pictures.

        A damaged one is left out: it becomes silence.
        """
        shape = (sound.format.name, sound.layout.name, sound.sample_rate)
        if self._resampler is None or shape != self._format:
            self._resampler = AudioResampler(format="fltp", layout="stereo", rate=RATE_HZ)
            self._format = shape
        try:
            parts = [part.to_ndarray() for part in self._resampler.resample(sound)]
        except (av.FFmpegError, ValueError):
            return
        if parts:
            self._pieces.append((start_ns, np.concatenate(parts, axis=1).astype(np.float32)))

    def attach(self, output: OutputContainer, extension: str) -> None:
        """Add the stream to the output, before anything is written to it."""
        self._encoder = output.add_stream("aac", rate=RATE_HZ, layout="stereo")
        self._encoder.bit_rate = AAC_BIT_RATE

    def until(self, time_s: Fraction | None) -> Iterator[AudioPacket]:
        """The packets of all that came and begins before this time; None ends the sound."""
        while self._pieces and (time_s is None or self._place() < time_s * RATE_HZ):
            self._lay(self._place(), self._pieces.popleft()[1])
            yield from self._encoded(PIECE)
        if time_s is None:
            yield from self._encoded(1)
            yield from self._stream.encode(None)
            return
        missing = int((time_s - LATEST_S) * RATE_HZ) - self._written
        if missing > 0:
            self._append(np.zeros((CHANNELS, missing), np.float32))
            self._is_running = False
            yield from self._encoded(PIECE)

    @property
    def _stream(self) -> AudioStream:
        if self._encoder is None:
            raise RuntimeError("attach must come before until")
        return self._encoder

    @property
    def _written(self) -> int:
        """Where the next sample goes."""
        return self._given + int(self._waiting.shape[1])

    def _place(self) -> int:
        """Where the next piece belongs, in samples."""
        if self.began_ns is None:
            raise RuntimeError("began_ns must be set before until")
        return round((self._pieces[0][0] - self.began_ns) * RATE_HZ / 1e9)

    def _lay(self, place: int, samples: Samples) -> None:
        """Append a piece, after silence or without its beginning where it doesn't fit."""
        off = place - self._written
        if not self._is_running or abs(off) > SLACK:
            if off > 0:
                self._append(np.zeros((CHANNELS, off), np.float32))
            samples = samples[:, max(-off, 0) :]
        self._append(samples)
        self._is_running = True

    def _append(self, samples: Samples) -> None:
        self._waiting = np.concatenate([self._waiting, samples], axis=1)

    def _encoded(self, least: int) -> Iterator[AudioPacket]:
        """Packets of what waits, as long as there are so many samples of it."""
        while self._waiting.shape[1] >= least:
            samples, self._waiting = self._waiting[:, :PIECE], self._waiting[:, PIECE:]
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(samples), format="fltp", layout="stereo"
            )
            frame.sample_rate, frame.pts = RATE_HZ, self._given
            frame.time_base = Fraction(1, RATE_HZ)
            self._given += samples.shape[1]
            yield from self._stream.encode(frame)


class Alignment:
    """Where the times of a stream lie on this machine's clock, by the median of the last arrivals.

    Not by the fastest: pictures are stamped as they arrive, so on a machine that is late with
    everything, sound has to be as late as they are.
    """

    def __init__(self, remembered: int) -> None:
        self._offsets_ns: deque[int] = deque(maxlen=remembered)

    def saw(self, stated_ns: int, seen_ns: int) -> None:
        """Something of this stated time was there at this moment."""
        self._offsets_ns.append(seen_ns - stated_ns)

    def moment_ns(self, stated_ns: int) -> int | None:
        """When something of this time was there, or would have been; None as long as unknown."""
        return stated_ns + round(median(self._offsets_ns)) if self._offsets_ns else None
