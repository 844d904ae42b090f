"""Whatever strangers send is used or refused in words, and never fails in a way of its own.

Files of `tests/corpus/KIND/` are each tried as they are, then mutated. What once failed is kept
there. `FUZZ_EXAMPLES=20000 pytest tests/test_stream_fuzz.py` looks longer.
"""

import asyncio
import io
import json
import os
import zipfile
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

import pytest
from aiohttp import web
from aiortc.rtp import RtpPacket
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import BundleError, InputError, UnderstudyError
from engine.manifest import FILE, read_manifest
from stream.files.motion_file import motion_writer
from stream.files.motion_reader import load_motion
from stream.server.control_json import changed
from stream.server.forms import file_of_form
from stream.server.whip import _add_candidates
from stream.session.controls import Controls
from stream.webrtc.asking_again import RepeatedNacks
from stream.webrtc.connection import BadOfferError, accept, answer, check_offer, new_connection
from stream.webrtc.key_frames import is_key_frame, starts_key_frame
from stream.webrtc.whole_release import WholeFrameBuffer
from tests.motions_made import moving

pytestmark = pytest.mark.filterwarnings("ignore:Reading `.npy` or `.npz` file required:UserWarning")

CORPUS = Path(__file__).parent / "corpus"
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
MOST = 1 << 13
"""Bytes of a file that is mutated; longer ones are tried as they are."""

T = TypeVar("T")


def few(count: int) -> Callable[[T], T]:
    """So many tries, the same ones each time unless more were asked for."""
    made: Callable[[T], T] = settings(
        max_examples=EXAMPLES or count,
        derandomize=not EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    return made


def kept(kind: str) -> list[Path]:
    found = sorted((CORPUS / kind).iterdir())
    assert found, f"the corpus of {kind} is gone"
    return found


def each(kind: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", kept(kind), ids=lambda path: path.name)


@st.composite
def mutants(draw: st.DrawFn, kind: str | bytes) -> bytes:
    """A file of the corpus, or these bytes, with pieces cut, doubled, exchanged and put in."""
    if isinstance(kind, str):
        paths = [path for path in kept(kind) if path.stat().st_size <= MOST]
        kind = draw(st.sampled_from(paths)).read_bytes()
    data = kind
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 64)))
        piece = draw(st.one_of(st.just(b""), st.just(data[start:end] * 2), st.binary(max_size=16)))
        data = data[:start] + piece + data[end:]
    return data


def in_words(refused: Exception) -> None:
    assert len(str(refused)) > 10


# ---- session descriptions


def offer(sdp: str) -> None:
    async def run() -> None:
        connection = new_connection()
        try:
            check_offer(sdp)
            await accept(connection, sdp)
            assert (await answer(connection)).startswith("v=0")
        except BadOfferError as refused:
            in_words(refused)
        finally:
            # aiortc's own close, of what has no transport: `Peer.close` guards it.
            with suppress(AttributeError):
                await connection.close()

    asyncio.run(run())


@each("sdp")
def test_an_offer_of_the_corpus_is_answered_or_refused(path: Path) -> None:
    offer(path.read_bytes().decode(errors="replace"))


@few(60)
@given(mutants("sdp"))
def test_a_mutated_offer_is_answered_or_refused(data: bytes) -> None:
    offer(data.decode(errors="replace"))


def fragment(text: str) -> None:
    async def run() -> None:
        connection = new_connection()
        connection.addTransceiver("video", "recvonly")
        await connection.setLocalDescription(await connection.createOffer())
        try:
            await _add_candidates(connection, [line.strip() for line in text.splitlines()])
        except web.HTTPBadRequest as refused:
            in_words(refused)
        finally:
            await connection.close()

    asyncio.run(run())


@each("fragment")
def test_a_fragment_of_the_corpus_is_taken_or_refused(path: Path) -> None:
    fragment(path.read_bytes().decode(errors="replace"))


@few(60)
@given(mutants("fragment"))
def test_a_mutated_fragment_is_taken_or_refused(data: bytes) -> None:
    fragment(data.decode(errors="replace"))


# ---- forms, settings


def form(data: bytes) -> None:
    kind, _, body = data.partition(b"\n")
    try:
        content, name = file_of_form(kind.decode(errors="replace"), body)
    except ValueError as refused:
        in_words(refused)
    else:
        assert content in body
        assert name


@each("form")
def test_a_form_of_the_corpus_is_read_or_refused(path: Path) -> None:
    form(path.read_bytes())


@few(400)
@given(mutants("form"))
def test_a_mutated_form_is_read_or_refused(data: bytes) -> None:
    form(data)


def wanted(text: str) -> None:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return  # `request_body` refuses it
    if isinstance(content, dict):
        try:
            changed(Controls(), content)
        except InputError as refused:
            in_words(refused)


