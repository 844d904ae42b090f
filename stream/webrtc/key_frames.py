"""Tells key frames of VP8 and H.264, which can be decoded without any picture before them."""

_START = b"\x00\x00\x01"
_IDR, _SPS, _STAP_A = 5, 7, 24
"""NAL unit types (H.264, table 7-1; RFC 6184, 5.2)."""
_VP8_START = b"\x9d\x01\x2a"
"""Of a key frame (RFC 6386, 9.1)."""


def can_tell(codec: str) -> bool:
    """Whether the key frames of this codec, by aiortc's name of it, are known here."""
    return codec in ("VP8", "H264")


def is_key_frame(codec: str, data: bytes) -> bool:
    """Whether a whole frame, as the decoder gets it, is one from its beginning on."""
    if codec == "VP8":
        return len(data) > 5 and not data[0] & 1 and data[3:6] == _VP8_START
    at = data.find(_START)
    while at >= 0:
        unit = data[at + len(_START) : at + len(_START) + 2]
        if len(unit) == 2 and unit[0] & 0x1F == _IDR:
            return bool(unit[1] & 0x80)  # the first slice: its first macroblock is number 0
        at = data.find(_START, at + len(_START))
    return False


def starts_key_frame(codec: str, payload: bytes) -> bool:
    """Whether the payload of an RTP packet is the beginning of one, with all that it needs."""
    if codec == "VP8":
        return _starts_vp8(payload)
    if len(payload) < 4:
        return False
    kind = payload[0] & 0x1F
    return (payload[3] & 0x1F if kind == _STAP_A else kind) == _SPS


def _starts_vp8(payload: bytes) -> bool:
    """The payload descriptor (RFC 7741, 4.2), then the frame's header."""
    if len(payload) < 2 or not payload[0] & 0x10 or payload[0] & 0x07:
        return False  # not the start of partition 0
    at = 1
    if payload[0] & 0x80:
        extended = payload[1]
        at = 2
        if extended & 0x80:  # a picture id of one byte, or of two
            at += 2 if len(payload) > at and payload[at] & 0x80 else 1
        at += bool(extended & 0x40) + bool(extended & 0x30)
    return is_key_frame("VP8", payload[at:])
