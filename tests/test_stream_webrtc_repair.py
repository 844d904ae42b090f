"""What a viewer sees when the network loses packets: by pieces, then whole, on a virtual clock."""

import json
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from aiortc.codecs.h264 import H264Encoder, h264_depayload
from aiortc.codecs.vpx import Vp8Encoder, vp8_depayload
from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.rtcrtpreceiver import NackGenerator
from aiortc.rtp import RtpPacket
from av import VideoFrame

from benchmarks.impaired import stamp
from benchmarks.impaired.link import BLACKOUT, Link, Profile
from benchmarks.impaired.there_and_back import run_back
from benchmarks.impaired.twin import Change, Seen, both_ways, run
from stream.webrtc import bounded_sender, repairing_receiver
from stream.webrtc.asking_again import GIVEN_UP_S, RepeatedNacks, asks_again
from stream.webrtc.bounded_sender import MOST_REPEATED, PACKET_BITS, WINDOW_S, Repeats
from stream.webrtc.connection import install_low_latency
from stream.webrtc.key_frames import is_key_frame, starts_key_frame
from stream.webrtc.marker_release import MarkerJitterBuffer
from stream.webrtc.whole_release import CLOCK_HZ, WholeFrameBuffer, releases_all

KEY, OTHER = b"\x00\x00\x01\x67sps\x00\x00\x01\x65\x88key", b"\x00\x00\x01\x41\x9aother"
SPS = b"\x67sps"
LINE = Profile(delay_ms=20)


def packet(number: int, frame: int, data: bytes, *, start: bool = False) -> RtpPacket:
    """A frame of one packet; its number is its time in thirtieths of a second."""
    made = RtpPacket(
        payload_type=96,
        marker=1,
        sequence_number=number % (1 << 16),
        timestamp=frame * CLOCK_HZ // 30,
        payload=SPS if start else b"\x41other",
    )
    setattr(made, "_data", data)  # noqa: B010 (aiortc sets it so)
    return made


def buffer() -> WholeFrameBuffer:
    made = WholeFrameBuffer(capacity=512, is_video=True)
    made.codec_of = lambda payload_type: "H264"
    return made


def released(made: WholeFrameBuffer, *packets: RtpPacket) -> list[bytes]:
    found: list[JitterFrame] = []
    for each in packets:
        frame = made.add(each)[1]
        while frame is not None:
            found.append(frame)
            frame = made.take()
    return [frame.data for frame in found]


class TestKeyFrames:
    @pytest.mark.parametrize("codec", ["H264", "VP8"])
    def test_what_the_encoders_make_is_told_apart(self, codec: str) -> None:
        encoder = H264Encoder() if codec == "H264" else Vp8Encoder()
        depayload = h264_depayload if codec == "H264" else vp8_depayload
        for number, is_forced in enumerate([False, False, True, False]):
            made = VideoFrame.from_ndarray(stamp.picture(number, 256), format="rgb24")
            made.pts, made.time_base = number * 3000, Fraction(1, CLOCK_HZ)
            payloads, _ = encoder.encode(made, is_forced)
            is_key = number in (0, 2)
            frame = b"".join(depayload(each) for each in payloads)
            assert is_key_frame(codec, frame) == is_key
            assert starts_key_frame(codec, payloads[0]) == is_key
            assert not any(starts_key_frame(codec, each) for each in payloads[1:])
            if len(payloads) > 1:  # without its beginning it is none
                rest = b"".join(depayload(each) for each in payloads[2:])
                assert not is_key_frame(codec, rest)

    @pytest.mark.parametrize("codec", ["H264", "VP8"])
    def test_any_bytes_get_an_answer(self, codec: str) -> None:
        chance = np.random.default_rng(1)
        for size in range(40):
            data = chance.integers(0, 256, size, np.uint8).tobytes()
            assert is_key_frame(codec, data) in (True, False)
            assert starts_key_frame(codec, data) in (True, False)


