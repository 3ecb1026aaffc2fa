import numpy as np
import pytest
from PIL import Image, ImageCms

from keras_vae.choices import RESAMPLINGS
from keras_vae.experiments.face_measures import sharpness
from keras_vae.files.photos import crop_box, open_photo, prepare
from tests.encoding import encode_png, encoded

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


@pytest.fixture
def corners():
    """40×30, red in the upper left corner, green in the upper right, blue below."""
    image = Image.new("RGB", (40, 30), BLUE)
    image.paste(RED, (0, 0, 20, 15))
    image.paste(GREEN, (20, 0, 40, 15))
    return image


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(corners, orientation):
    undo = {
        1: [],
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }
    stored = corners
    for step in undo[orientation]:
        stored = stored.transpose(step)
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = open_photo(encoded(stored, exif=exif))
    np.testing.assert_array_equal(np.asarray(upright), np.asarray(corners))


@pytest.mark.parametrize("mode", ["L", "LA", "P", "1", "RGBA", "CMYK", "YCbCr", "I;16", "I"])
def test_every_mode_becomes_upright_rgb(corners, mode):
    if mode in ("I;16", "I"):
        levels = np.asarray(corners.convert("L")).astype(np.uint16) << 8
        image = Image.fromarray(levels.astype(np.int32) if mode == "I" else levels)
        expected = np.asarray(corners.convert("L").convert("RGB"))
    else:
        image = corners.convert(mode)
        expected = np.asarray(image.convert("RGB"))
    kind = "TIFF" if mode in ("CMYK", "YCbCr", "I") else "PNG"
    photo = open_photo(encoded(image, kind))
    assert photo.mode == "RGB"
    np.testing.assert_array_equal(np.asarray(photo), expected)


def test_transparency_is_laid_on_white():
    image = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
    image.putpixel((1, 0), (100, 0, 0, 128))
    clear, half = np.asarray(open_photo(encoded(image)))[0]
    assert clear.tolist() == [255, 255, 255]
    np.testing.assert_allclose(half, [177, 127, 127], atol=1)


@pytest.mark.parametrize(("opacity", "said"), [(128, True), (255, False)])
def test_transparent_parts_are_logged(tmp_path, caplog, opacity, said):
    file = tmp_path / "alpha.png"
    Image.new("RGBA", (2, 1), (100, 0, 0, opacity)).save(file)
    open_photo(file)
    assert (f"{file} has transparent parts, which become white." in caplog.text) == said


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "LA"])
def test_colour_profile_stays(corners, mode):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = encoded(corners.convert(mode), icc_profile=profile)
    assert open_photo(data).info == {"icc_profile": profile}
    for other in (b"GRAY", b"CMYK"):  # of levels that are no longer there
        data = encoded(corners.convert(mode), icc_profile=profile[:16] + other + profile[20:])
        assert open_photo(data).info == {}


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"\x89PNG\r\n\x1a\n cut", b"\xff\xd8\xff\xe0 cut", b"GIF89a"]
)
def test_bytes_of_no_image_are_refused(content, tmp_path):
    with pytest.raises(ValueError, match="the given bytes"):
        open_photo(content)
    (tmp_path / "x.jpg").write_bytes(content)
    with pytest.raises(ValueError, match=r"x\.jpg"):
        open_photo(tmp_path / "x.jpg")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_damaged_file_is_refused(corners, kind):
    noise = np.random.default_rng(0).integers(0, 256, (90, 90, 3)).astype(np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    with pytest.raises(ValueError, match=r"damaged|not an image"):
        open_photo(data[: len(data) // 2])


def test_missing_file_is_not_called_damaged(tmp_path):
    with pytest.raises(FileNotFoundError):
        open_photo(tmp_path / "none.jpg")


@pytest.mark.parametrize("size", [(178, 218), (218, 178), (1, 1), (31, 977), (6000, 4000)])
@pytest.mark.parametrize("aspect", [1.0, 0.75, 20 / 28, 2.0])
def test_crop_is_central_and_of_the_aspect(size, aspect):
    left, upper, right, lower = crop_box(*size, aspect)
    assert (right - left) / (lower - upper) == pytest.approx(aspect)
    assert left + right == pytest.approx(size[0])
    assert upper + lower == pytest.approx(size[1])
    assert left >= 0
    assert upper >= 0
    if size != (178, 218):  # as much as fits
        assert left == pytest.approx(0, abs=1e-9) or upper == pytest.approx(0, abs=1e-9)


def test_aligned_celeba_photo_gives_its_central_148():
    assert crop_box(178, 218, 1.0) == (15, 35, 163, 183)
    assert crop_box(178, 218, 0.75) == (33.5, 35, 144.5, 183)
    assert crop_box(218, 178, 1.0) == (20, 0, 198, 178)


@pytest.mark.parametrize("channels", [1, 3])
def test_image_of_the_size_passes_unchanged(channels):
    pixels = np.random.default_rng(0).integers(0, 256, (28, 20, channels)).astype(np.uint8)
    image = open_photo(encode_png(pixels))
    np.testing.assert_array_equal(prepare(image, (28, 20), channels), pixels)


def test_scaling_averages_rather_than_picks():
    checks = np.indices((64, 64)).sum(axis=0) % 2 * 255
    image = Image.fromarray(checks.astype(np.uint8)).convert("RGB")
    np.testing.assert_allclose(prepare(image, (8, 8)), 127.5, atol=1.0)


def test_bicubic_keeps_more_detail_of_a_larger_image_than_bilinear(astronaut):
    photo = astronaut.crop((80, 0, 380, 300))
    bilinear, bicubic = (prepare(photo, (128, 128), 3, each) for each in RESAMPLINGS)
    assert 1.3 < sharpness(bicubic[np.newaxis]) / sharpness(bilinear[np.newaxis]) < 2.0
    assert np.abs(bicubic.mean() - bilinear.mean()) < 0.1
    expected = photo.resize((128, 128), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(bicubic, expected)


def test_grey_is_luminance(corners):
    grey = prepare(corners, (30, 40), channels=1)
    assert grey.shape == (30, 40, 1)
    assert [int(grey[0, 0, 0]), int(grey[0, -1, 0]), int(grey[-1, 0, 0])] == [76, 150, 29]


@pytest.mark.parametrize("size", [(0, 5), (5, 0)])
def test_an_image_without_pixels_is_refused(size):
    with pytest.raises(ValueError, match=rf"at least one pixel\. Received: {size[1]}×{size[0]} "):
        prepare(Image.new("RGB", size), (8, 8))


def test_channels_must_be_1_or_3(corners):
    with pytest.raises(ValueError, match="Received: 2"):
        prepare(corners, (8, 8), channels=2)


def test_large_photo_is_read():
    image = Image.new("RGB", (5500, 3700), RED)  # 20 megapixels
    pixels = prepare(open_photo(encoded(image, "JPEG")), (32, 32))
    np.testing.assert_allclose(pixels, np.broadcast_to([254, 0, 0], (32, 32, 3)), atol=2)
