import io
import logging
import os
import re
import struct
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from keras_vae.files.image_file import ImageFile
from keras_vae.files.photos import open_photo
from tests.encoding import encode_deep_png, encoded, png_file

LEVELS = np.arange(256, dtype=np.uint8).reshape(16, 16)
GREY = Image.fromarray(LEVELS)
COLOUR = Image.fromarray(np.stack([LEVELS, LEVELS.T, 255 - LEVELS], axis=-1))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.JPG", "JPEG"),
        ("a.jfif", "JPEG"),
        ("a.avif", "AVIF"),
        ("a.WebP", "WEBP"),
        ("a.tiff", "TIFF"),
        ("a.bmp", "BMP"),
        ("a.gif", "GIF"),
        ("a.ppm", "PPM"),
        ("a.png", "JPEG"),  # the content decides
    ],
)
def test_every_format_is_read(name, kind, tmp_path):
    COLOUR.save(tmp_path / name, kind)
    difference = np.asarray(open_photo(tmp_path / name), int) - np.asarray(COLOUR)
    assert np.abs(difference).mean() < 20


def test_heic_is_read_with_its_package_and_named_without_it(monkeypatch):
    heif = pytest.importorskip("pillow_heif")
    monkeypatch.delitem(Image.OPEN, "HEIF", raising=False)  # other packages register it, too
    buffer = io.BytesIO()
    heif.from_pillow(COLOUR).save(buffer)
    assert open_photo(buffer.getvalue()).size == (16, 16)
    assert "HEIF" not in Image.OPEN  # Pillow's reader of other programs is unchanged
    for module in ("formats", "image_file"):
        monkeypatch.setattr(f"keras_vae.files.{module}.reads_heif", lambda: False)
    with pytest.raises(
        ValueError, match=r"HEIC needs pillow-heif: pip install 'keras-vae\[heic\]'"
    ):
        open_photo(buffer.getvalue())


@pytest.mark.parametrize(
    "values",
    [
        LEVELS.astype(np.float32) / 255,
        LEVELS.astype(np.float32) * (2 / 255) - 1,
        LEVELS.astype(np.float32),
        LEVELS.astype(np.int32),
        LEVELS.astype(np.uint16) << 2,
        LEVELS.astype(np.uint16) << 4,
        LEVELS.astype(np.uint16) << 8,
    ],
)
def test_values_that_are_not_bytes_are_converted_by_their_range(values):
    photo = np.asarray(open_photo(encoded(Image.fromarray(values), "TIFF")))
    np.testing.assert_array_equal(photo, np.repeat(LEVELS[..., None], 3, axis=2))


def test_colours_of_16_bits_are_read_if_they_use_them():
    deep = np.asarray(COLOUR).astype(np.uint16)
    photo = open_photo(encode_deep_png(deep << 8))
    np.testing.assert_array_equal(np.asarray(photo), np.asarray(COLOUR))
    with pytest.raises(ValueError, match=r"all of its 16 bits.*up to 15 in the upper 8"):
        open_photo(encode_deep_png(deep << 4))


@pytest.mark.parametrize("color", [(1000,), (1000, 2000, 3000), (232, 208, 184)])
def test_a_transparent_color_of_16_bits_becomes_white(color, caplog):
    pixels = np.array([[color, [30_000] * len(color), [60_000] * len(color)]])
    pixels = pixels[..., 0] if len(color) == 1 else pixels
    opaque = np.asarray(open_photo(encode_deep_png(pixels)))[0]
    assert "transparent" not in caplog.text
    photo = np.asarray(open_photo(encode_deep_png(pixels, transparent=color)))[0]
    assert "has transparent parts, which become white" in caplog.text
    np.testing.assert_array_equal(photo, [[255] * 3, *opaque[1:]])


def test_a_conversion_by_the_range_is_logged(caplog):
    open_photo(encoded(Image.fromarray(LEVELS.astype(np.int32)), "TIFF"))
    assert not caplog.text
    open_photo(encoded(Image.fromarray(LEVELS.astype(np.uint16) << 4), "TIFF"))
    assert "the given bytes: pixels of 0 … 4095 (uint16) were converted to 0 … 255." in caplog.text


def test_nan_is_refused_with_the_file_s_name(tmp_path):
    values = LEVELS.astype(np.float32) / 255
    values[3, 3] = np.nan
    Image.fromarray(values).save(tmp_path / "x.tiff")
    with pytest.raises(ValueError, match=r"x\.tiff.*NaN"):
        open_photo(tmp_path / "x.tiff")


