import numpy as np
import pytest
from matplotlib.colors import to_rgb
from scipy import ndimage

from keras_vae.plotting import scatter
from keras_vae.plotting.figures import COLOURS, TEN
from keras_vae.plotting.scatter import keep_apart


def rgb(colour):
    return np.rint(np.array(to_rgb(colour)) * 255).astype(int)


def largest_spot(picture, colour):
    """Centre of the largest spot of just one colour: x and y in pixels, and its pixels."""
    spots, _ = ndimage.label((np.asarray(picture) == rgb(colour)).all(axis=2))
    sizes = np.bincount(spots.ravel())[1:]
    y, x = ndimage.center_of_mass(spots == sizes.argmax() + 1)
    return x, y, sizes.max()


def skewed(means, count=20):
    """Points around each mean whose median lies elsewhere."""
    rng = np.random.default_rng(0)
    offsets = rng.exponential(0.4, size=(len(means), count, 2)) ** 2
    offsets -= offsets.mean(axis=1, keepdims=True)
    points = (np.array(means)[:, None] + offsets).reshape(-1, 2)
    return points, np.repeat(np.arange(len(means)), count)


def test_disks_lie_at_the_means_of_their_groups():
    means = np.array([[-4.0, 1.0], [0.5, 5.0], [3.0, -2.0]])
    picture = scatter(*skewed(means), ["first", "second", "third"])
    spots = np.array([largest_spot(picture, colour) for colour in TEN[:3]])
    assert (spots[:, 2] > 500).all()  # larger than the legend's
    across = np.diff(spots[:, 0]) / np.diff(means[:, 0])  # pixels for one unit
    down = np.diff(spots[:, 1]) / np.diff(means[:, 1])
    assert across[0] > 50
    np.testing.assert_allclose(across, across[0], rtol=0.01)
    np.testing.assert_allclose(down, -across[0], rtol=0.01)  # one scale for both axes, y upwards


@pytest.mark.parametrize("distance", [0.0, 5.0])
def test_disks_of_two_groups_are_alike(distance):
    points, groups = skewed([[0.0, 0.0], [distance, 0.0]])
    picture = np.asarray(scatter(points, groups, ["one", "other"]))[:, :1100]  # no legend
    areas = [largest_spot(picture, colour)[2] for colour in COLOURS[:2]]
    assert min(areas) > max(300, 0.9 * max(areas))


def test_several_disks_step_aside_for_each_other():
    points, groups = skewed([[0.0, 0.0], [0.0, 0.0], [0.1, 0.0], [5.0, 5.0]])
    picture = np.asarray(scatter(points, groups, list("0123")))[:, :1100]  # no legend
    areas = [(picture == rgb(colour)).all(axis=2).sum() for colour in TEN[:4]]
    assert min(areas) > 0.6 * max(areas)  # some digits hide more of their disk than others


def test_no_group_hides_another():
    points = np.random.default_rng(0).normal(size=(8000, 2))
    groups = np.repeat([0, 1], 4000)
    picture = np.asarray(scatter(points, groups, ["one", "other"])).astype(int)
    cloud = picture[300:900, 300:900]
    inked = cloud[cloud.min(axis=2) < 200]
    distance = [np.abs(inked - rgb(colour)).sum(axis=1) for colour in COLOURS[:2]]
    assert len(inked) > 20_000
    assert 0.45 < np.mean(distance[0] < distance[1]) < 0.55


def test_legend_shows_ten_classes_in_colours_of_their_own():
    points = np.random.default_rng(0).normal(size=(200, 2))
    picture = np.asarray(scatter(points, np.arange(200) % 10, [str(n) for n in range(10)]))
    legend = picture[:, -200:]
    rows = []
    for colour in TEN:
        y, _ = np.nonzero((legend == rgb(colour)).all(axis=2))
        assert len(y) > 100
        rows.append(y.mean())
    assert rows == sorted(rows)
    assert len(set(TEN)) == 10


def test_more_points_are_drawn_smaller_and_fainter():
    inks = []
    for count in (100, 20_000):
        points = np.random.default_rng(0).uniform(-1, 1, size=(count, 2))
        points[0] = (0, 5)  # by itself
        groups = np.arange(count) % 2
        picture = 255 - np.asarray(scatter(points, groups, ["one", "other"])).min(axis=2)
        spots, _ = ndimage.label(picture[:, 300:1050] > 20)  # neither axis nor legend
        alone = picture[:, 300:1050][spots == 1]  # the topmost
        inks.append((len(alone), alone.max()))
    (few_area, few_ink), (many_area, many_ink) = inks
    assert few_area > 3 * many_area > 0
    assert few_ink > many_ink > 60


def test_nothing_is_cut_off():
    points = np.random.default_rng(0).normal(size=(50, 2)) * (1, 30)
    picture = scatter(
        points,
        np.arange(50) % 2,
        ["Wearing_Necklace_And_More", "not Wearing_Necklace_And_More"],
        axes=("PC 1 (99.9% of the variance)", "PC 2 (0.1% of the variance)"),
        title="Wearing_Necklace_And_More in the latent space of a model with a long name",
        caption="A sentence that is a good deal longer than the picture is wide. " * 4,
    )
    pixels = np.asarray(picture.convert("L"))
    for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        assert (edge == 255).all()
    assert picture.size == (1350, 1140)


@pytest.mark.parametrize(
    ("groups", "names"),
    [
        (np.arange(11), list("abcdefghijk")),
        ([0, 0], ["full", "empty"]),
        ([0, 1], ["one"]),
        ([0, 1, -1], ["one", "other"]),
        (np.zeros(0, int), []),
    ],
)
def test_groups_must_have_points_a_name_and_a_colour(groups, names):
    with pytest.raises(ValueError, match="each of at most 10 groups"):
        scatter(np.zeros((len(groups), 2)), np.array(groups), names)


def test_positions_are_kept_apart_and_moved_no_further_than_that_needs():
    crowd = np.array([[0.0, 0.0], [0.0, 0.0], [3.0, 0.0], [100.0, 0.0]])
    moved = keep_apart(crowd, 10.0)
    gaps = np.linalg.norm(moved[:, None] - moved, axis=-1)[np.triu_indices(4, 1)]
    assert gaps.min() >= 10.0
    steps = np.linalg.norm(moved - crowd, axis=1)
    assert steps[3] < 0.1
    assert steps.max() < 10.0


@pytest.mark.parametrize(
    "groups", [np.array([0, 1, 0]), np.array([0, 1, 0, 1, 0]), np.array([0.0, 1.0, 0.0, 1.0])]
)
def test_each_point_has_a_group(groups):
    with pytest.raises(ValueError, match="`groups` must be whole numbers, one for each of 4 point"):
        scatter(np.zeros((4, 2)), groups, ["one", "other"])


@pytest.mark.parametrize("shape", [(4,), (4, 3)])
def test_points_lie_in_a_plane(shape):
    with pytest.raises(ValueError, match=r"`points` must have shape \[N, 2\]"):
        scatter(np.zeros(shape), np.array([0, 1, 0, 1]), ["one", "other"])
