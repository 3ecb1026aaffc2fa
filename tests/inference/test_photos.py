"""Photos in every form that people have them."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_vae.choices import RESAMPLINGS
from keras_vae.faces.crops import crop_faces
from keras_vae.files.photos import prepare
from keras_vae.inference.photos import read_pixels

COLOUR, GREY = (32, 32, 3), (8, 8, 1)


@pytest.fixture
def photo():
    """A photo that is wider than the network's input."""
    return np.random.default_rng(0).integers(0, 256, (50, 70, 3), np.uint8)


@pytest.fixture
def file(photo, tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(photo).save(path)
    return path


FORMS = {
    "a path": lambda photo, file: file,
    "the name of a file": lambda photo, file: str(file),
    "bytes": lambda photo, file: file.read_bytes(),
    "a Pillow image": lambda photo, file: Image.fromarray(photo),
    "an array": lambda photo, file: photo,
    "a batch": lambda photo, file: photo[np.newaxis],
    "a tensor": lambda photo, file: tf.constant(photo),
    "16 bits": lambda photo, file: photo.astype(np.uint16) * 257,
    "float of 0 … 1": lambda photo, file: photo / 255.0,
    "float of −1 … 1": lambda photo, file: photo / 127.5 - 1.0,
    "float of 0 … 255": lambda photo, file: photo.astype(np.float32),
}


@pytest.mark.parametrize("form", FORMS)
def test_each_form_of_a_photo_has_the_same_pixels(form, photo, file):
    pixels = read_pixels(FORMS[form](photo, file), COLOUR, align=False)
    expected = prepare(Image.fromarray(photo), COLOUR[:2])[np.newaxis]
    np.testing.assert_array_equal(pixels, expected)


def test_several_photos_are_a_batch(photo, file):
    forms = [make(photo, file) for make in FORMS.values()]
    assert read_pixels(forms, COLOUR, align=False).shape == (len(FORMS), *COLOUR)


@pytest.mark.parametrize(
    "scale", [lambda image: image.astype(np.float32), lambda image: image.astype(np.uint16) * 257]
)
def test_a_list_of_arrays_has_the_range_of_all_as_a_batch_does(photos, scale):
    images = [scale(photos[0]), scale(photos[1] // 20), scale(photos[2] * 0)]
    together = read_pixels(np.stack(images), COLOUR, align=False)
    np.testing.assert_array_equal(read_pixels(images, COLOUR, align=False), together)


def test_floats_that_may_be_of_two_ranges_are_refused(photos):
    images = [photos[0].astype(np.float32), photos[1] / np.float32(255)]
    with pytest.raises(ValueError, match="one of 0 … 1 among others of 0 … 255"):
        read_pixels(images, COLOUR, align=False)


def test_arrays_of_the_networks_size_are_used_as_they_are(photos):
    np.testing.assert_array_equal(read_pixels(photos[:3], COLOUR, align=True), photos[:3])
    np.testing.assert_array_equal(read_pixels(photos[0] / 255.0, COLOUR, align=True)[0], photos[0])


def test_gray_images_need_no_axis_for_channels(digits):
    expected = digits.images[:3]
    for images in (expected, expected[..., 0], list(expected), list(expected[..., 0])):
        np.testing.assert_array_equal(read_pixels(images, GREY, align=False), expected)
    assert read_pixels(expected[0, ..., 0], COLOUR, align=False).shape == (1, *COLOUR)


def test_flat_images_are_not_cropped_as_one_picture(digits):
    flat = digits.images[:3].reshape(3, 64)
    with pytest.raises(ValueError, match=r"\[3, 64\]; photos\.reshape\(-1, 8, 8, 1\) if each row"):
        read_pixels(flat, GREY, align=False)
    assert read_pixels(flat[..., np.newaxis], GREY, align=False).shape == (1, *GREY)
    row = (1, 64, 1)
    assert read_pixels(flat[:1], row, align=False).shape == (1, *row)


def test_uint8_of_0_and_1_is_read_as_it_is_with_a_word(digits, caplog):
    binary = (digits.images[:3] > 128).astype(np.uint8)
    for images in (binary, binary[0, ..., 0], list(binary)):
        assert read_pixels(images, GREY, align=False).max() == 1
        assert "`photos` are almost black: values up to 1 of 255" in caplog.text
        caplog.clear()
    read_pixels(binary[0] * 0, GREY, align=False)
    assert not caplog.text


def test_no_pictures_of_another_size_are_no_pixels():
    assert read_pixels(np.zeros((0, 50, 50, 3), np.uint8), COLOUR, align=False).shape == (
        0,
        *COLOUR,
    )


def test_a_pillow_image_of_16_bits_is_converted_by_its_range(photo):
    gray = photo[..., 0]
    deep = Image.fromarray(gray.astype(np.uint16) * 257)
    np.testing.assert_array_equal(
        read_pixels(deep, COLOUR, align=False), read_pixels(gray, COLOUR, align=False)
    )


def test_a_photo_is_turned_upright(photo):
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    for stored in (photo, photo[..., 0].astype(np.uint16) * 257):
        file.seek(0)
        Image.fromarray(stored).save(file, "PNG", exif=exif)
        upright = np.rot90(stored, -1)
        for turned in (file.getvalue(), Image.open(file)):
            np.testing.assert_array_equal(
                read_pixels(turned, COLOUR, align=False), read_pixels(upright, COLOUR, align=False)
            )


@pytest.mark.parametrize("form", [np.asarray, lambda image: image, lambda image: [image] * 2])
def test_transparent_parts_become_white_with_a_word(form, photo, caplog):
    image = Image.fromarray(photo).convert("RGBA")
    opaque = read_pixels(form(image), COLOUR, align=False)
    assert not caplog.text
    image.putalpha(0)
    assert (read_pixels(form(image), COLOUR, align=False) == 255).all()
    assert "transparent parts, which become white" in caplog.text
    assert opaque.mean() < 200


def test_transparent_parts_of_arrays_are_named_once(photo, caplog):
    photos = np.dstack([photo, photo[..., 0]])[np.newaxis].repeat(3, axis=0)
    read_pixels(photos, COLOUR, align=False)
    assert caplog.text.count("transparent") == 1


def test_a_transparent_level_of_16_bits_is_refused_where_it_cannot_become_white(photo):
    deep = Image.fromarray(photo[..., 0].astype(np.uint16) * 257)
    deep.info["transparency"] = 0
    with pytest.raises(ValueError, match=r"a Pillow image of mode I;16 with one\. Pass its file"):
        read_pixels(deep, COLOUR, align=False)


def test_photos_are_scaled_as_is_wanted(astronaut):
    for align in (False, True):
        pixels = [
            read_pixels(astronaut, COLOUR, align=align, resampling=each)[0].astype(int)
            for each in RESAMPLINGS
        ]
        assert 1 < np.abs(np.subtract(*pixels)).mean() < 9
    expected = astronaut.resize(COLOUR[:2], Image.Resampling.BICUBIC)
    bicubic = read_pixels(astronaut, COLOUR, align=False, resampling="bicubic")
    np.testing.assert_array_equal(bicubic[0], expected)


def test_the_face_is_aligned(astronaut):
    (crop,) = crop_faces(astronaut, COLOUR)
    for photo in (astronaut, np.asarray(astronaut)):
        pixels = read_pixels(photo, COLOUR, align=True)
        np.testing.assert_array_equal(pixels[0], crop.pixels)
    assert not np.array_equal(read_pixels(astronaut, COLOUR, align=False)[0], crop.pixels)


def test_a_photo_without_a_face_is_refused_with_the_cure(file):
    with pytest.raises(ValueError, match=r"photo\.png: No face.*align=False takes the middle"):
        read_pixels(file, COLOUR, align=True)


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ("missing.jpg", FileNotFoundError, r"missing\.jpg"),
        (b"no image", ValueError, "the given bytes is not an image"),
        (7, TypeError, r"`photos` must be a path, bytes, .*Received: int"),
        (np.zeros((4, 4, 2), np.uint8), ValueError, r"shape \[4, 4, 2\]"),
        (np.zeros(5), ValueError, r"shape \[5\]"),
        (np.full((4, 4, 3), 7.0), ValueError, "`photos` must be uint8.* 7"),
        (np.full((4, 4, 3), np.nan), ValueError, "NaN"),
        ([np.zeros((4, 4, 3)), np.full((4, 4, 3), np.nan)], ValueError, "NaN"),
        (np.zeros((0, 4, 3), np.uint8), ValueError, r"one pixel\. Received: .*\[0, 4, 3\]"),
        (np.zeros((2, 4, 0, 3)), ValueError, r"one pixel\. Received: .*\[2, 4, 0, 3\]"),
        (Image.new("RGB", (0, 5)), ValueError, r"one pixel\. Received: a Pillow image of 0×5"),
        (Image.new("F", (0, 5)), ValueError, "one pixel"),
        (np.array([["a"]]), TypeError, "`photos` must be uint8"),
    ],
)
def test_what_is_no_photo_is_named(wrong, error, words):
    with pytest.raises(error, match=words):
        read_pixels(wrong, COLOUR, align=False)
