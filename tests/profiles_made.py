"""Colour profiles made byte by byte (ICC.1:2001-04): wide RGB ones, and grey of another gamma."""

import struct
from collections.abc import Mapping

DISPLAY_P3 = {
    b"rXYZ": (0.5151, 0.2412, -0.0011),
    b"gXYZ": (0.2920, 0.6922, 0.0419),
    b"bXYZ": (0.1571, 0.0666, 0.7841),
}
ADOBE_RGB = {
    b"rXYZ": (0.6097, 0.3111, 0.0195),
    b"gXYZ": (0.2053, 0.6257, 0.0609),
    b"bXYZ": (0.1492, 0.0632, 0.7446),
}
"""Primaries as seen in the light of D50."""
WHITE = (0.9642, 1.0, 0.8249)


def rgb_profile(primaries: Mapping[bytes, tuple[float, float, float]]) -> bytes:
    """A profile with these primaries, gamma 2.2."""
    tags = {name: _xyz(place) for name, place in primaries.items()}
    return _profile(b"RGB ", tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _gamma(2.2)))


def grey_profile(gamma: float) -> bytes:
    """A profile of grey alone."""
    return _profile(b"GRAY", {b"kTRC": _gamma(gamma)})


def _profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    tags = tags | {
        b"wtpt": _xyz(WHITE),
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", 5) + b"made\0" + bytes(78),
        b"cprt": b"text\0\0\0\0none\0",
    }
    table, data = b"", b""
    begin = 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        value += b"\0" * (-len(value) % 4)
        table += name + struct.pack(">II", begin + len(data), len(value))
        data += value
    head = struct.pack(">I", begin + len(data)) + b"lcms" + struct.pack(">I", 0x02100000)
    head += b"mntr" + space + b"XYZ " + struct.pack(">6H", 2024, 1, 1, 0, 0, 0) + b"acsp"
    head += bytes(28) + _xyz(WHITE)[8:] + b"lcms" + bytes(44)
    return head + struct.pack(">I", len(tags)) + table + data


def _xyz(place: tuple[float, float, float]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in place))


def _gamma(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
