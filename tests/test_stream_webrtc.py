"""Each piece that takes latency out of aiortc: what it changes, and that it steps aside."""

import asyncio
import queue
import time
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from threading import Event, get_ident

import numpy as np
import pytest
from aiortc import codecs, rtp
from aiortc.codecs import h264, vpx
from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcrtpparameters import (
    RTCRtpCodecParameters,
    RTCRtpHeaderExtensionParameters,
    RTCRtpSendParameters,
)
from aiortc.rtcrtpreceiver import RemoteStreamTrack, decoder_worker
from aiortc.rtp import RtpPacket
from av import VideoFrame

from engine.frame import Frame, Pixels
from stream.webrtc import encoders, playout_delay, prompt_release
from stream.webrtc.camera_source import LONGEST_SIDE, rgb
from stream.webrtc.connection import BadOfferError, check_offer, install_low_latency, new_connection
from stream.webrtc.decoder_tap import take_at_once
from stream.webrtc.marker_release import MarkerJitterBuffer, releases_on_marker
from stream.webrtc.outlet import Outlet, i420
from stream.webrtc.portrait_track import PortraitTrack
from stream.webrtc.sound_release import PromptSoundBuffer, holds_sound_back
from stream.webrtc.voice_track import Voice
from stream.webrtc.whole_release import WholeFrameBuffer
from tests.fakes import disc_picture


def packet(number: int, timestamp: int, data: bytes, *, marker: bool = False) -> RtpPacket:
    made = RtpPacket(
        payload_type=96, marker=int(marker), sequence_number=number, timestamp=timestamp
    )
    setattr(made, "_data", data)  # noqa: B010 (aiortc sets it so)
    return made


def released(buffer: JitterBuffer, *packets: RtpPacket) -> list[tuple[int, bytes]]:
    frames = [buffer.add(each)[1] for each in packets]
    return [(frame.timestamp, frame.data) for frame in frames if frame is not None]


class TestMarkerRelease:
    def test_a_frame_comes_with_its_last_packet(self) -> None:
        buffer = MarkerJitterBuffer(capacity=16, is_video=True)
        assert released(buffer, packet(1, 10, b"a")) == []
        assert released(buffer, packet(2, 10, b"b", marker=True)) == [(10, b"ab")]
        assert released(buffer, packet(3, 20, b"c", marker=True)) == [(20, b"c")]

    def test_a_frame_without_marker_comes_with_the_next_frame_as_before(self) -> None:
        buffer = MarkerJitterBuffer(capacity=16, is_video=True)
        assert released(buffer, packet(1, 10, b"a"), packet(2, 20, b"b")) == [(10, b"a")]

    def test_packets_that_change_places_make_the_frame_whole(self) -> None:
        buffer = MarkerJitterBuffer(capacity=16, is_video=True)
        sent = [packet(1, 10, b"a"), packet(3, 10, b"c", marker=True), packet(2, 10, b"b")]
        assert released(buffer, *sent) == [(10, b"abc")]

    def test_a_frame_waits_for_a_missing_packet_and_the_rest_follows(self) -> None:
        buffer = MarkerJitterBuffer(capacity=16, is_video=True)
        sent = [
            packet(1, 10, b"a", marker=True),
            packet(3, 20, b"c", marker=True),  # its first packet, number 2, is late
            packet(4, 30, b"d"),
            packet(5, 30, b"e", marker=True),
        ]
        assert released(buffer, *sent) == [(10, b"a")]
        late = [packet(2, 20, b"b"), packet(6, 40, b"f"), packet(7, 40, b"g", marker=True)]
        assert released(buffer, *late) == [(20, b"bc"), (30, b"de"), (40, b"fg")]

    def test_padding_after_a_marker_is_no_frame(self) -> None:
        """An empty packet would be the end of the stream to the decoder."""
        buffer = MarkerJitterBuffer(capacity=16, is_video=True)
        sent = [packet(1, 10, b"a", marker=True), packet(2, 10, b""), packet(3, 20, b"b")]
        assert released(buffer, *sent) == [(10, b"a")]
        assert released(buffer, packet(4, 20, b"c", marker=True)) == [(20, b"bc")]

    def test_it_steps_aside_for_a_buffer_that_does_so_itself(self) -> None:
        assert not releases_on_marker(JitterBuffer)
        assert releases_on_marker(MarkerJitterBuffer)

    def test_installing_twice_changes_nothing(self) -> None:
        install_low_latency()
        assert not prompt_release.install()
        assert not playout_delay.install()