@each("settings")
def test_settings_of_the_corpus_are_taken_or_refused(path: Path) -> None:
    wanted(path.read_text())


@few(300)
@given(mutants("settings"))
def test_mutated_settings_are_taken_or_refused(data: bytes) -> None:
    wanted(data.decode(errors="replace"))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@few(200)
@given(st.dictionaries(st.sampled_from(["mode", "gains", "paused", "portrait", "x"]), JSON))
def test_any_values_of_settings_are_taken_or_refused(content: dict[str, object]) -> None:
    try:
        changed(Controls(), content)
    except InputError as refused:
        in_words(refused)


# ---- files


def manifest(folder: Path, data: bytes) -> None:
    (folder / FILE).write_bytes(data)
    try:
        read_manifest(folder)
    except BundleError as refused:
        in_words(refused)


@each("manifest")
def test_a_manifest_of_the_corpus_is_read_or_refused(path: Path, tmp_path: Path) -> None:
    manifest(tmp_path, path.read_bytes())


@few(300)
@given(data=mutants("manifest"))
def test_a_mutated_manifest_is_read_or_refused(
    data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    manifest(tmp_path_factory.getbasetemp(), data)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("motion") / "motion.npz"
    with motion_writer(path) as writer:
        for index in range(3):
            writer.add(index * 33_333_333, moving(index))
        writer.finish(Fraction(30))
    return path.read_bytes()


def motion(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    try:
        load_motion(path)
    except UnderstudyError as refused:
        in_words(refused)


@each("motion")
def test_a_motion_file_of_the_corpus_is_read_or_refused(path: Path, tmp_path: Path) -> None:
    motion(tmp_path / "copy.npz", path.read_bytes())


@few(60)
@given(data=st.data())
def test_a_mutated_motion_file_is_read_or_refused(
    data: st.DataObject, recorded: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    motion(tmp_path_factory.getbasetemp() / "mutant.npz", data.draw(mutants(recorded)))


@few(60)
@given(data=st.data())
def test_a_motion_file_with_a_mutated_array_is_read_or_refused(
    data: st.DataObject, recorded: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Its checksums are right: the damage reaches the reader of arrays."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(recorded)) as whole, zipfile.ZipFile(written, "w") as mutant:
        chosen = data.draw(st.sampled_from(whole.namelist()))
        for name in whole.namelist():
            content = whole.read(name)
            if name == chosen:
                content = data.draw(mutants(content[:256])) + content[256:]
            mutant.writestr(name, content)
    motion(tmp_path_factory.getbasetemp() / "mutant.npz", written.getvalue())


# ---- media


@each("rtp")
@pytest.mark.parametrize("codec", ["VP8", "H264"])
def test_a_payload_of_the_corpus_is_looked_at(path: Path, codec: str) -> None:
    assert starts_key_frame(codec, path.read_bytes()) in (True, False)


@few(300)
@given(mutants("rtp"), st.sampled_from(["VP8", "H264"]))
def test_a_mutated_payload_is_looked_at(data: bytes, codec: str) -> None:
    assert starts_key_frame(codec, data) in (True, False)
    assert is_key_frame(codec, data) in (True, False)


KEY, OTHER = b"\x00\x00\x01\x67\x00\x00\x01\x65\x88", b"\x00\x00\x01\x41\x9a"


@few(150)
@given(
    st.lists(
        st.tuples(st.integers(0, 65_535) | st.integers(0, 40), st.integers(0, 3), st.booleans()),
        max_size=60,
    ),
    st.integers(1, 20),
)
def test_any_order_of_packets_shows_no_frame_but_a_key_frame_after_a_gap(
    sent: list[tuple[int, int, bool]], every: int
) -> None:
    """Numbers and times as a stranger likes; now and then what is missing is given up."""
    buffer, nacks = WholeFrameBuffer(capacity=64, is_video=True), RepeatedNacks(lambda: 0.0)
    buffer.codec_of = lambda payload_type: "H264"
    for count, (number, timestamp, is_key) in enumerate(sent):
        packet = RtpPacket(
            payload_type=96, marker=1, sequence_number=number, timestamp=timestamp * 3000,
            payload=b"\x67..." if is_key else b"\x41...",
        )  # fmt: skip
        setattr(packet, "_data", KEY if is_key else OTHER)  # noqa: B010 (aiortc sets it so)
        needed_one = buffer.needs_key_frame
        nacks.add(packet)
        frame = buffer.add(packet)[1]
        if needed_one and frame is not None:
            assert frame.data == KEY
        while buffer.take() is not None:
            pass
        nacks.forget_before(buffer.first)
        nacks.due()
        if count % every == every - 1:
            buffer.give_up()
            assert buffer.needs_key_frame
    assert len(nacks.missing) <= 1 << 10
