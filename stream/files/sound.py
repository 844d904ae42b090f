"""The sound of a driving clip on its way into the output: copied where the container takes it."""

from collections.abc import Iterator
from fractions import Fraction
from typing import TypeAlias

import av
from av import AudioFrame, AudioResampler, Packet
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer

AudioPacket: TypeAlias = "Packet[AudioStream]"  # generic in PyAV's stubs only

COPIED: dict[str, frozenset[str]] = {
    ".mp4": frozenset({"aac", "mp3", "ac3", "eac3", "alac", "flac", "opus"}),
    ".mov": frozenset({"aac", "mp3", "ac3", "eac3", "alac", "pcm_s16le", "pcm_s24le"}),
    ".mkv": frozenset(
        {"aac", "mp3", "ac3", "eac3", "alac", "flac", "opus", "vorbis", "pcm_s16le", "pcm_s24le"}
    ),
}
"""Container -> codecs copied as they are; all others become AAC. Each pair was muxed and read back
with PyAV 18; Vorbis and PCM in mp4 work there too, but few players play them."""

AAC_BIT_RATE = 192_000
PRIMING_S = Fraction(1, 10)
"""Packets from up to this long before the first picture are kept: decoders need some to warm up,
and the container's edit list hides them."""


class Sound:
    """Reads the sound beside the pictures, so that both grow together in the output."""

    def __init__(
        self, container: InputContainer, stream: AudioStream, *, began_s: Fraction
    ) -> None:
        """Take over the open clip; `began_s` is the file's own time of its first picture."""
        self._input = container
        self._stream = stream
        self._began_s = began_s
        self._packets: Iterator[AudioPacket] = iter(())
        self._waiting: AudioPacket | None = None  # read, but too late for the last `until`

    def attach(self, output: OutputContainer, extension: str) -> None:
        """Add the sound's stream to the output, before anything is written to it."""
        stream = self._stream
        if _can_copy(stream, extension):
            self._packets = self._copied(stream, output.add_stream_from_template(stream))
        else:
            encoder = output.add_stream("aac", rate=stream.rate, layout=_aac_layout(stream))
            encoder.bit_rate = AAC_BIT_RATE
            self._packets = self._encoded(stream, encoder)

    def frames(self) -> Iterator[AudioFrame]:
        """The decoded sound, its times counted from the first picture; instead of `attach`."""
        for frame in self._decoded(self._stream):
            if frame is not None:
                yield frame

    def until(self, time_s: Fraction | None) -> Iterator[AudioPacket]:
        """The packets that begin before this time of the output; None means all that are left."""
        while True:
            packet, self._waiting = self._waiting or next(self._packets, None), None
            if packet is None or packet.pts is None:
                return
            if time_s is not None and packet.pts * packet.time_base >= time_s:
                self._waiting = packet
                return
            yield packet

    def _copied(self, source: AudioStream, target: AudioStream) -> Iterator[AudioPacket]:
        """Packets as they are, at the output's times; damaged ones are left out."""
        last_dts: int | None = None
        for packet in self._demuxed(source):
            if packet.dts is None or packet.pts is None or packet.is_corrupt:
                continue
            if last_dts is not None and packet.dts <= last_dts:
                continue
            last_dts = packet.dts
            shift = round(self._began_s / packet.time_base)
            packet.pts -= shift
            packet.dts -= shift
            if packet.pts * packet.time_base >= -PRIMING_S:
                packet.stream = target
                yield packet

    def _encoded(self, source: AudioStream, target: AudioStream) -> Iterator[AudioPacket]:
        """AAC packets of the decoded sound."""
        resampler = AudioResampler(
            format="fltp", layout=target.layout.name, rate=target.rate, frame_size=1024
        )
        for frame in self._decoded(source):
            try:
                parts = resampler.resample(frame)
            except (av.FFmpegError, ValueError):  # its format differs from the first one's
                continue
            for part in parts:
                yield from target.encode(part)
        yield from target.encode(None)

    def _decoded(self, source: AudioStream) -> Iterator[AudioFrame | None]:
        """Frames at the output's times, from its beginning on, then None for the end."""
        for packet in self._demuxed(source):
            try:
                frames = packet.decode()
            except av.FFmpegError:
                continue
            for frame in frames:
                if frame.pts is None or frame.time_base is None:
                    continue
                frame.pts -= round(self._began_s / frame.time_base)
                if frame.pts >= 0:
                    yield frame
        yield None

    def _demuxed(self, source: AudioStream) -> Iterator[AudioPacket]:
        """Packets to the end of the file, or to where it cannot be read any more."""
        packets = self._input.demux(source)
        while True:
            try:
                yield next(packets)
            except (StopIteration, av.FFmpegError):
                return


def is_readable(stream: AudioStream) -> bool:
    """Whether enough of the sound was understood to write it anywhere."""
    context = getattr(stream, "codec_context", None)  # None for an unknown codec, says no stub
    return context is not None and context.sample_rate > 0 and context.layout.nb_channels > 0


def _can_copy(stream: AudioStream, extension: str) -> bool:
    """Whether the container takes the packets as they are.

    AAC of a broadcast (MPEG-TS) says in each packet what other files say once: a head that is
    written before the first packet has nothing to say then.
    """
    context = stream.codec_context
    name = context.codec.canonical_name
    return name in COPIED[extension] and (name != "aac" or bool(context.extradata))


def _aac_layout(stream: AudioStream) -> str:
    """The stream's own layout as far as AAC has it; more exotic ones are mixed to stereo."""
    channels = stream.layout.nb_channels
    return {1: "mono", 6: "5.1"}.get(channels, "stereo")
