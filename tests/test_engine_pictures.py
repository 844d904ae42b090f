import io
import logging
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from engine.errors import InputError
from engine.pictures import BEHIND, open_picture
from tests.profiles_made import ADOBE_RGB, DISPLAY_P3, grey_profile, rgb_profile


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def quadrants(width: int = 40, height: int = 20) -> Image.Image:
    """Red, green / blue, white: a turn or a mirror cannot hide."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2] = (255, 0, 0)
    pixels[: height // 2, width // 2 :] = (0, 255, 0)
    pixels[height // 2 :, : width // 2] = (0, 0, 255)
    pixels[height // 2 :, width // 2 :] = (255, 255, 255)
    return Image.fromarray(pixels)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_a_lossless_picture_opens_unchanged(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "picture"
    path.write_bytes(encoded(quadrants(), kind, lossless=True))
    opened = open_picture(path)
    assert opened.dtype == np.uint8
    assert opened.flags.c_contiguous
    np.testing.assert_array_equal(opened, np.asarray(quadrants()))


def test_a_jpeg_opens_from_its_bytes() -> None:
    opened = open_picture(encoded(quadrants(64, 64), "JPEG", quality=95, subsampling=0))
    assert np.abs(opened.astype(int) - np.asarray(quadrants(64, 64))).mean() < 3


@pytest.mark.parametrize(
    ("orientation", "turn"),
    [
        (3, Image.Transpose.ROTATE_180),
        (6, Image.Transpose.ROTATE_270),
        (8, Image.Transpose.ROTATE_90),
        (5, Image.Transpose.TRANSPOSE),
    ],
)
def test_a_picture_taken_sideways_is_turned_upright(
    orientation: int, turn: Image.Transpose
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    opened = open_picture(encoded(quadrants(), exif=exif))
    np.testing.assert_array_equal(opened, np.asarray(quadrants().transpose(turn)))


def test_transparency_shows_the_neutral_background() -> None:
    image = quadrants().convert("RGBA")
    alpha = np.zeros((20, 40), np.uint8)
    alpha[:, :10], alpha[:, 10:20] = 255, 128
    image.putalpha(Image.fromarray(alpha))
    opened = open_picture(encoded(image))
    assert tuple(opened[0, 0]) == (255, 0, 0)
    assert tuple(opened[0, 39]) == BEHIND
    np.testing.assert_allclose(opened[0, 15], (np.array([255, 0, 0]) + BEHIND) / 2, atol=1)


def test_a_palette_with_a_transparent_colour_shows_the_background() -> None:
    image = quadrants().quantize(4)
    green = image.getpixel((39, 0))
    opened = open_picture(encoded(image, transparency=green))
    assert tuple(opened[0, 39]) == BEHIND
    assert tuple(opened[0, 0]) == (255, 0, 0)


@pytest.mark.parametrize("mode", ["L", "LA", "1", "P"])
def test_every_simple_mode_becomes_rgb(mode: str) -> None:
    image = quadrants().convert(mode)
    opened = open_picture(encoded(image))
    assert opened.shape == (20, 40, 3)
    np.testing.assert_array_equal(opened, np.asarray(image.convert("RGB")))


def test_sixteen_bit_grey_keeps_its_shades() -> None:
    ramp = (np.arange(256, dtype=np.uint16) * 257)[None].repeat(4, axis=0)
    opened = open_picture(encoded(Image.fromarray(ramp)))
    np.testing.assert_array_equal(opened[0, :, 0], np.arange(256))


def test_print_colours_become_screen_colours() -> None:
    opened = open_picture(encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG"))
    assert opened[0, 0, 0] > 230
    assert opened[0, 0, 1] < 25


def profile_with_red_and_green_swapped() -> bytes:
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    places = {bytes(profile[at : at + 4]): at for at in range(132, 132 + 12 * profile[131], 12)}
    red, green = places[b"rXYZ"] + 4, places[b"gXYZ"] + 4  # offset and size of each tag
    profile[red : red + 8], profile[green : green + 8] = (
        profile[green : green + 8],
        profile[red : red + 8],
    )
    return bytes(profile)


def test_a_colour_profile_is_applied() -> None:
    content = encoded(quadrants(), icc_profile=profile_with_red_and_green_swapped())
    opened = open_picture(content)
    np.testing.assert_allclose(opened[0, 0], (0, 255, 0), atol=3)
    np.testing.assert_allclose(opened[0, 39], (255, 0, 0), atol=3)


def skin() -> Image.Image:
    """Muted colours, which every profile can say, and few enough for a palette."""
    colours = [(200, 120, 90), (90, 140, 70), (70, 90, 160), (128, 128, 128), (180, 160, 140)]
    return Image.fromarray(np.repeat([colours], 8, axis=0).repeat(8, axis=1).astype(np.uint8))


def in_profile(image: Image.Image, profile: bytes) -> Image.Image:
    """The same colours, in the numbers of this profile."""
    made = ImageCms.profileToProfile(
        image,
        ImageCms.createProfile("sRGB"),
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        outputMode=image.mode,
    )
    assert made is not None
    return made


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        *(("PNG", mode) for mode in ("RGB", "RGBA", "P", "transparent P")),
        *(("WEBP", "RGB"), ("WEBP", "RGBA"), ("JPEG", "RGB")),
    ],
)
@pytest.mark.parametrize("primaries", [DISPLAY_P3, ADOBE_RGB], ids=["P3", "AdobeRGB"])
def test_a_wide_profile_is_applied_in_every_mode(
    primaries: dict[bytes, tuple[float, float, float]], mode: str, kind: str
) -> None:
    profile = rgb_profile(primaries)
    image = in_profile(skin(), profile)
    assert np.abs(np.asarray(image).astype(int) - np.asarray(skin())).max() > 8
    options: dict[str, object] = {"icc_profile": profile, "lossless": True, "quality": 100}
    if mode == "RGBA":
        image.putalpha(255)
    elif mode != "RGB":
        image = image.quantize(8)
        options |= {"transparency": 7} if mode == "transparent P" else {}
    opened = open_picture(encoded(image, kind, **options))
    limit = 6 if kind == "JPEG" else 2
    assert np.abs(opened[:, 4::8].astype(int) - np.asarray(skin())[:, 4::8]).max() <= limit


def test_transparency_is_kept_beside_a_profile() -> None:
    profile = rgb_profile(DISPLAY_P3)
    image = in_profile(skin(), profile)
    alpha = np.full((8, 40), 255, np.uint8)
    alpha[:, :8] = 0
    image.putalpha(Image.fromarray(alpha))
    opened = open_picture(encoded(image, icc_profile=profile))
    assert tuple(opened[0, 0]) == BEHIND
    np.testing.assert_allclose(opened[0, 12], np.asarray(skin())[0, 12], atol=2)


@pytest.mark.parametrize("mode", ["L", "LA", "I;16"])
def test_a_profile_of_grey_is_applied(mode: str) -> None:
    linear = np.array([[0, 13, 55, 128, 255]], np.uint8).repeat(4, axis=0)
    image = Image.fromarray(linear.astype(np.uint16) * 257) if mode == "I;16" else None
    image = image or Image.fromarray(linear).convert(mode)
    opened = open_picture(encoded(image, icc_profile=grey_profile(1.0)))
    # sRGB's own curve: light of 13, 55 and 128 parts in 255 is shown by these.
    np.testing.assert_allclose(opened[0, :, 0], [0, 64, 128, 188, 255], atol=2)


def test_a_grey_picture_may_carry_a_profile_of_colours() -> None:
    image = Image.new("L", (8, 8), 128)
    opened = open_picture(encoded(image, icc_profile=rgb_profile(DISPLAY_P3)))
    assert np.ptp(opened) <= 1
    assert abs(int(opened[0, 0, 0]) - 128) < 4


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_a_profile_of_other_colours_is_said_and_ignored(
    mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    image = quadrants().convert(mode)
    with caplog.at_level(logging.WARNING):
        opened = open_picture(encoded(image, icc_profile=grey_profile(1.0)))
    np.testing.assert_array_equal(opened, np.asarray(quadrants()))
    assert "colour profile" in caplog.text


def test_print_colours_with_a_broken_profile_still_open(caplog: pytest.LogCaptureFixture) -> None:
    image = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    with caplog.at_level(logging.WARNING):
        opened = open_picture(encoded(image, "JPEG", icc_profile=rgb_profile(ADOBE_RGB)))
    assert opened[0, 0, 0] > 230
    assert "colour profile" in caplog.text


def test_an_unusable_colour_profile_is_said_and_ignored(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        opened = open_picture(encoded(quadrants(), icc_profile=b"not a profile"))
    np.testing.assert_array_equal(opened, np.asarray(quadrants()))
    assert "colour profile" in caplog.text


def test_a_large_picture_is_reduced_to_the_longest_side() -> None:
    opened = open_picture(encoded(quadrants(400, 200)), longest_side=100)
    assert opened.shape == (50, 100, 3)
    assert tuple(opened[5, 5]) == (255, 0, 0)


@pytest.mark.slow
def test_a_fifty_megapixel_photo_opens() -> None:
    opened = open_picture(encoded(Image.new("RGB", (8192, 6144), (90, 120, 150)), "JPEG"))
    assert opened.shape == (3072, 4096, 3)
    np.testing.assert_allclose(opened[100, 100], (90, 120, 150), atol=2)


def test_a_picture_over_the_limit_is_refused_before_decoding() -> None:
    content = encoded(quadrants(400, 200))
    header_only = content[:64]  # would fail to decode, so a refusal proves that it was not tried
    with pytest.raises(InputError, match=r"too large \(400 x 200 pixels.*reduce it"):
        open_picture(header_only, limit_pixels=10_000)


@pytest.mark.parametrize("size", [(12_000, 9_000), (20_000, 20_000), (1, 90_000_000)])
def test_a_huge_picture_is_refused_in_one_line_of_ours(size: tuple[int, int]) -> None:
    """Warnings are errors here: Pillow's own, of which a user would read, would be one."""
    head = bytearray(encoded(Image.new("1", (8, 8))))
    head[16:24] = b"".join(side.to_bytes(4, "big") for side in size)
    head[29:33] = zlib.crc32(bytes(head[12:29])).to_bytes(4, "big")
    with pytest.raises(InputError, match=rf"too large \({size[0]} x {size[1]} pixels"):
        open_picture(bytes(head))