class TestPromptSound:
    def test_each_packet_comes_at_once(self) -> None:
        buffer = PromptSoundBuffer(capacity=16, prefetch=4)
        sent = [packet(65_535, 10, b"a"), packet(0, 20, b"b"), packet(1, 30, b"c")]
        assert released(buffer, *sent) == [(10, b"a"), (20, b"b"), (30, b"c")]

    def test_a_lost_packet_holds_up_nothing_and_a_late_one_is_left_out(self) -> None:
        buffer = PromptSoundBuffer(capacity=16, prefetch=4)
        sent = [packet(1, 10, b"a"), packet(3, 30, b"c"), packet(2, 20, b"b"), packet(4, 40, b"d")]
        assert released(buffer, *sent) == [(10, b"a"), (30, b"c"), (40, b"d")]

    def test_a_sender_that_begins_anew_is_followed(self) -> None:
        buffer = PromptSoundBuffer(capacity=16, prefetch=4)
        assert released(buffer, packet(9000, 10, b"a"), packet(5, 20, b"b")) == [
            (10, b"a"),
            (20, b"b"),
        ]

    def test_an_empty_packet_is_no_sound(self) -> None:
        buffer = PromptSoundBuffer(capacity=16, prefetch=4)
        assert released(buffer, packet(1, 10, b""), packet(2, 20, b"b")) == [(20, b"b")]

    def test_it_steps_aside_for_a_buffer_that_does_so_itself(self) -> None:
        assert holds_sound_back(JitterBuffer)
        assert not holds_sound_back(PromptSoundBuffer)

    def test_receivers_get_the_right_one(self) -> None:
        made = prompt_release.PromptBuffers(JitterBuffer)
        assert made.is_needed
        assert type(made(512, is_video=True)) is WholeFrameBuffer
        assert type(made(16, prefetch=4)) is PromptSoundBuffer


class TestPlayoutDelay:
    def configured(self, extension_id: int, *others: tuple[int, str]) -> rtp.HeaderExtensionsMap:
        install_low_latency()
        made = rtp.HeaderExtensionsMap()
        agreed = [(extension_id, playout_delay.URI), *others]
        made.configure(
            RTCRtpSendParameters(
                codecs=[],
                headerExtensions=[
                    RTCRtpHeaderExtensionParameters(id=number, uri=uri) for number, uri in agreed
                ],
            )
        )
        return made

    @pytest.mark.parametrize("extension_id", [1, 5, 14])
    def test_each_packet_asks_to_be_shown_at_once(self, extension_id: int) -> None:
        profile, content = self.configured(extension_id).set(rtp.HeaderExtensions())
        assert len(content) % 4 == 0
        found = dict(rtp.unpack_header_extensions(profile, content))
        assert found == {extension_id: b"\x00\x00\x00"}

    def test_the_other_extensions_stay(self) -> None:
        made = self.configured(5, (1, "urn:ietf:params:rtp-hdrext:sdes:mid"))
        profile, content = made.set(rtp.HeaderExtensions(mid="video0"))
        found = dict(rtp.unpack_header_extensions(profile, content))
        assert found == {1: b"video0", 5: b"\x00\x00\x00"}

    def test_a_long_neighbour_makes_two_byte_headers(self) -> None:
        made = self.configured(5, (1, "urn:ietf:params:rtp-hdrext:sdes:mid"))
        profile, content = made.set(rtp.HeaderExtensions(mid="a-long-name-for-a-section"))
        assert len(content) % 4 == 0
        found = dict(rtp.unpack_header_extensions(profile, content))
        assert found == {1: b"a-long-name-for-a-section", 5: b"\x00\x00\x00"}

    def test_a_peer_that_did_not_offer_it_gets_none(self) -> None:
        install_low_latency()
        assert rtp.HeaderExtensionsMap().set(rtp.HeaderExtensions()) == (0, b"")

    def test_its_number_is_nobody_elses(self) -> None:
        install_low_latency()
        numbers = [each.id for each in codecs.HEADER_EXTENSIONS["video"]]
        assert len(set(numbers)) == len(numbers)


