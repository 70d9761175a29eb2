"""Image files of every format, beside Pillow."""

import io

import numpy as np
import pytest
from PIL import Image

from recipes.data.images.image_files import BrokenImage, Header, decode_image, read_header

PIXELS = np.random.default_rng(0).integers(0, 256, (13, 17, 4)).astype("uint8")
GREY, GREY_ALPHA = Image.fromarray(PIXELS[..., 0]), Image.fromarray(PIXELS[..., :2], "LA")
COLOUR, COLOUR_ALPHA = Image.fromarray(PIXELS[..., :3]), Image.fromarray(PIXELS, "RGBA")
DEEP = Image.fromarray(PIXELS[..., 0].astype("uint16") * 257)
LOSSLESS = {
    "grey png": (GREY, "png", {}, 1),
    "grey with alpha png": (GREY_ALPHA, "png", {}, 2),
    "colour png": (COLOUR, "png", {}, 3),
    "colour with alpha png": (COLOUR_ALPHA, "png", {}, 4),
    "grey bmp": (GREY, "bmp", {}, 1),
    "colour bmp": (COLOUR, "bmp", {}, 3),
    "colour with alpha bmp": (COLOUR_ALPHA, "bmp", {}, 4),
    "colour webp": (COLOUR, "webp", {"lossless": True}, 3),
    "colour with alpha webp": (COLOUR_ALPHA, "webp", {"lossless": True, "exact": True}, 4),
}
OTHERS = {
    "grey jpeg": (GREY, "jpeg", {}, 1),
    "colour jpeg": (COLOUR, "jpeg", {}, 3),
    "progressive jpeg": (COLOUR, "jpeg", {"progressive": True}, 3),
    "print colours jpeg": (COLOUR.convert("CMYK"), "jpeg", {}, 3),
    "jpeg with metadata": (COLOUR, "jpeg", {"exif": b"Exif\x00\x00" + bytes(3000), "icc_profile": bytes(70_000)}, 3),
    "gif": (COLOUR.quantize(16), "gif", {}, 3),
    "palette png": (COLOUR.quantize(16), "png", {}, 3),
    "one bit png": (GREY.convert("1"), "png", {}, 1),
    "webp": (COLOUR, "webp", {}, 3),
}


def encoded(image, kind, options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("name", [*LOSSLESS, *OTHERS])
def test_headers(name, tmp_path):
    image, kind, options, channels = {**LOSSLESS, **OTHERS}[name]
    file = tmp_path / "image"
    file.write_bytes(encoded(image, kind, options))
    header = read_header(file)
    assert (header.height, header.width, header.channels) == (13, 17, channels)
    assert decode_image(file.read_bytes()).shape == (13, 17, channels)


@pytest.mark.parametrize("name", LOSSLESS)
def test_pixels(name):
    image, kind, options, channels = LOSSLESS[name]
    content = encoded(image, kind, options)
    np.testing.assert_array_equal(decode_image(content), np.asarray(image).reshape(13, 17, channels))
    if channels > 2:
        np.testing.assert_array_equal(decode_image(content, 3), PIXELS[..., :3])
    assert [decode_image(content, wanted).shape[-1] for wanted in (1, 3)] == [1, 3]


def test_sixteen_bits(tmp_path):
    (tmp_path / "deep.png").write_bytes(encoded(DEEP, "png", {}))
    assert read_header(tmp_path / "deep.png") == Header(13, 17, 1, 16)
    np.testing.assert_array_equal(decode_image(encoded(DEEP, "png", {}), 1, "uint16")[..., 0], np.asarray(DEEP))


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "bmp", "webp"])
@pytest.mark.ordinarily("png", "jpeg")
def test_files_that_were_cut(kind, tmp_path):
    content = encoded(COLOUR, kind, {})
    file = tmp_path / "cut"
    cut = (
        () if kind == "gif" else (len(content) - 20, len(content) // 2)
    )  # TensorFlow fills missing rows of a GIF image
    for length in (*cut, 10, 0):
        file.write_bytes(content[:length])
        with pytest.raises(BrokenImage) as error:
            decode_image(file.read_bytes())
        assert "\n" not in str(error.value)
        if length <= 10:
            with pytest.raises(BrokenImage, match=r"it ends within its header|it is empty|it is no PNG"):
                read_header(file)


def test_what_is_no_image(tmp_path):
    (tmp_path / "page.jpg").write_text("<html>not found</html>")
    with pytest.raises(BrokenImage, match="it is no PNG, JPEG, GIF, BMP or WebP image"):
        read_header(tmp_path / "page.jpg")
    with pytest.raises(BrokenImage):
        decode_image(b"<html>not found</html>")
    with pytest.raises(BrokenImage, match="No such file"):
        read_header(tmp_path / "absent.png")


def test_a_palette_is_no_shade_of_grey(tmp_path):
    content = encoded(COLOUR.quantize(16), "bmp", {})
    (tmp_path / "palette.bmp").write_bytes(content)
    for read in (lambda: decode_image(content), lambda: read_header(tmp_path / "palette.bmp")):
        with pytest.raises(BrokenImage, match="a BMP image with a palette: convert it to PNG"):
            read()