def test_a_saved_web_page_is_called_one() -> None:
    with pytest.raises(InputError, match="not a JPEG, PNG or WebP picture: it is a web page"):
        open_picture(b"<!DOCTYPE html><html><body>Not found</body></html>")


def test_a_decompression_bomb_is_refused() -> None:
    bomb = bytearray(encoded(Image.new("1", (8, 8))))
    bomb[16:24] = (60_000).to_bytes(4, "big") * 2  # width and height in the PNG header
    bomb[29:33] = zlib.crc32(bytes(bomb[12:29])).to_bytes(4, "big")
    with pytest.raises(InputError, match=r"too large.*reduce it"):
        open_picture(bytes(bomb))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_file_that_was_cut_off_is_refused(kind: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    content = encoded(Image.fromarray(noise), kind)
    with pytest.raises(InputError, match=r"damaged|not a JPEG"):
        open_picture(content[: int(len(content) * share)])


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_flipped_bits_give_a_picture_or_a_clear_refusal(kind: str) -> None:
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 255, (24, 24, 3), dtype=np.uint8)
    content = encoded(Image.fromarray(noise), kind)
    refused = 0
    for _ in range(200):
        broken = bytearray(content)
        for place in rng.integers(0, len(broken), 3):
            broken[place] ^= int(rng.integers(1, 255))
        try:
            assert open_picture(bytes(broken), limit_pixels=1_000_000).shape[2] == 3
        except InputError:
            refused += 1
    assert refused > 0


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF"])
def test_other_formats_are_refused_with_the_ones_that_work(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "portrait"
    path.write_bytes(encoded(quadrants(), kind))
    with pytest.raises(InputError, match=r"portrait is not a JPEG, PNG or WebP"):
        open_picture(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nobody\.png cannot be read \(No such file"):
        open_picture(tmp_path / "nobody.png")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        open_picture(tmp_path)


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(InputError, match="not a JPEG"):
        open_picture(b"")


@pytest.mark.parametrize("head", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"])
def test_a_picture_whose_head_is_broken_is_not_called_another_kind(head: bytes) -> None:
    with pytest.raises(InputError, match="damaged") as refused:
        open_picture(head + bytes(500))
    assert "is not a" not in str(refused.value)
