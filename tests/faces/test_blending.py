import numpy as np
import pytest
from PIL import Image

from keras_vae.faces.blending import blend, feathered_mask
from keras_vae.faces.similarity import Similarity

TO_PHOTO = Similarity(5 * np.exp(0.5j), 150 + 60j)  # of 16×16 pixels into the photo


@pytest.fixture
def photo():
    levels = np.random.default_rng(0).integers(60, 190, (240, 300, 3))
    return Image.fromarray(levels.astype(np.uint8))


def change(value=40.0, shape=(16, 16, 3)):
    return np.full(shape, value, np.float32)


def difference(edited, photo):
    return np.asarray(edited, int) - np.asarray(photo, int)


def inside(transform, size, photo):
    """Return which of the photo's pixels are within the changed square."""
    y, x = np.mgrid[: photo.height, : photo.width] + 0.5
    places = transform.inverse()(np.stack([x, y], axis=-1))
    return ((places > 0) & (places < size)).all(axis=-1)


def test_mask_is_1_in_the_middle_and_falls_to_0_at_the_border():
    mask = feathered_mask(65, 49)
    assert mask.shape == (65, 49)
    assert mask[32, 24] == 1
    for border in (mask[0], mask[-1], mask[:, 0], mask[:, -1]):
        np.testing.assert_array_equal(border, 0)
    np.testing.assert_allclose(mask, mask[::-1, ::-1], atol=1e-6)
    assert (np.diff(mask[32, 24:]) <= 0).all()
    assert np.abs(np.diff(mask[32])).max() < 0.25  # nowhere a step


def test_no_change_gives_the_photo_bit_for_bit(photo):
    photo.info["icc_profile"] = b"a profile"
    same = blend(photo, [change(0.0)], [TO_PHOTO])
    np.testing.assert_array_equal(same, photo)
    assert same.info["icc_profile"] == b"a profile"
    assert same is not photo


def test_a_change_is_added_at_the_position_of_its_face(photo):
    changed = difference(blend(photo, [change()], [TO_PHOTO]), photo)
    weight = changed.sum(axis=-1)
    rows, columns = (np.arange(side) + 0.5 for side in weight.shape)
    centroid = [weight.sum(axis=0) @ columns, weight.sum(axis=1) @ rows] / weight.sum()
    np.testing.assert_allclose(centroid, TO_PHOTO(np.array([8, 8])), atol=0.1)
    assert not changed[~inside(TO_PHOTO, 16, photo)].any()
    x, y = TO_PHOTO(np.array([8, 8])).astype(int)
    np.testing.assert_array_equal(changed[y, x], 40)


def test_a_change_is_rotated_with_its_face(photo):
    half = change()
    half[:, :8] = 0  # only what is to the right in the aligned face
    changed = difference(blend(photo, [half], [TO_PHOTO]), photo)
    (x, y), (left_x, left_y) = TO_PHOTO(np.array([(11, 8), (5, 8)])).astype(int)
    np.testing.assert_array_equal(changed[y, x], 40)
    np.testing.assert_array_equal(changed[left_y, left_x], 0)


def test_several_faces_are_edited_together(photo):
    other = Similarity(2 * np.exp(-0.2j), 20 + 180j)
    both = blend(photo, [change(), change(-30.0)], [TO_PHOTO, other])
    one, two = (
        difference(blend(photo, [what], [transform]), photo)
        for what, transform in ((change(), TO_PHOTO), (change(-30.0), other))
    )
    assert one.any()
    assert two.any()
    np.testing.assert_array_equal(difference(both, photo), one + two)


@pytest.mark.parametrize("shift", [-40 - 30j, 260 + 200j])
def test_a_face_may_extend_beyond_the_photo(photo, shift):
    transform = Similarity(5, shift)
    changed = difference(blend(photo, [change()], [transform]), photo)
    assert changed.any()
    assert not changed[~inside(transform, 16, photo)].any()


def test_levels_do_not_wrap_around(photo):
    bright, dark = (blend(photo, [change(value)], [TO_PHOTO]) for value in (255.0, -255.0))
    assert difference(bright, photo).min() >= -1  # enlarging rings a little
    assert difference(dark, photo).max() <= 1
    assert np.max(bright) == 255
    assert np.min(dark) == 0


def test_grey_change_and_other_shapes(photo):
    changed = difference(blend(photo, [change(shape=(16, 12, 1))], [TO_PHOTO]), photo)
    np.testing.assert_array_equal(changed[..., 0], changed[..., 2])
    x, y = TO_PHOTO(np.array([6, 8])).astype(int)
    np.testing.assert_array_equal(changed[y, x], 40)
    assert not changed[~inside(TO_PHOTO, (12, 16), photo)].any()
