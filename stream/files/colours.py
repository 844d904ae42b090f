"""Between video pictures and RGB; matrix and range of both sides are said, never left to chance.

Transfer curve and primaries are left alone: SDR video of every age looks right that way on an sRGB
screen, as players show it. HDR is not tone-mapped.
"""

import numpy as np
from av import VideoFrame
from av.video.reformatter import (
    ColorPrimaries,
    ColorRange,
    Colorspace,
    ColorTrc,
    Interpolation,
    VideoReformatter,
)

from engine.frame import Pixels

UNSPECIFIED = 2  # AVCOL_SPC_UNSPECIFIED; PyAV names the swscale matrices only
STANDARD_DEFINITION = (1279, 576)
"""Up to this size an untagged clip is BT.601, above it BT.709: the rule of mpv and VLC."""
HDR_CURVES = (ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67)

TO_RGB = Interpolation.BICUBIC
TO_YUV = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP
"""Without accurate rounding a grey is off by one level: the encoder would keep that for ever."""


class RgbReader:
    """Turns decoded pictures of one clip into RGB, all of one size."""

    def __init__(self, *, width: int, height: int) -> None:
        self._width = width
        self._height = height
        self._converter = VideoReformatter()

    def pixels(self, picture: VideoFrame) -> Pixels:
        """(height, width, 3), as a player shows the picture."""
        rgb = self._converter.reformat(
            picture,
            width=self._width,
            height=self._height,
            format="rgb24",
            src_colorspace=_untagged_matrix(picture),
            dst_color_range=ColorRange.JPEG,
            interpolation=TO_RGB,
            threads=1,
        )
        return np.asarray(rgb.to_ndarray(), np.uint8)


class YuvWriter:
    """Turns RGB into 4:2:0 in limited range; for the encoder BT.709, tagged so."""

    def __init__(self, matrix: Colorspace = Colorspace.ITU709) -> None:
        self._matrix = matrix
        self._converter = VideoReformatter()

    def picture(self, pixels: Pixels) -> VideoFrame:
        """The picture in yuv420p; both sides of `pixels` are even."""
        return self._converter.reformat(
            VideoFrame.from_ndarray(pixels, format="rgb24"),
            format="yuv420p",
            dst_colorspace=self._matrix,
            dst_color_range=ColorRange.MPEG,
            interpolation=TO_YUV,
            threads=1,
        )


BT709_TAGS = {
    "colorspace": Colorspace.ITU709,
    "color_range": ColorRange.MPEG,
    "color_trc": ColorTrc.BT709,
    "color_primaries": ColorPrimaries.BT709,
}
"""What the encoder writes into the file about `YuvWriter`'s pictures."""


def _untagged_matrix(picture: VideoFrame) -> Colorspace | None:
    """The matrix of a picture that does not say which it has; None where it does."""
    if picture.colorspace != UNSPECIFIED:
        return None
    width, height = STANDARD_DEFINITION
    is_small = picture.width <= width and picture.height <= height
    return Colorspace.ITU601 if is_small else Colorspace.ITU709
