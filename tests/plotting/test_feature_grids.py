import numpy as np
import pytest

from keras_vae.files.pictures import enlarge
from keras_vae.plotting import feature_grid, feature_overview


def planted(*shape, seed=0):
    """Feature maps with channels of different strength and offset."""
    rng = np.random.default_rng(seed)
    strength, offset = rng.uniform(0.5, 4, shape[2]), rng.normal(size=shape[2])
    return (rng.normal(size=shape) * strength + offset).astype(np.float32)


def greys(values, low, high):
    return np.rint((values - low) / (high - low) * 255).astype(int)


def places(picture, tile, side=128):
    """Where a picture shows a map, enlarged to a side: upper left corners, y and x."""
    pixels = np.asarray(picture.convert("L")).astype(int)
    factor = side // len(tile)
    shown = np.kron(tile, np.ones((factor, factor), int))
    inside = pixels[: pixels.shape[0] - side + 1, : pixels.shape[1] - side + 1]
    corners = np.argwhere(inside == shown[0, 0])
    for y, x in np.ndindex(tile.shape):  # the middle of each cell; few corners outlive a few
        cell = (y * factor + factor // 2, x * factor + factor // 2)
        corners = corners[pixels[tuple((corners + cell).T)] == tile[y, x]]
    whole = ((y, x, pixels[y : y + side, x : x + side]) for y, x in corners)
    return [(y, x) for y, x, part in whole if np.array_equal(part, shown)]


def assert_in_reading_order(picture, tiles):
    found = [places(picture, tile) for tile in tiles]
    assert [len(spots) for spots in found] == [1] * len(tiles)
    spots = [spot for (spot,) in found]
    assert spots == sorted(spots)


@pytest.mark.parametrize(("side", "channels"), [(4, 3), (8, 12), (16, 33)])
def test_grid_shows_every_value_on_the_shared_scale(side, channels):
    maps = planted(side, side, channels)
    tiles = [greys(maps[..., c], maps.min(), maps.max()) for c in range(channels)]
    assert_in_reading_order(feature_grid("conv", maps), tiles)


def test_grid_shows_each_channel_on_its_own_scale():
    maps = planted(8, 8, 10)
    tiles = [greys(m, m.min(), m.max()) for m in np.moveaxis(maps, 2, 0)]
    assert_in_reading_order(feature_grid("conv", maps, scale="channel"), tiles)


def test_top_takes_the_channels_of_the_largest_variance_on_the_layers_scale():
    maps = planted(4, 4, 20)
    order = np.argsort([-np.var(maps[..., c].astype(float)) for c in range(20)])
    tiles = [greys(maps[..., c], maps.min(), maps.max()) for c in order]
    picture = feature_grid("conv", maps, top=5)
    assert_in_reading_order(picture, tiles[:5])
    assert not any(places(picture, tile) for tile in tiles[5:])


def bars(picture):
    """Columns of pixels in which every grey of a long ramp falls, from white to black."""
    pixels = np.asarray(picture.convert("L")).astype(int)
    return [x for x, column in enumerate(pixels.T) if len(np.unique(column)) > 100]


def test_only_a_shared_scale_has_a_bar_from_white_down_to_black():
    maps = planted(2, 2, 16)
    assert not bars(feature_grid("conv", maps, scale="channel"))
    picture = feature_grid("conv", maps)
    columns = bars(picture)
    assert len(columns) > 10
    ramp = np.asarray(picture.convert("L")).astype(int)[:, columns[5]]
    inside = ramp[np.flatnonzero(ramp < 255)[0] + 1 : np.flatnonzero(ramp < 255)[-1]]
    assert (np.diff(inside) <= 0).all()
    assert inside[0] > 250
    assert inside[-1] < 5


@pytest.mark.parametrize("scale", ["shared", "channel"])
def test_maps_that_do_not_vary_are_black(scale):
    with np.errstate(all="raise"):
        picture = feature_grid("conv", np.full((4, 4, 2), 7.0, np.float32), scale=scale)
    assert len(places(picture, np.zeros((4, 4), int))) == 2


def test_overview_has_a_row_for_each_layer_below_the_image():
    layers = {"encoder_conv_1": planted(8, 8, 24), "decoder_conv_1": planted(4, 4, 3, seed=1)}
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    picture = feature_overview(layers, image)
    shown = np.asarray(enlarge(image, 4).convert("L")).astype(int)
    tiles = [shown]
    for maps in layers.values():
        order = np.argsort([-np.var(maps[..., c].astype(float)) for c in range(maps.shape[2])])
        tiles += [greys(maps[..., c], maps.min(), maps.max()) for c in order[:16]]
    assert_in_reading_order(picture, tiles)


def test_overview_takes_no_more_than_top():
    maps = planted(8, 8, 24)
    order = np.argsort([-np.var(maps[..., c].astype(float)) for c in range(24)])
    picture = feature_overview({"conv": maps}, np.zeros((8, 8, 1), np.uint8), top=2)
    counts = [len(places(picture, greys(maps[..., c], maps.min(), maps.max()))) for c in order]
    assert counts == [1, 1] + [0] * 22


def test_nothing_is_cut_off():
    maps = planted(32, 24, 1)
    for picture in (
        feature_grid("a_layer_with_quite_a_long_name_1", maps, top=1),
        feature_overview({"a_layer_with_quite_a_long_name_1": maps}, np.zeros((9, 9, 3), np.uint8)),
    ):
        pixels = np.asarray(picture.convert("L"))
        for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
            assert (edge == 255).all()


def test_unknown_scale_is_refused():
    with pytest.raises(ValueError, match=r"shared, channel\. Received: 'log'"):
        feature_grid("conv", planted(4, 4, 2), scale="log")


def test_the_image_of_an_overview_must_be_uint8():
    with pytest.raises(ValueError, match=r"`image` must be a uint8 array of shape \[H, W, 1 or 3"):
        feature_overview({"conv": planted(4, 4, 2)}, np.zeros((8, 8, 1)))


@pytest.mark.parametrize("shape", [(1, 4, 4, 2), (4, 4), (4, 4, 0)])
def test_feature_maps_are_those_of_one_image(shape):
    with pytest.raises(ValueError, match=r"`maps` must have shape \[H, W, C\]"):
        feature_grid("conv", np.zeros(shape))
    with pytest.raises(ValueError, match=r"`layers` must have shape \[H, W, C\]"):
        feature_overview({"conv": np.zeros(shape)}, np.zeros((8, 8, 1), np.uint8))


@pytest.mark.parametrize("top", [0, -1])
def test_at_least_one_channel_is_shown(top):
    with pytest.raises(ValueError, match=f"`top` must be at least 1. Received: {top}"):
        feature_grid("conv", planted(4, 4, 2), top=top)
    with pytest.raises(ValueError, match=f"`top` must be at least 1. Received: {top}"):
        feature_overview({"conv": planted(4, 4, 2)}, np.zeros((8, 8, 1), np.uint8), top=top)