@pytest.mark.parametrize("kind", ["EPS", "DDS", "SPIDER", "ICO", "TGA", "JPEG2000"])
def test_other_formats_are_refused_whatever_their_name(kind, tmp_path):
    image = GREY.convert("F") if kind == "SPIDER" else COLOUR
    (tmp_path / "x.jpg").write_bytes(encoded(image, kind))
    with pytest.raises(ValueError, match=r"x\.jpg is not an image that can be read") as caught:
        open_photo(tmp_path / "x.jpg")
    assert "\n" not in str(caught.value)


def refusal(content):
    """Open a photo; return the error's text, or nothing if a part of it can be read."""
    try:
        open_photo(content)
    except ValueError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "PPM"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7])
def test_a_damaged_file_of_any_format_is_one_line(kind, share, capfd):
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    options = {"compression": "tiff_lzw"} if kind == "TIFF" else {}
    data = encoded(Image.fromarray(noise), kind, **options)
    cut = data[: int(share * len(data))]
    mixed = cut + bytes(reversed(data[len(cut) :]))
    for content in (cut, mixed):
        assert re.fullmatch("the given bytes .*|", refusal(content))
    assert capfd.readouterr().err == ""  # also libtiff is quiet


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate"])
def test_libtiff_prints_nothing_of_a_damaged_file(compression, capfd):
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    data = bytearray(encoded(Image.fromarray(noise), "TIFF", compression=compression))
    data[200:-400:50] = bytes(len(data[200:-400:50]))
    assert "is a damaged image: decoder error" in refusal(bytes(data))
    assert capfd.readouterr().err == ""


def test_the_size_is_known_before_decoding():
    with pytest.raises(
        ValueError, match=r"20000×20000 = 400,000,000 pixels .*`max_pixels=100000000`"
    ):
        open_photo(png_file(20_000, 20_000))
    with pytest.raises(ValueError, match=r"too large: 16×16 .* `max_pixels=255`"):
        open_photo(encoded(COLOUR), max_pixels=255)
    assert open_photo(encoded(COLOUR), max_pixels=256).size == (16, 16)


@pytest.mark.filterwarnings("ignore:Tag data larger than file")
def test_tags_that_share_their_bytes_are_read_once():
    """A thousand tags of the same 100 kB took 100 MB before Pillow 13."""
    tags = [(256, 4, 1, 8), (257, 4, 1, 8), (258, 3, 1, 8), (262, 3, 1, 1), (273, 4, 1, 8)]
    tags += [(278, 4, 1, 8), (279, 4, 1, 64)]
    start = 8 + 2 + 12 * (len(tags) + 1_000) + 4
    tags += [(1_000 + number, 7, 100_000, start) for number in range(1_000)]
    head = b"II*\0" + struct.pack("<LH", 8, len(tags))
    content = head + b"".join(struct.pack("<HHLL", *tag) for tag in tags) + bytes(4 + 100_000)
    tracemalloc.start()
    assert open_photo(content).size == (8, 8)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10e6


def test_a_photo_between_the_limits_of_pillow_is_read_without_a_warning(recwarn):
    photo = Image.new("1", (9_500, 10_000))  # Pillow warns above 89 megapixels
    with ImageFile(encoded(photo)) as file:
        assert not file.is_wide
    assert not recwarn.list


def test_no_global_of_pillow_is_changed():
    code = (
        "from PIL import Image; before = Image.MAX_IMAGE_PIXELS, dict(Image.OPEN);"
        "import keras_vae, keras_vae.files.photos, keras_vae.datasets;"
        "assert before == (Image.MAX_IMAGE_PIXELS, dict(Image.OPEN))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ)


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "WEBP", "PNG", "AVIF"])
def test_the_first_of_several_frames_is_used_and_that_is_logged(kind, caplog, tmp_path):
    second = Image.new("RGB", COLOUR.size, "red")
    COLOUR.save(tmp_path / "two", kind, save_all=True, append_images=[second])
    with caplog.at_level(logging.WARNING):
        photo = open_photo(tmp_path / "two")
    assert np.asarray(photo).std() > 30
    assert f"{tmp_path / 'two'} holds more than one page or frame; the first" in caplog.text
    caplog.clear()
    open_photo(encoded(COLOUR, kind))
    assert not caplog.text


def test_only_regular_files_are_opened(tmp_path):
    os.mkfifo(tmp_path / "x.jpg")
    with pytest.raises(ValueError, match=r"x\.jpg must be a regular file. Received: a named pipe"):
        open_photo(tmp_path / "x.jpg")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    with pytest.raises(ValueError, match=r"loop\.jpg cannot be opened"):
        open_photo(tmp_path / "loop.jpg")
