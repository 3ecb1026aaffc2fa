import numpy as np
import pytest

from keras_vae import plotting


def flat_images(rows, columns, shape=(16, 16)):
    """Images of one colour each, unlike any letter's: [rows, columns, 16, 16, 3]."""
    images = np.zeros((rows, columns, *shape, 3), np.uint8)
    images[..., 0] = np.arange(rows * columns).reshape(rows, columns, 1, 1)
    images[..., 1] = 200
    return images


def boxes(picture, count):
    """Left, top, right, lower of each colour of `flat_images`, [count, 4]."""
    pixels = np.asarray(picture).astype(int)
    found = []
    for colour in range(count):
        rows, columns = np.nonzero((pixels == [colour, 200, 0]).all(axis=-1))
        found.append((columns.min(), rows.min(), columns.max() + 1, rows.max() + 1))
    return np.array(found)


def border(picture):
    """The outermost pixels of a picture: ink there means that something is cut off."""
    pixels = np.asarray(picture.convert("L"))
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])


def test_x_runs_to_the_right_and_y_upwards_without_gaps():
    picture = plotting.plane(flat_images(2, 3), (-1, 0, 1), (0, 5), ("x", "y"))
    left, top, right, lower = boxes(picture, 6).reshape(2, 3, 4).transpose(2, 0, 1)
    assert (right - left == 128).all()
    assert (lower - top == 128).all()
    np.testing.assert_array_equal(left[:, 1:], right[:, :-1])
    np.testing.assert_array_equal(lower[1], top[0])  # the second row lies on the first
    np.testing.assert_array_equal(left[0], left[1])


def test_every_image_is_shown_as_it_is():
    images = np.random.default_rng(0).integers(0, 256, (2, 2, 16, 16, 1)).astype(np.uint8)
    corner = plotting.plane(flat_images(2, 2), (0, 1), (0, 1), ("x", "y"))
    picture = np.asarray(plotting.plane(images, (0, 1), (0, 1), ("x", "y")))[..., 0]
    for box, image in zip(boxes(corner, 4), images.reshape(4, 16, 16), strict=True):
        left, top, right, lower = box
        np.testing.assert_array_equal(picture[top:lower, left:right][4::8, 4::8], image)


def runs(hit):
    """Middles of the runs of ink, letters of one number taken together."""
    places = np.flatnonzero(hit)
    parts = np.split(places, np.flatnonzero(np.diff(places) > 14) + 1)
    return [(part[0] + part[-1] + 1) / 2 for part in parts]


@pytest.mark.parametrize(("count", "written"), [(3, (0, 1, 2)), (11, (0, 2, 5, 8, 10))])
def test_numbers_stand_at_the_middles_of_their_cells(count, written):
    values = np.linspace(0, 1, count)  # all of one width, without a minus
    lying = plotting.plane(flat_images(1, count, (8, 8)), values, (0.5,), ("", ""))
    left, _, right, lower = boxes(lying, count).T
    below = np.asarray(lying.convert("L"))[max(lower) :] < 128
    np.testing.assert_allclose(runs(below.any(axis=0)), (left + right)[[*written]] / 2, atol=2)
    standing = plotting.plane(flat_images(count, 1, (8, 8)), (0.5,), values, ("", ""))
    left, top, _, lower = boxes(standing, count).T
    beside = np.asarray(standing.convert("L"))[: max(lower), : min(left)] < 128
    middles = (top + lower)[[*reversed(written)]] / 2
    np.testing.assert_allclose(runs(beside.any(axis=1)), middles, atol=2)


@pytest.mark.parametrize("count", [1, 2, 5, 21])
@pytest.mark.parametrize("shape", [(8, 8), (28, 28), (64, 48)])
def test_nothing_is_cut_off(count, shape):
    values = np.linspace(-100, 100, count)
    axes = ("the name of x, which is rather longer than its axis", "y, which is long as well" * 2)
    picture = plotting.plane(flat_images(count, count, shape)[..., :1], values, values, axes)
    assert (border(picture) == 255).all()


def test_letters_grow_with_the_picture():
    def room(count):
        """The room below the images, for a number and a name."""
        values = np.linspace(0, 1, count)
        picture = plotting.plane(flat_images(count, count), values, values, ("x", "y"))
        return picture.height - boxes(picture, 1)[0, 3]  # the first row is the lowest

    assert room(14) > 1.5 * room(3)


def test_images_must_fit_the_values():
    with pytest.raises(ValueError, match=r"\[2, 4, H, W, C\]"):
        plotting.plane(flat_images(2, 3), (1, 2, 3, 4), (0, 1), ("x", "y"))


def test_images_of_a_plane_must_be_uint8():
    with pytest.raises(ValueError, match=r"`images` must be a uint8 array of shape \[Y, X, .* 255"):
        plotting.plane(flat_images(2, 2) / 255.0, (0, 1), (0, 1), ("x", "y"))


def test_a_plane_has_values_on_both_axes():
    with pytest.raises(ValueError, match=r"`xs` and `ys` must .* Received: 2 and 0"):
        plotting.plane(flat_images(1, 2)[:0], (0, 1), (), ("x", "y"))
