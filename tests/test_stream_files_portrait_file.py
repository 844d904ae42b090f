"""A portrait is the same after its way through a file, and only whole files are believed."""

import hashlib
import io
import json
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import InputError, OutputError
from stream.files import portrait_layout
from stream.files.portrait_file import portrait_bytes, save_portrait
from stream.files.portrait_layout import LONGEST_SIDE, MANIFEST, is_portrait_file
from stream.files.portrait_reader import load_portrait
from tests.portraits_made import made_portrait

WHOLE = portrait_bytes(made_portrait())


def members(content: bytes = WHOLE) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(content: dict[str, bytes], kind: int = zipfile.ZIP_STORED) -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", kind) as archive:
        for name, each in content.items():
            archive.writestr(name, each)
    return into.getvalue()


def with_member(name: str, content: bytes, *, hashed: bool = True) -> bytes:
    """The file with another member in the place of one, which states its own hash."""
    parts = members()
    parts[name] = content
    if hashed:
        manifest = json.loads(parts[MANIFEST])
        manifest["sha256"][name] = hashlib.sha256(content).hexdigest()
        parts[MANIFEST] = json.dumps(manifest).encode()
    return zipped(parts)


def with_manifest(**changed: object) -> bytes:
    parts = members()
    parts[MANIFEST] = json.dumps(json.loads(parts[MANIFEST]) | changed).encode()
    return zipped(parts)


def refusal(content: bytes) -> str:
    with pytest.raises(InputError) as error:
        load_portrait(content, "my.portrait")
    message = str(error.value)
    assert "\n" not in message
    assert message.startswith("my.portrait ")
    return message


def npy(array: np.ndarray[Any, Any]) -> bytes:
    into = io.BytesIO()
    np.save(into, array)
    return into.getvalue()


def test_what_was_written_is_read(tmp_path: Path) -> None:
    made, path = made_portrait(), tmp_path / "me.portrait"
    save_portrait(path, made)
    read = load_portrait(path)
    np.testing.assert_array_equal(read.picture, made.picture)
    np.testing.assert_array_equal(read.face.landmarks, made.face.landmarks)
    assert [each.part for each in read.appearances] == [each.part for each in made.appearances]
    for own, other in zip(read.appearances, made.appearances, strict=True):
        np.testing.assert_array_equal(own.picture, other.picture)
        np.testing.assert_array_equal(own.landmarks, other.landmarks)
        np.testing.assert_allclose(own.gain, other.gain, atol=1e-6)


def test_the_same_portrait_gives_the_same_bytes() -> None:
    assert portrait_bytes(made_portrait()) == WHOLE


def test_the_first_bytes_say_what_it_is() -> None:
    assert is_portrait_file(WHOLE[:64])
    assert not is_portrait_file(zipped({"a": b"b"})[:64])


def test_numpy_and_zipfile_alone_can_read_one() -> None:
    parts = members()
    assert np.load(io.BytesIO(parts["landmarks.npy"]), allow_pickle=False).shape == (4, 478, 3)
    assert parts["picture.png"].startswith(b"\x89PNG")


def test_a_large_picture_is_reduced_and_its_landmarks_with_it() -> None:
    made = made_portrait(size=2 * LONGEST_SIDE, appearances=1)
    read = load_portrait(portrait_bytes(made))
    assert read.picture.shape[:2] == (LONGEST_SIDE, LONGEST_SIDE)
    middle = (made.face.landmarks[1, :2] + 0.5) / 2 - 0.5
    assert read.face.landmarks[1, :2] == pytest.approx(middle, abs=1e-3)


def test_a_file_that_exists_is_replaced_only_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "me.portrait"
    path.write_bytes(b"mine")
    with pytest.raises(OutputError, match="--force"):
        save_portrait(path, made_portrait())
    assert path.read_bytes() == b"mine"
    save_portrait(path, made_portrait(), force=True)
    assert load_portrait(path).appearances
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_is_full_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, content: bytes) -> int:
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="No space left"):
        save_portrait(tmp_path / "me.portrait", made_portrait())
    assert not list(tmp_path.iterdir())


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"must end in \.portrait"):
        save_portrait(tmp_path / "me.zip", made_portrait())


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.9, 0.999])
def test_a_file_that_is_cut_off_is_refused(share: float) -> None:
    reason = refusal(WHOLE[: int(len(WHOLE) * share)])
    assert "it is incomplete" in reason or (share == 0.0 and "not a portrait file" in reason)


def test_no_changed_byte_goes_unnoticed() -> None:
    """Each is refused, or the portrait is as it was: a zip has bytes that mean nothing."""
    draw = np.random.default_rng(5)
    made = made_portrait()
    for place in draw.integers(0, len(WHOLE), 300):
        bent = bytearray(WHOLE)
        bent[place] ^= 1 << int(draw.integers(8))
        try:
            read = load_portrait(bytes(bent))
        except InputError:
            continue
        np.testing.assert_array_equal(read.picture, made.picture)
        assert len(read.appearances) == len(made.appearances)


def test_noise_in_its_place_is_refused() -> None:
    draw = np.random.default_rng(6)
    for _ in range(200):
        begin, length = int(draw.integers(len(WHOLE))), int(draw.integers(1, 4096))
        noise = draw.integers(0, 256, length, np.uint8).tobytes()
        bent = WHOLE[:begin] + noise + WHOLE[begin + length :]
        with pytest.raises(InputError):
            load_portrait(bent if bent != WHOLE else b"")


