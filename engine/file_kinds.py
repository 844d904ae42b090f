"""Names what a file is that is not what was asked for: a saved web page, a pointer, an archive.

Downloads go wrong in few ways, and the name that the file was given hides which one it was.
"""

import json
from pathlib import Path

HEAD = 4096
"""Bytes that are looked at."""
LARGEST_HEADER = 100_000_000
"""Bytes of the JSON at the start of a safetensors file, by its own rule."""
EMPTY = "empty"
WEB_PAGE = "a web page"
LFS_POINTER = "a Git LFS pointer"
ZIP_ARCHIVE = "a ZIP archive"
SAFETENSORS = "a safetensors file"
JPEG = "a JPEG picture"
PNG = "a PNG picture"

PLAYLISTS = ("#EXTM3U", "ffconcat", "<MPD", "<?xml version")

SIGNS: tuple[tuple[bytes, str], ...] = (
    (b"version https://git-lfs", LFS_POINTER),
    (b"PK\x03\x04", ZIP_ARCHIVE),
    (b"PK\x05\x06", ZIP_ARCHIVE),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"%PDF-", "a PDF"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"GGUF", "a GGUF model"),
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
)
PAGE_SIGNS = ("<!doctype html", "<html", "<head", "<body")


def kind_of(source: Path | bytes) -> str | None:
    """What a file, or the bytes of one, is, as in "it is ..."; None for no well-known thing."""
    if isinstance(source, bytes):
        head = source[:HEAD]
    else:
        with source.open("rb") as file:
            head = file.read(HEAD)
    if not head:
        return EMPTY
    for sign, kind in SIGNS:
        if head.startswith(sign):
            return kind
    if head[257:262] == b"ustar":
        return "a tar archive"
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < LARGEST_HEADER:
        return SAFETENSORS
    return _text_kind(head)


def _text_kind(head: bytes) -> str | None:
    """Which kind of text it is; None where it is none."""
    text = _decoded(head)
    if text is None:
        return None
    begin = text.lstrip("\ufeff \t\r\n").lower()
    if any(sign in begin[:1024] for sign in PAGE_SIGNS):
        return WEB_PAGE
    if begin.startswith(tuple(sign.lower() for sign in PLAYLISTS)):
        return "a playlist or list of files"
    if begin.startswith(("{", "[")) and _is_json(text, is_whole=len(head) < HEAD):
        return "a JSON text"
    return "a text"


def _decoded(head: bytes) -> str | None:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", errors="ignore")
    if b"\0" in head:
        return None
    for cut in range(4):  # the last character may be cut in two
        try:
            text = head[: len(head) - cut].decode("utf-8")
        except UnicodeDecodeError:
            continue
        strange = sum(not sign.isprintable() and not sign.isspace() for sign in text)
        return text if strange <= len(text) // 5 else None
    return None


def _is_json(text: str, *, is_whole: bool) -> bool:
    if not is_whole:
        return True  # what was read is only its beginning
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
