"""Picture files that cost whoever opens them far more than their size."""

import io
import struct
import zlib

import numpy as np
from PIL import Image


def endless_jpeg(side: int = 4096, scans: int = 6000) -> bytes:
    """A progressive JPEG of some 100 KB whose scans each pass over the whole picture: a minute."""
    into = io.BytesIO()
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(into, "JPEG", progressive=True)
    small = into.getvalue()
    at = small.find(b"\xff\xc2")  # start of frame: its height and width come five bytes later
    head = small[: at + 5] + struct.pack(">HH", side, side) + small[at + 9 : -2]
    return head + (b"\xff\xda\x00\x08\x01\x01\x00\x3f\x3f\x00" + bytes(4)) * scans + b"\xff\xd9"


def claimed_png(width: int, height: int) -> bytes:
    """A PNG whose header names this size; its pixels are missing."""
    return _png(width, height, zlib.compress(bytes(100)))


def black_png(width: int, height: int) -> bytes:
    """A whole PNG of a few kilobytes."""
    return _png(width, height, zlib.compress(bytes((3 * width + 1) * height)))


def _png(width: int, height: int, pixels: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