def test_a_newer_version_says_so() -> None:
    assert "newer version" in refusal(with_manifest(version=2))


def test_a_member_that_was_changed_is_noticed() -> None:
    other = npy(np.zeros((4, 478, 3), "<f4"))
    assert "is not what it was" in refusal(with_member("landmarks.npy", other, hashed=False))


def test_a_claim_of_gigabytes_makes_none() -> None:
    """A header that states 100 GB is refused before anything of that size is made."""
    header = npy(np.zeros((4, 478, 3), "<f4")).replace(b"(4, 478, 3)", b"(9999999, 478, 3)")
    assert "not an array of float32" in refusal(with_member("landmarks.npy", header))


def test_a_bomb_takes_no_memory() -> None:
    bomb = zipped(members() | {"picture.png": b"\0" * (200 << 20)}, zipfile.ZIP_DEFLATED)
    tracemalloc.start()
    try:
        assert "larger than" in refusal(bomb)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 16 << 20


def test_a_list_of_a_million_members_is_refused() -> None:
    bent = bytearray(WHOLE)
    struct.pack_into("<I", bent, len(bent) - 10, 1 << 30)
    assert "list of members" in refusal(bytes(bent))


def test_a_picture_of_a_hundred_million_pixels_is_refused() -> None:
    png = bytearray(members()["picture.png"])
    struct.pack_into(">II", png, 16, 30_000, 30_000)
    assert "picture.png is damaged" in refusal(with_member("picture.png", bytes(png)))


def test_nothing_of_it_reaches_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "no portrait file has" in refusal(zipped(members() | {"../../evil.sh": b"#!"}))
    load_portrait(WHOLE)
    assert not list(tmp_path.iterdir())


def test_objects_are_never_loaded() -> None:
    into = io.BytesIO()
    np.save(into, np.array([{"a": 1}], object), allow_pickle=True)
    assert "landmarks.npy" in refusal(with_member("landmarks.npy", into.getvalue()))


def _landmarks(change: Callable[[np.ndarray[Any, Any]], object]) -> bytes:
    faces = np.load(io.BytesIO(members()["landmarks.npy"]))
    change(faces)
    return npy(faces)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "portrait file"),
        (b"hello", "portrait file"),
        (zipped({"a.txt": b"b"}), "zip, but not a portrait file"),
        (zipped({MANIFEST: b"[" * 200_000}), "nested too deep"),
        (zipped({MANIFEST: b"{}"}), "is not a portrait file's"),
        (zipped({MANIFEST: b"\xff\xfe"}), "damaged"),
        (zipped({MANIFEST: b" " * (300 << 10)}), "larger than"),
        (with_manifest(version="1"), "version"),
        (with_manifest(version=True), "version"),
        (with_manifest(appearances={}), "list of appearances"),
        (with_manifest(appearances=[3]), "list of appearances"),
        (with_manifest(appearances=[{}] * 1000), "more than"),
        (with_manifest(appearances=[]), "no portrait file has"),
        (with_manifest(sha256=[]), "no hashes"),
        (with_manifest(picture=None), "no size"),
        (with_manifest(picture={"width": 10**30, "height": 1}), "width of picture.png"),
        (with_manifest(picture={"width": 255, "height": 256}), "another size"),
        (with_manifest(confidence=float("nan")), "confidence"),
        (with_manifest(confidence=10**400), "confidence"),
        (zipped({n: c for n, c in members().items() if n != "picture.png"}), "lacks picture.png"),
        (with_member("picture.png", b"GIF89a"), "is not a PNG"),
        (with_member("picture.png", members()["picture.png"][:900]), "picture.png is damaged"),
        (with_member("landmarks.npy", b"\x93NUMPY\x09\x00"), "not an array"),
        (with_member("landmarks.npy", npy(np.zeros((4, 478, 3)))), "not an array of float32"),
        (with_member("landmarks.npy", npy(np.zeros((4, 478, 3), "<f4"))), "not those of a face"),
        (with_member("landmarks.npy", _landmarks(lambda f: f.fill(np.nan))), "not those of a face"),
        (with_member("landmarks.npy", _landmarks(lambda f: f[2].sort(axis=0))), "not those"),
        (with_member("landmarks.npy", _landmarks(lambda f: f.__iadd__(9999))), "outside"),
    ],
)
def test_what_is_odd_is_refused_in_one_line(content: bytes, reason: str) -> None:
    assert reason in refusal(content)


def test_an_odd_appearance_is_refused() -> None:
    entries = json.loads(members()[MANIFEST])["appearances"]
    for changed, reason in (
        ({"part": "nose"}, "no part"),
        ({"part": ["mouth"]}, "no part"),
        ({"gain": [1, 1]}, "three numbers"),
        ({"gain": [1, 1, 1e9]}, "gain"),
        ({"gain": ["1", 1, 1]}, "gain"),
        ({"width": 9}, "another size"),
    ):
        assert reason in refusal(with_manifest(appearances=[entries[0] | changed, *entries[1:]]))


def test_a_file_on_the_disk_that_is_huge_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "me.portrait"
    with path.open("wb") as file:
        file.truncate(portrait_layout.LARGEST_BYTES + 1)
    monkeypatch.setattr(Path, "read_bytes", lambda self: pytest.fail("it was read"))
    with pytest.raises(InputError, match="too large"):
        load_portrait(path)