class TestWholeRelease:
    def test_what_waited_behind_a_gap_comes_with_the_packet_that_fills_it(self) -> None:
        made = buffer()
        first = [packet(1, 1, KEY, start=True), packet(3, 3, b"c"), packet(4, 4, b"d")]
        assert released(made, *first) == [KEY]
        assert released(made, packet(2, 2, b"b")) == [b"b", b"c", b"d"]

    def test_nothing_is_shown_before_the_first_key_frame(self) -> None:
        made = buffer()
        assert released(made, packet(1, 1, OTHER), packet(2, 2, OTHER)) == []
        assert made.needs_key_frame
        assert released(made, packet(3, 3, KEY, start=True), packet(4, 4, OTHER)) == [KEY, OTHER]
        assert not made.needs_key_frame

    def test_after_a_gap_that_was_given_up_nothing_comes_but_a_key_frame(self) -> None:
        made = buffer()
        sent = [packet(1, 1, KEY, start=True), packet(3, 3, OTHER)]
        assert released(made, *sent) == [KEY]
        made.give_up()
        assert made.needs_key_frame
        # Too late: what was given up stays given up.
        assert released(made, packet(4, 4, OTHER), packet(2, 2, OTHER)) == []
        assert released(made, packet(5, 5, KEY, start=True), packet(6, 6, OTHER)) == [KEY, OTHER]

    def test_a_complete_key_frame_waits_for_no_gap(self) -> None:
        made = buffer()
        sent = [packet(1, 1, KEY, start=True), packet(3, 3, OTHER)]
        assert released(made, *sent) == [KEY]
        assert released(made, packet(4, 4, KEY, start=True)) == [KEY]
        assert released(made, packet(5, 5, OTHER)) == [OTHER]

    def test_giving_up_keeps_a_key_frame_that_is_coming(self) -> None:
        made = buffer()
        beginning = packet(4, 4, b"\x00\x00\x01\x67sps", start=True)
        beginning.marker = 0
        end = packet(6, 4, b"\x00\x00\x01\x41rest")
        middle = packet(5, 4, b"\x00\x00\x01\x65\x88key")
        middle.marker = 0
        assert released(made, packet(1, 1, KEY, start=True), beginning, end) == [KEY]
        made.give_up()
        assert made.first == 4
        assert len(released(made, middle)) == 1
        assert not made.needs_key_frame

    def test_a_jump_beyond_the_buffer_waits_for_a_key_frame(self) -> None:
        made = buffer()
        assert released(made, packet(1, 1, KEY, start=True)) == [KEY]
        assert released(made, packet(9000, 300, OTHER)) == []
        assert made.needs_key_frame

    def test_numbers_and_times_that_wrap_are_one_stream(self) -> None:
        made = buffer()
        end = 65_534
        sent = [packet(end, 1, KEY, start=True), *(packet(end + n, 1 + n, OTHER) for n in (1, 3))]
        assert released(made, *sent) == [KEY, OTHER]
        assert released(made, packet(end + 2, 3, OTHER)) == [OTHER, OTHER]

    def test_how_far_behind_it_is_can_be_told(self) -> None:
        made = buffer()
        released(made, packet(1, 1, KEY, start=True), packet(3, 31, OTHER))
        assert made.behind_s == pytest.approx(1.0)

    def test_padding_is_no_frame_and_holds_up_nothing(self) -> None:
        made = buffer()
        sent = [packet(1, 1, KEY, start=True), packet(2, 1, b""), packet(3, 2, OTHER)]
        assert released(made, *sent) == [KEY, OTHER]

    def test_a_codec_of_which_nothing_is_known_is_passed_on(self) -> None:
        made = WholeFrameBuffer(capacity=16, is_video=True)
        assert released(made, packet(1, 1, OTHER)) == [OTHER]
        assert not made.needs_key_frame

    def test_it_steps_aside_for_a_buffer_that_does_so_itself(self) -> None:
        assert not releases_all(JitterBuffer)
        assert not releases_all(MarkerJitterBuffer)
        assert releases_all(WholeFrameBuffer)