def noise(seed: int) -> VideoFrame:
    """A picture that needs many bits."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 255, (96, 64), np.uint8)
    planes = np.repeat(np.repeat(small, 8, axis=0), 8, axis=1)  # 512 x 512
    made = VideoFrame.from_ndarray(np.ascontiguousarray(planes), format="yuv420p")
    made.pts, made.time_base = seed, Fraction(1, 30)
    return made


def bits_per_second(encoder: encoders.FastH264Encoder, first: int, count: int = 45) -> float:
    sizes = [
        sum(map(len, encoder.encode(noise(index))[0])) for index in range(first, first + count)
    ]
    return sum(sizes[-30:]) * 8.0


class TestEncoders:
    def test_the_bitrate_of_a_running_encoder_changes_without_a_new_one(self) -> None:
        install_low_latency()
        encoder = encoders.FastH264Encoder()
        at_first = bits_per_second(encoder, 0)
        codec = encoder.codec
        encoder.target_bitrate = 1_000_000
        later = bits_per_second(encoder, 100, count=75)
        assert encoder.codec is codec
        assert later < 0.7 * at_first

    def test_room_that_nobody_would_see_is_left_free(self) -> None:
        encoder = encoders.FastH264Encoder()
        encoder.target_bitrate = encoders.MOST_BPS
        sent = bits_per_second(encoder, 0, count=75)
        height, width = noise(0).height, noise(0).width
        assert encoders.enough_bps(width, height) < 0.5 * encoders.MOST_BPS
        assert sent < 1.5 * encoders.enough_bps(width, height)

    def test_another_size_is_taken(self) -> None:
        encoder = encoders.FastH264Encoder()
        for side in (256, 384):
            picture = VideoFrame(side, side, "yuv420p")
            picture.pts, picture.time_base = side, Fraction(1, 30)
            assert encoder.encode(picture)[0]

    def test_both_ends_of_the_bitrates_are_raised(self) -> None:
        install_low_latency()
        for codec in (h264, vpx):
            assert codec.MAX_BITRATE >= encoders.MOST_BPS
            assert codec.MIN_BITRATE >= encoders.LEAST_BPS

    def test_ours_is_chosen_for_each_codec(self) -> None:
        install_low_latency()
        from aiortc import rtcrtpsender

        made = {
            codec.mimeType: type(rtcrtpsender.get_encoder(codec)).__name__  # type: ignore[attr-defined]
            for codec in codecs.CODECS["video"]
            if codec.name != "rtx"
        }
        assert made == {"video/VP8": "EnduringVp8Encoder", "video/H264": "FastH264Encoder"}


class TestConnection:
    def test_no_server_on_the_internet_is_asked(self) -> None:
        async def servers() -> object:
            connection = new_connection()
            try:
                return connection._RTCPeerConnection__configuration.iceServers  # type: ignore[attr-defined]
            finally:
                await connection.close()

        assert asyncio.run(servers()) == []

    @pytest.mark.parametrize(
        ("sdp", "reason"),
        [
            ("", "not SDP"),
            ("hello", "not SDP"),
            ("v=0\r\n" + "a=x\r\n" * 20_000, "too long"),
            ("v=0\r\n" + "m=video 9 X 0\r\n" * 5, "media sections"),
            ("v=0\r\nm=video 9 X 0\r\n" + "a=candidate:1\r\n" * 65, "candidates"),
            ("v=0\r\nm=audio 9 X 0\r\n", "no video"),
        ],
    )
    def test_what_no_peer_sends_is_refused_before_it_is_parsed(self, sdp: str, reason: str) -> None:
        with pytest.raises(BadOfferError, match=reason):
            check_offer(sdp)


class TestCamera:
    @pytest.mark.parametrize("colour", [(255, 0, 0), (0, 200, 40), (20, 30, 220), (128, 128, 128)])
    def test_colours_survive_the_way_in_and_out(self, colour: tuple[int, int, int]) -> None:
        sent = np.full((64, 96, 3), colour, np.uint8)
        back = rgb(VideoFrame.from_ndarray(i420(sent), format="yuv420p"))
        assert np.abs(back.astype(int) - colour).max() <= 4

    def test_a_large_picture_is_reduced(self) -> None:
        assert rgb(VideoFrame(2560, 1440, "yuv420p")).shape == (720, LONGEST_SIDE, 3)

    def test_odd_sides_are_taken(self) -> None:
        assert rgb(VideoFrame(641, 361, "yuv420p")).shape == (361, 641, 3)


class TestHandOver:
    def test_a_picture_is_taken_in_the_thread_that_decoded_it(self) -> None:
        async def run() -> tuple[list[tuple[int, VideoFrame]], int]:
            track = RemoteStreamTrack(kind="video")
            taken: list[tuple[int, VideoFrame]] = []
            assert take_at_once(track, lambda frame: taken.append((get_ident(), frame)))
            codec = RTCRtpCodecParameters(mimeType="video/VP8", clockRate=90_000)
            packets, _ = vpx.Vp8Encoder().encode(noise(1))
            data = b"".join(vpx.vp8_depayload(packet) for packet in packets)
            waiting: queue.Queue[object] = queue.Queue()
            for item in ((codec, JitterFrame(data=data, timestamp=0)), None):
                waiting.put(item)
            loop = asyncio.get_running_loop()
            with ThreadPoolExecutor(1) as pool:
                decoder = pool.submit(get_ident).result()
                await loop.run_in_executor(
                    pool, decoder_worker, loop, waiting, track._queue, Event()
                )
            with pytest.raises(MediaStreamError):
                await track.recv()  # the end comes the usual way
            return taken, decoder

        taken, decoder = asyncio.run(run())
        assert [(thread, frame.width) for thread, frame in taken] == [(decoder, 512)]

    def test_a_track_of_ones_own_is_left_alone(self) -> None:
        async def run() -> bool:
            return take_at_once(PortraitTrack(Outlet(still())), lambda frame: None)

        assert asyncio.run(run()) is False


def still() -> Frame:
    return Frame(pixels=disc_picture(64, 64, (32, 32)), captured_ns=0)


def luma(picture: VideoFrame) -> Pixels:
    return np.asarray(picture.to_ndarray()[: picture.height], np.uint8)


class TestPortraitTrack:
    def test_it_begins_with_the_still_picture_and_repeats_the_last_one(self) -> None:
        async def run() -> list[VideoFrame]:
            track = PortraitTrack(Outlet(still()))
            return [await track.recv() for _ in range(3)]

        first, second, third = asyncio.run(run())
        np.testing.assert_array_equal(luma(first), luma(third))
        times = [picture.pts or 0 for picture in (first, second, third)]
        assert times == sorted(set(times))

    def test_a_result_is_handed_on_as_soon_as_it_comes(self) -> None:
        async def run() -> tuple[VideoFrame, list[Frame]]:
            outlet = Outlet(still())
            sent: list[Frame] = []
            track = PortraitTrack(outlet, lambda frame, _: sent.append(frame))
            result = Frame(pixels=disc_picture(64, 64, None), captured_ns=time.monotonic_ns())
            with ThreadPoolExecutor(1) as pool:
                waiting = asyncio.create_task(track.recv())
                await asyncio.sleep(0.02)
                pool.submit(outlet.put, result).result()
                picture = await waiting
            await track.recv()
            return picture, sent

        picture, sent = asyncio.run(run())
        np.testing.assert_array_equal(luma(picture), i420(disc_picture(64, 64, None))[:64])
        assert [frame.captured_ns > 0 for frame in sent] == [True]

    def test_only_the_newest_of_many_results_is_sent(self) -> None:
        async def run() -> VideoFrame:
            outlet = Outlet(still())
            track = PortraitTrack(outlet)
            for level in (10, 100, 200):
                grey = np.full((64, 64, 3), level, np.uint8)
                outlet.put(Frame(pixels=grey, captured_ns=level))
            return await track.recv()

        assert abs(int(luma(asyncio.run(run())).mean()) - (16 + 200 * 219 // 255)) <= 2

    def test_a_stopped_track_says_so_and_leaves_the_outlet(self) -> None:
        async def run() -> None:
            outlet = Outlet(still())
            track = PortraitTrack(outlet)
            track.stop()
            outlet.put(still())
            with pytest.raises(MediaStreamError):
                await track.recv()

        asyncio.run(run())

    def test_a_result_is_sent_as_it_left_the_loop(self) -> None:
        async def run() -> VideoFrame:
            outlet = Outlet(still())
            track = PortraitTrack(outlet)
            outlet.put(Frame(pixels=disc_picture(64, 64, (10, 32), 8), captured_ns=1))
            return await track.recv()

        expected = i420(disc_picture(64, 64, (10, 32), 8))[:64]
        np.testing.assert_array_equal(luma(asyncio.run(run())), expected)


def test_sound_comes_back_as_late_as_the_pictures_are() -> None:
    from tests.peers import Tone

    async def run() -> tuple[float, float]:
        voice = Voice(lambda: 0.15)
        heard = voice.listen()
        task = asyncio.create_task(voice.receive(Tone()))
        began = time.monotonic()
        await heard.recv()
        first = time.monotonic() - began
        await heard.recv()
        second = time.monotonic() - began
        task.cancel()
        return first, second

    first, second = asyncio.run(run())
    assert first >= 0.15
    assert second - first >= 0.005
