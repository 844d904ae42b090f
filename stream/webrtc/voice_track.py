"""The peer's own microphone sent back, later by as much as the portrait is: lips and voice agree.

The delay is measured, not set: the caller gives the time that pictures take from their arrival to
their sending, and every packet of sound waits as long.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame

from stream.files.live_sound import Alignment, LiveSound
from stream.session.voice_lips import HearsSound

MOST_HELD = 100
"""Packets of 20 ms: two seconds. A sound older than that is of no use to anybody."""
ALIGNED_OVER = 25
"""Packets, half a second, whose times of arrival say where the microphone's clock lies on ours."""


class Voice:
    """One microphone, and whoever hears it."""

    def __init__(
        self,
        delay_s: Callable[[], float],
        *,
        late_s: Callable[[], float] = lambda: 0.0,
        hears: HearsSound | None = None,
    ) -> None:
        """Make one that is silent.

        `delay_s` gives how late the pictures are at the moment, `late_s` how much later than they
        the sound is to be; `hears` gets every piece, too.
        """
        self.is_connected = False
        """Whether a peer has said that it may send sound."""
        self._delay_s = lambda: delay_s() + late_s()
        self._late_s = late_s
        self._hears = hears
        self._listeners: tuple[VoiceTrack, ...] = ()
        self._recording: LiveSound | None = None
        self._clock = Alignment(ALIGNED_OVER)

    def listen(self) -> "VoiceTrack":
        """A track for one more listener."""
        track = VoiceTrack(self._delay_s, self._left)
        self._listeners = (*self._listeners, track)
        return track

    async def receive(self, track: MediaStreamTrack) -> None:
        """Read a microphone to its end."""
        self.is_connected = True
        self._clock = Alignment(ALIGNED_OVER)
        try:
            while True:
                sound = await track.recv()
                if isinstance(sound, AudioFrame):
                    self._record(sound, time.monotonic_ns())
                    for listener in self._listeners:
                        listener.hold(sound)
        except MediaStreamError:
            return  # silence from here on; the portrait goes on

    def record_into(self, sound: LiveSound | None) -> None:
        """Put every piece into this recording, too; None ends that."""
        self._recording = sound

    def _record(self, sound: AudioFrame, arrived_ns: int) -> None:
        """A piece arrives when it is over; one that was held up began no later for that."""
        if sound.pts is None or sound.time_base is None:
            return
        stated_ns = round(sound.pts * sound.time_base * 1_000_000_000)
        self._clock.saw(stated_ns, arrived_ns)
        recording, arrives_ns = self._recording, self._clock.moment_ns(stated_ns)
        if arrives_ns is None:
            return
        start_ns = arrives_ns - sound.samples * 1_000_000_000 // sound.sample_rate
        if self._hears is not None:
            self._hears.put(sound, start_ns)
        if recording is not None:
            recording.put(sound, start_ns + round(self._late_s() * 1e9))

    def _left(self, track: "VoiceTrack") -> None:
        self._listeners = tuple(other for other in self._listeners if other is not track)


class VoiceTrack(MediaStreamTrack):
    """Gives each piece of sound after the delay of the moment it is sent."""

    kind = "audio"

    def __init__(
        self, delay_s: Callable[[], float], on_stop: Callable[["VoiceTrack"], None]
    ) -> None:
        super().__init__()
        self._delay_s = delay_s
        self._on_stop = on_stop
        self._held: deque[tuple[AudioFrame, float]] = deque(maxlen=MOST_HELD)
        self._came = asyncio.Event()

    def hold(self, sound: AudioFrame) -> None:
        """Take in a piece of sound that has just arrived."""
        self._held.append((sound, time.monotonic()))
        self._came.set()

    async def recv(self) -> AudioFrame:
        """The next piece of sound, once it is due."""
        while not self._held:
            if self.readyState != "live":
                raise MediaStreamError
            self._came.clear()
            await self._came.wait()
        sound, arrived_s = self._held.popleft()
        wait_s = arrived_s + self._delay_s() - time.monotonic()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        return sound

    def stop(self) -> None:
        """Leave, and wake who waits, to tell that it is over."""
        super().stop()
        self._on_stop(self)
        self._came.set()