class TestAskingAgain:
    def gap(self) -> tuple[RepeatedNacks, list[float]]:
        """Number 2 is missing, at time 0."""
        now = [0.0]
        nacks = RepeatedNacks(lambda: now[0])
        for number in (1, 3):
            nacks.add(packet(number, number, b""))
        return nacks, now

    def test_it_asks_at_once_and_again_until_the_packet_comes(self) -> None:
        nacks, now = self.gap()
        asked_s = []
        for tick in range(60):
            now[0] = tick / 100
            asked_s += [now[0]] * bool(nacks.due())
        assert asked_s[0] == 0.0
        assert len(asked_s) >= 4
        assert np.all(np.diff(asked_s, 2) > 0), "less and less while nobody answers"
        nacks.add(packet(2, 2, b""))
        now[0] = 9.0
        assert nacks.due() == []

    def test_the_round_trip_is_learned_from_answers(self) -> None:
        nacks, now = self.gap()
        assert nacks.due() == [2]
        now[0] = 0.4
        nacks.answered(2)
        assert nacks.round_trip.s == pytest.approx(0.4)
        assert nacks.limit_s == pytest.approx(1.0)

    def test_a_packet_is_waited_for_as_long_as_an_answer_may_take(self) -> None:
        nacks, now = self.gap()
        assert nacks.limit_s == GIVEN_UP_S
        now[0] = 0.25
        assert nacks.longest_missing_s == pytest.approx(0.25)
        nacks.add(packet(2, 2, b""))
        assert nacks.longest_missing_s == 0.0

    def test_what_is_not_wanted_is_not_asked_for(self) -> None:
        nacks, _ = self.gap()
        nacks.add(packet(6, 6, b""))
        nacks.forget_before(5)
        assert nacks.due() == [5]
        nacks.forget_before(None)
        assert nacks.missing == set()

    def test_it_steps_aside_for_one_that_has_a_timer(self) -> None:
        assert not asks_again(NackGenerator)
        assert asks_again(RepeatedNacks)


class TestRepeats:
    def test_they_take_no_more_than_their_share(self) -> None:
        repeats, room_bps = Repeats(), 1e6
        went = sum(repeats.has_room(0.0, room_bps) for _ in range(1000))
        assert 0 < went * PACKET_BITS / WINDOW_S <= MOST_REPEATED * room_bps
        assert repeats.bps(2 * WINDOW_S) == 0.0
        assert repeats.has_room(2 * WINDOW_S, room_bps)


class TestLink:
    def test_the_same_seed_loses_the_same_packets(self) -> None:
        def lost(seed: int) -> list[bool]:
            link = Link(Profile(loss=0.3), seed)
            return [not link.carry(1000, 0.0) for _ in range(200)]

        assert lost(1) == lost(1) != lost(2)
        assert 0.2 < np.mean(lost(1)) < 0.4

    def test_bursts_are_as_long_and_as_frequent_as_they_should_be(self) -> None:
        link = Link(Profile(burst=(0.0132, 0.25)), 1)
        lost = np.array([not link.carry(1000, 0.0) for _ in range(40_000)])
        bursts = np.count_nonzero(np.diff(lost.astype(int)) == 1)
        assert lost.mean() == pytest.approx(0.05, abs=0.01)
        assert lost.sum() / bursts == pytest.approx(4.0, abs=0.5)

    def test_a_line_takes_its_time_and_its_queue_runs_over(self) -> None:
        link = Link(Profile(rate_bps=80_000, queue_ms=200), 1)
        arrived = [link.carry(1000, 0.0) for _ in range(10)]
        assert [round(each[0], 3) for each in arrived if each] == [0.1, 0.2, 0.3]

    @pytest.mark.parametrize("reorders", [False, True])
    def test_jitter_changes_the_order_only_where_it_is_told_to(self, reorders: bool) -> None:
        link = Link(Profile(jitter_ms=50, reorders=reorders), 1)
        arrived = [link.carry(1000, number / 100)[0] for number in range(100)]
        assert (arrived != sorted(arrived)) == reorders

    def test_duplicates_come_twice(self) -> None:
        assert len(Link(Profile(duplicates=1.0), 1).carry(1000, 0.0)) == 2

    @pytest.mark.parametrize("wrong", [{"loss": 1.5}, {"delay_ms": -1}, {"rate_bps": 0}])
    def test_what_no_network_does_is_refused(self, wrong: dict[str, float]) -> None:
        with pytest.raises(ValueError, match="must"):
            Profile(**wrong)  # type: ignore[arg-type]


