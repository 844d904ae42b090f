"""Which of MediaPipe's 478 points is which: the index lists the networks share.

Right and left are the subject's own. Each region is listed in the order of its network output.
"""

from typing import Final

MESH_POINTS: Final = 468
IRIS_POINTS: Final = 5
"""Centre, then the iris's edge at the picture's right, top, left, bottom."""
RIGHT_IRIS: Final = slice(468, 473)
LEFT_IRIS: Final = slice(473, 478)

RIGHT_EYE_OUTER: Final = 33
RIGHT_EYE_INNER: Final = 133
LEFT_EYE_OUTER: Final = 263
LEFT_EYE_INNER: Final = 362
MOUTH_RIGHT: Final = 61
MOUTH_LEFT: Final = 291

LIPS: Final = (
    *(61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291),  # lower outer edge
    *(185, 40, 39, 37, 0, 267, 269, 270, 409),  # upper outer edge, without the corners
    *(78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308),  # lower inner edge
    *(191, 80, 81, 82, 13, 312, 311, 310, 415),  # upper inner edge
    *(76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306),  # on the lower lip, outer row
    *(184, 74, 73, 72, 11, 302, 303, 304, 408),  # on the upper lip, outer row
    *(62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292),  # on the lower lip, inner row
    *(183, 42, 41, 38, 12, 268, 271, 272, 407),  # on the upper lip, inner row
)

RIGHT_EYE: Final = (
    *(33, 7, 163, 144, 145, 153, 154, 155, 133),  # lower lid, outer to inner corner
    *(246, 161, 160, 159, 158, 157, 173),  # upper lid, without the corners
    *(130, 25, 110, 24, 23, 22, 26, 112, 243),  # three rings around the lids, each from below
    *(247, 30, 29, 27, 28, 56, 190),
    *(226, 31, 228, 229, 230, 231, 232, 233, 244),
    *(113, 225, 224, 223, 222, 221, 189),
    *(35, 124, 46, 53, 52, 65),  # brow, lower edge
    *(143, 111, 117, 118, 119, 120, 121, 128, 245),
    *(156, 70, 63, 105, 66, 107, 55, 193),  # brow, upper edge
)

LEFT_EYE: Final = (
    *(263, 249, 390, 373, 374, 380, 381, 382, 362),
    *(466, 388, 387, 386, 385, 384, 398),
    *(359, 255, 339, 254, 253, 252, 256, 341, 463),
    *(467, 260, 259, 257, 258, 286, 414),
    *(446, 261, 448, 449, 450, 451, 452, 453, 464),
    *(342, 445, 444, 443, 442, 441, 413),
    *(265, 353, 276, 283, 282, 295),
    *(372, 340, 346, 347, 348, 349, 350, 357, 465),
    *(383, 300, 293, 334, 296, 336, 285, 417),
)

LID_POINTS: Final = 16
"""How many of an eye's points, from the first, are its lids."""
