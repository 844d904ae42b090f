"""Asks the browser to show each frame at once, by the playout-delay RTP header extension.

Chromium smooths playout by a jitter buffer of its own, 8 ms and more, and shows 27 of 30 frames.
The extension (webrtc.org/experiments/rtp-hdrext/playout-delay: 12 bits of minimum, 12 of maximum,
in 10 ms) with both at zero turns that off. A peer that did not offer it never gets it.
"""

from aiortc import codecs, rtp
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters

from stream.webrtc.aiortc_parts import replace_part

URI = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
AT_ONCE = b"\x00\x00\x00"
_ONE_BYTE, _TWO_BYTE = 0xBEDE, 0x1000
"""Header profiles of RFC 8285, as aiortc writes them."""
_ONE_BYTE_IDS = range(1, 15)


class PlayoutDelayMap(rtp.HeaderExtensionsMap):
    """Writes the extension into every packet of a stream whose peer agreed to it."""

    def __init__(self) -> None:
        super().__init__()
        self._id: int | None = None

    def configure(self, parameters: RTCRtpParameters) -> None:
        """Learn the ids that were agreed on."""
        super().configure(parameters)
        for extension in parameters.headerExtensions:
            if extension.uri == URI:
                self._id = extension.id

    def set(self, values: rtp.HeaderExtensions) -> tuple[int, bytes]:
        """The header's profile and content; the content keeps a multiple of four bytes."""
        profile, content = super().set(values)
        if self._id is None:
            return profile, content
        if profile == _TWO_BYTE:
            return profile, content + bytes([self._id, len(AT_ONCE)]) + AT_ONCE + bytes(3)
        if self._id not in _ONE_BYTE_IDS:
            return profile, content
        # The other extensions end in padding, which may stand between two of them (RFC 8285, 4.2).
        return _ONE_BYTE, content + bytes([self._id << 4 | len(AT_ONCE) - 1]) + AT_ONCE


def install() -> bool:
    """Offer and answer it from now on; False where aiortc does so by itself."""
    video = codecs.HEADER_EXTENSIONS["video"]
    if any(extension.uri == URI for extension in video):
        return False
    used = {extension.id for kind in codecs.HEADER_EXTENSIONS.values() for extension in kind}
    video.append(RTCRtpHeaderExtensionParameters(id=max(used) + 1, uri=URI))
    replace_part(rtp, "HeaderExtensionsMap", PlayoutDelayMap)
    return True