class TestStamp:
    @pytest.mark.parametrize("side", [256, 512])
    def test_numbers_can_be_read_and_damage_is_seen(self, side: int) -> None:
        for number in (0, 1, 1000, 65_535):
            assert stamp.read(stamp.picture(number, side)) == number
            assert not stamp.is_damaged(stamp.picture(number, side), number)
        broken = stamp.picture(7, side).copy()
        broken[64:96, 64:96] = broken[128:160, 32:64] ^ 0x80
        assert stamp.is_damaged(broken, 7)


# ---- the whole, on a virtual clock: the figures are the same on every machine


def seen(*changes: Change, seconds: float = 10.0, side: int = 256) -> tuple[Seen, float, float]:
    install_low_latency()
    found, began_s = run(list(changes), seconds=seconds, side=side)
    return found, began_s, began_s + seconds


def test_both_parts_are_installed_once() -> None:
    install_low_latency()
    assert not repairing_receiver.install()
    assert not bounded_sender.install()


@pytest.mark.slow
def test_one_packet_in_ten_lost_costs_no_lasting_delay() -> None:
    found, *span = seen(both_ways(Profile(loss=0.1, delay_ms=20)))
    figures = found.figures(*span)
    assert found.packets_lost > 50
    assert figures["p50"] <= 25
    assert figures["p95"] <= 130
    assert figures["last"] <= 30
    assert figures["freezes"] <= 1
    assert figures["damaged"] == 0


@pytest.mark.slow
def test_after_a_blackout_the_delay_is_clean_within_half_a_second() -> None:
    dark_s, back_s = 2.0, 4.0
    changes = both_ways(LINE), both_ways(BLACKOUT, dark_s), both_ways(LINE, back_s)
    found, began_s, ended_s = seen(*changes, seconds=7.0)
    after = found.figures(began_s + back_s + 0.5, ended_s)
    assert after["p95"] <= 25
    assert after["pictures"] >= 70
    assert found.figures(began_s, ended_s)["damaged"] == 0


@pytest.mark.slow
def test_jitter_that_reorders_costs_what_the_network_costs() -> None:
    found, *span = seen(both_ways(Profile(delay_ms=20, jitter_ms=30, reorders=True)))
    figures = found.figures(*span)
    assert figures["p95"] <= 85
    assert figures["freezes"] == 0


@pytest.mark.slow
def test_bursts_show_nothing_damaged() -> None:
    found, *span = seen(both_ways(Profile(burst=(0.03, 0.15), delay_ms=20)))
    figures = found.figures(*span)
    assert found.packets_lost > 50
    assert figures["damaged"] == 0
    assert figures["pictures"] > 150


@pytest.mark.slow
def test_the_bitrate_follows_a_line_that_becomes_narrow_and_stock_does_not() -> None:
    narrow = Profile(delay_ms=20, rate_bps=300_000, queue_ms=200)
    found, began_s, ended_s = seen(both_ways(narrow))
    settled = found.figures(began_s + 3.0, ended_s)
    assert settled["p50"] <= 60
    assert settled["pictures"] >= 180
    command = (sys.executable, "-m", "benchmarks.impaired.twin", "--stock", "--seconds", "6")
    options = ("--delay-ms", "20", "--rate-bps", "300000")
    done = subprocess.run([*command, *options], check=True, capture_output=True, text=True)
    assert json.loads(done.stdout)["pictures"] < 60


@pytest.mark.slow
def test_the_same_seed_gives_the_same_figures() -> None:
    def once() -> list[tuple[float, int | None]]:
        found, *_ = seen(both_ways(Profile(loss=0.1, delay_ms=20)), seconds=3.0)
        return [(round(at_s, 4), number) for at_s, number, _ in found.shown]

    assert once() == once()


@pytest.mark.slow
def test_a_call_from_another_address_goes_on_at_once() -> None:
    """There and back; the old address is dead, and the gap is that of setting up a call."""
    install_low_latency()
    found, began_s = run_back([both_ways(LINE)], seconds=4.0, moves=True)
    figures = found.figures(began_s, began_s + 4.0)
    assert figures["p50"] <= 45
    assert figures["freezes"] <= 1
    assert figures["longest_gap"] <= 500
    assert figures["damaged"] == 0
