import numpy as np
import pytest
from PIL import Image

from keras_vae.faces.blending import feathered_mask, retouch
from keras_vae.faces.similarity import Similarity

WAY = Similarity(5 * np.exp(0.5j), 150 + 60j)  # of 16×16 pixels into the photo


@pytest.fixture
def photo():
    levels = np.random.default_rng(0).integers(60, 190, (240, 300, 3))
    return Image.fromarray(levels.astype(np.uint8))


def change(value=40.0, shape=(16, 16, 3)):
    return np.full(shape, value, np.float32)


def difference(edited, photo):
    return np.asarray(edited, int) - np.asarray(photo, int)


def inside(way, size, photo):
    """Which of the photo's pixels lie within the changed square."""
    y, x = np.mgrid[: photo.height, : photo.width] + 0.5
    places = way.inverse()(np.stack([x, y], axis=-1))
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
    same = retouch(photo, [change(0.0)], [WAY])
    np.testing.assert_array_equal(same, photo)
    assert same.info["icc_profile"] == b"a profile"
    assert same is not photo


def test_change_lands_where_its_face_lies(photo):
    changed = difference(retouch(photo, [change()], [WAY]), photo)
    weight = changed.sum(axis=-1)
    rows, columns = (np.arange(side) + 0.5 for side in weight.shape)
    centroid = [weight.sum(axis=0) @ columns, weight.sum(axis=1) @ rows] / weight.sum()
    np.testing.assert_allclose(centroid, WAY(np.array([8, 8])), atol=0.1)
    assert not changed[~inside(WAY, 16, photo)].any()
    x, y = WAY(np.array([8, 8])).astype(int)
    np.testing.assert_array_equal(changed[y, x], 40)


def test_change_is_turned_with_its_face(photo):
    half = change()
    half[:, :8] = 0  # only what is to the right in the aligned face
    changed = difference(retouch(photo, [half], [WAY]), photo)
    (x, y), (left_x, left_y) = WAY(np.array([(11, 8), (5, 8)])).astype(int)
    np.testing.assert_array_equal(changed[y, x], 40)
    np.testing.assert_array_equal(changed[left_y, left_x], 0)


def test_several_faces_are_edited_together(photo):
    other = Similarity(2 * np.exp(-0.2j), 20 + 180j)
    both = retouch(photo, [change(), change(-30.0)], [WAY, other])
    one, two = (
        difference(retouch(photo, [what], [way]), photo)
        for what, way in ((change(), WAY), (change(-30.0), other))
    )
    assert one.any()
    assert two.any()
    np.testing.assert_array_equal(difference(both, photo), one + two)


@pytest.mark.parametrize("shift", [-40 - 30j, 260 + 200j])
def test_face_may_reach_past_the_photo(photo, shift):
    way = Similarity(5, shift)
    changed = difference(retouch(photo, [change()], [way]), photo)
    assert changed.any()
    assert not changed[~inside(way, 16, photo)].any()


def test_levels_do_not_wrap_around(photo):
    bright, dark = (retouch(photo, [change(value)], [WAY]) for value in (255.0, -255.0))
    assert difference(bright, photo).min() >= -1  # enlarging rings a little
    assert difference(dark, photo).max() <= 1
    assert np.max(bright) == 255
    assert np.min(dark) == 0


def test_grey_change_and_other_shapes(photo):
    changed = difference(retouch(photo, [change(shape=(16, 12, 1))], [WAY]), photo)
    np.testing.assert_array_equal(changed[..., 0], changed[..., 2])
    x, y = WAY(np.array([6, 8])).astype(int)
    np.testing.assert_array_equal(changed[y, x], 40)
    assert not changed[~inside(WAY, (12, 16), photo)].any()
