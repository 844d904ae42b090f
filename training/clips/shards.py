"""Clips on disk: few large files of pictures, and a journal that says what lies where.

A shard is bytes: of each clip its frames as JPEG, then their lengths (uint32), then their
alignments (float32, 6 each), little-endian. The journal `index.jsonl` has one line per clip and one
per finished source. Whatever was written of a source that was not finished is cut off when the
folder is opened again; so a killed run goes on as if it had not been.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.frame import Pixels

INDEX = "index.jsonl"
SHARD_BYTES = 256 * 1024 * 1024
_QUALITY = 95


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a clip is of."""

    source: str
    identity: str
    first_frame: int
    size: int
    """Side of its pictures."""
    box: tuple[float, float, float]
    """Middle and side of the crop in the film's pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipEntry(About):
    """Where a clip lies, too."""

    frames: int
    shard: int
    offset: int
    """Of its first byte in the shard."""
    pictures: int
    """Bytes of all its pictures."""

    @property
    def end(self) -> int:
        """Offset of the byte behind it."""
        return self.offset + self.pictures + 28 * self.frames


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceEntry:
    """A source that was read to its end."""

    source: str
    frames: int
    refused: dict[str, int]
    """Reason -> frames."""


def shard_path(folder: Path, number: int) -> Path:
    """Where a shard lies."""
    return folder / f"shard_{number:05d}.bin"


def read_index(folder: Path) -> tuple[list[ClipEntry], list[SourceEntry]]:
    """All clips of finished sources, and those sources.

    Raises:
        InputError: there is no index, or it is of something else.
    """
    path = folder / INDEX
    if not path.is_file():
        raise InputError(f"{folder} has no {INDEX}: make it with `understudy train clips`.")
    clips: list[ClipEntry] = []
    waiting: list[ClipEntry] = []
    sources: list[SourceEntry] = []
    for line in _lines(path):
        if "done" in line:
            sources.append(SourceEntry(**line["done"]))
            clips += waiting
            waiting = []
        else:
            waiting.append(_clip(line["clip"]))
    return clips, sources


class ShardWriter:
    """Adds to a folder. A source's clips count once `finish` was called for it."""

    def __init__(self, folder: Path, size: int) -> None:
        """Open or begin a folder.

        Raises:
            InputError: the folder has clips of another size.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._index = folder / INDEX
        if not self._index.exists():
            self._index.touch()
        _cut_unfinished(self._index)
        clips, sources = read_index(folder)
        if any(clip.size != size for clip in clips):
            raise InputError(
                f"{folder} holds clips of {clips[0].size} px, not {size}: choose another --out."
            )
        self.finished = {entry.source for entry in sources}
        self._shard = max((clip.shard for clip in clips), default=0)
        self._end = max((clip.end for clip in clips if clip.shard == self._shard), default=0)
        path = shard_path(folder, self._shard)
        path.touch()
        with path.open("r+b") as file:
            file.truncate(self._end)
        for later in folder.glob("shard_*.bin"):
            if int(later.stem.removeprefix("shard_")) > self._shard:
                later.unlink()

    def open_shard(self) -> BinaryIO:
        """The shard that the next clip goes to, at its end."""
        if self._end >= SHARD_BYTES:
            self._shard, self._end = self._shard + 1, 0
        file = shard_path(self._folder, self._shard).open("ab")
        file.truncate(self._end)
        return file

    def add(
        self, file: BinaryIO, lengths: list[int], alignments: NDArray[np.float32], about: "About"
    ) -> ClipEntry:
        """Close a clip whose JPEGs were written to `file`, and note it."""
        file.write(np.array(lengths, "<u4").tobytes() + alignments.astype("<f4").tobytes())
        entry = ClipEntry(
            shard=self._shard,
            offset=self._end,
            frames=len(lengths),
            pictures=sum(lengths),
            **asdict(about),
        )
        file.close()
        self._end = entry.end
        self._note({"clip": asdict(entry)})
        return entry

    def finish(self, entry: SourceEntry) -> None:
        """All of a source is written."""
        self._note({"done": asdict(entry)})
        self.finished.add(entry.source)

    def _note(self, line: Mapping[str, Any]) -> None:
        with self._index.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def encoded(picture: Pixels) -> bytes:
    """A frame (S, S, 3) RGB as JPEG."""
    parameters = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    return bytes(cv2.imencode(".jpg", picture[..., ::-1], parameters)[1])


class ClipReader:
    """Reads clips; shards are mapped into memory, so only what is looked at is loaded."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shards: dict[int, NDArray[np.uint8]] = {}

    def alignments(self, clip: ClipEntry) -> NDArray[np.float32]:
        """(N, 2, 3) of the frames."""
        start = clip.offset + clip.pictures + 4 * clip.frames
        raw = self._bytes(clip.shard)[start : clip.end].tobytes()
        return np.frombuffer(raw, "<f4").astype(np.float32).reshape(-1, 2, 3)

    def picture(self, clip: ClipEntry, number: int) -> Pixels:
        """Frame `number` (S, S, 3) RGB.

        Raises:
            InputError: the shard is damaged.
        """
        raw = self._bytes(clip.shard)
        start = clip.offset + clip.pictures
        table = np.frombuffer(raw[start : start + 4 * clip.frames].tobytes(), "<u4")
        begin = clip.offset + int(table[:number].sum())
        decoded = cv2.imdecode(raw[begin : begin + int(table[number])], cv2.IMREAD_COLOR)
        if decoded is None:
            path = shard_path(self._folder, clip.shard)
            raise InputError(f"{path} is damaged at byte {begin}: make its folder anew.")
        return np.ascontiguousarray(np.asarray(decoded, np.uint8)[..., ::-1])

    def _bytes(self, number: int) -> NDArray[np.uint8]:
        if number not in self._shards:
            self._shards[number] = np.memmap(shard_path(self._folder, number), np.uint8, "r")
        return self._shards[number]


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            return  # the last one of a killed run
        if not isinstance(line, dict) or not ({"clip", "done"} & line.keys()):
            raise InputError(f"{path} is no index of clips. Choose another folder.")
        yield line


def _clip(fields: dict[str, Any]) -> ClipEntry:
    return ClipEntry(**{**fields, "box": tuple(fields["box"])})


def _cut_unfinished(index: Path) -> None:
    """Drop what follows the last finished source."""
    kept, size = 0, 0
    for raw in index.read_bytes().splitlines(keepends=True):
        size += len(raw)
        if raw.startswith(b'{"done"') and raw.endswith(b"\n"):
            kept = size
    with index.open("r+b") as file:
        file.truncate(kept)
