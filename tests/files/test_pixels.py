import numpy as np
import pytest

from keras_vae.files.pixels import BYTES, SYMMETRIC, UNIT, PixelRange, range_of

RAMP = np.linspace(0.0, 1.0, 256).reshape(16, 16)
LEVELS = np.arange(256).reshape(16, 16)


@pytest.mark.parametrize(
    ("images", "pixels"),
    [
        (LEVELS.astype(np.uint8), BYTES),
        (LEVELS.astype(np.int64), BYTES),
        (LEVELS.astype(np.uint16), BYTES),
        (LEVELS.astype(np.float32), BYTES),
        (RAMP, UNIT),
        (RAMP.astype(np.float16), UNIT),
        (RAMP > 0.5, UNIT),
        (np.array([0, 1, 1]), UNIT),
        (2 * RAMP - 1, SYMMETRIC),
        (LEVELS.astype(np.uint16) << 2, PixelRange(0, 1023)),
        (LEVELS.astype(np.uint16) << 4, PixelRange(0, 4095)),
        (LEVELS.astype(np.int32) << 6, PixelRange(0, 16383)),
        (LEVELS.astype(np.uint16) << 8, PixelRange(0, 65535)),
        (np.zeros((0, 8, 8)), BYTES),
    ],
)
def test_ranges_are_recognized_by_their_values(images, pixels):
    assert range_of(images) == pixels


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (LEVELS / 255, LEVELS),
        (2 * (LEVELS / 255) - 1, LEVELS),
        (LEVELS.astype(np.float64), LEVELS),
        (LEVELS.astype(np.uint16) << 4, LEVELS),
        ((LEVELS.astype(">u2") << 8) + 255, LEVELS),
        (RAMP > 0.5, 255 * (RAMP > 0.5)),
    ],
)
def test_all_ranges_give_the_same_levels(images, expected):
    converted = range_of(images).to_uint8(images)
    assert converted.dtype == np.uint8
    np.testing.assert_array_equal(converted, expected)


def test_bytes_are_unchanged():
    images = LEVELS.astype(np.uint8)
    np.testing.assert_array_equal(BYTES.to_uint8(images), images)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.array([0.2, np.nan]), "`photo` must be uint8.*NaN or infinite; np.nan_to_num"),
        (np.array([0.2, np.inf]), "NaN or infinite"),
        (np.array([-0.1, 1.0]), r"from -0\.1 to 1; np\.clip\(images, 0, 1\)"),
        (np.array([0.0, 16.0]), "from 0 to 16, which would be almost black"),
        (np.array([0, 1], np.uint8), "from 0 to 1, which would be almost black"),
        (np.array([0, 70_000]), "from 0 to 70000; divide by the largest"),
        (np.array([0.0, 4095.0]), "from 0 to 4095; divide by the largest"),
        (np.array([-128, 127], np.int8), "from -128 to 127"),
    ],
)
def test_other_values_are_refused_by_name(images, message):
    with pytest.raises(ValueError, match=message):
        range_of(images, "photo")


@pytest.mark.parametrize("images", [np.array(["a"]), np.array([1j]), np.array([None])])
def test_what_is_no_number_is_a_type_error(images):
    with pytest.raises(TypeError, match="`x` must be uint8"):
        range_of(images)


def test_ranges_are_written_with_a_minus_sign():
    assert [str(pixels) for pixels in (BYTES, SYMMETRIC)] == ["0 … 255", "−1 … 1"]
