"""Motion JPEG pictures that were cut short on their way from the camera.

FFmpeg decodes what is there and leaves the rest grey, without an error: half a face, which would
make the portrait jump. Its strict mode is no help, for it refuses whole pictures of many webcams.
"""

END = b"\xff\xd9"
"""The marker after the last line (ITU-T T.81, B.1.1.3); some cameras add zeros behind it."""
LOOKED_AT = 16
"""Last bytes in which it must be."""
ENOUGH = 3
"""A camera that ended so many pictures with the marker ends all of them so; some never do."""
UNSURE = 10
"""Pictures without it at the beginning: until then nobody knows whether they are whole."""


class TornJpeg:
    """Looks at one camera's pictures, one after the other."""

    def __init__(self) -> None:
        self._whole = 0
        self._endless = 0

    def is_torn(self, data: bytes) -> bool:
        """Whether this picture lacks its end, though the others have one, or might."""
        if END in data.rstrip(b"\0")[-LOOKED_AT:]:
            self._whole += 1
            return False
        self._endless += 1
        return bool(data) and (self._whole >= ENOUGH or self._endless <= UNSURE)
