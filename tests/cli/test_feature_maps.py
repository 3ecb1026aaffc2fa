import csv

import numpy as np
import pytest
from PIL import Image

from keras_vae import plotting
from keras_vae.files.photos import open_photo, prepare
from keras_vae.inference import model as model_module

LAYERS = [f"encoder_conv_{n}" for n in (1, 2)] + [f"decoder_conv_{n}" for n in (1, 2, 3)]


@pytest.fixture
def returned(colour_model, photo_files):
    """What the endpoint itself returns for the first photo, by layer."""
    pixels = prepare(open_photo(photo_files[0]), (32, 32), 3)
    return pixels, colour_model.call("feature_maps", image=pixels[None])


def shown(path):
    return np.asarray(Image.open(path).convert("RGB"))


def test_sheets_show_what_the_endpoint_returns(kvae, photo_files, returned, tmp_path):
    result = kvae("feature-maps", photo_files[0], "--model", "colour")
    assert result.exit_code == 0, result.output
    files = [f"feature-maps/{name}.png" for name in ("overview", *LAYERS)]
    assert result.stdout.splitlines() == files
    pixels, maps = returned
    assert set(maps) == set(LAYERS)
    for name in LAYERS:
        expected = plotting.feature_grid(name, maps[name][0])
        np.testing.assert_array_equal(shown(tmp_path / f"feature-maps/{name}.png"), expected)
    overview = plotting.feature_overview({name: maps[name][0] for name in LAYERS}, pixels)
    np.testing.assert_array_equal(shown(tmp_path / "feature-maps/overview.png"), overview)


def test_one_layer_with_its_numbers(kvae, photo_files, returned, tmp_path):
    arguments = ("feature-maps", photo_files[0], "--model", "colour", "--layer", "decoder_conv_2")
    options = ("--top", "3", "--scale", "channel", "--out", "maps", "--csv", "all.csv")
    (tmp_path / "all.csv").write_text("old")
    result = kvae(*arguments, *options, "--overwrite")
    assert result.exit_code == 0, result.output
    assert [path.name for path in (tmp_path / "maps").iterdir()] == ["decoder_conv_2.png"]
    maps = returned[1]["decoder_conv_2"][0]
    expected = plotting.feature_grid("decoder_conv_2", maps, top=3, scale="channel")
    np.testing.assert_array_equal(shown(tmp_path / "maps/decoder_conv_2.png"), expected)
    rows = list(csv.DictReader((tmp_path / "all.csv").open()))
    assert [int(row["channel"]) for row in rows] == list(range(maps.shape[2]))
    for row in rows:
        values = maps[..., int(row["channel"])].astype(float)
        found = [float(row[name]) for name in ("min", "max", "mean", "variance")]
        wanted = [values.min(), values.max(), values.mean(), values.var()]
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("channels", "top", "said"), [(20, 17, True), (20, 16, False), (8, 32, False)]
)
def test_the_overview_says_that_it_shows_fewer_channels(
    kvae, photo_files, monkeypatch, channels, top, said
):
    maps = np.random.default_rng(0).normal(size=(1, 4, 4, channels))
    monkeypatch.setattr(model_module.Model, "feature_maps", lambda *_: {"encoder_conv_1": maps})
    result = kvae("feature-maps", photo_files[0], "--model", "colour", "--top", top)
    assert result.exit_code == 0, result.output
    note = f"Note: overview.png shows 16 channels of a layer, not {top}."
    assert (note in result.stderr.splitlines()) == said


def test_layers_come_in_the_order_of_the_network(colour_model, photos, returned):
    assert list(colour_model.feature_maps(photos[:2])) == LAYERS
    names = ["decoder_conv_2", "encoder_conv_10", "decoder_conv_1", "encoder_conv_9"]
    assert sorted(names, key=model_module._layer_order) == [names[3], names[1], names[2], names[0]]


def test_nothing_is_written_by_a_name_that_is_a_path(kvae, photo_files, tmp_path, monkeypatch):
    before = {*tmp_path.rglob("*")}
    maps = {"../up_1": np.ones((1, 4, 4, 2), np.float32)}
    monkeypatch.setattr(model_module.Model, "_in_batches", lambda *_, **__: maps)
    result = kvae("feature-maps", photo_files[0], "--model", "colour", "--overwrite")
    assert result.exit_code == 1
    assert "must name its outputs by letters" in str(result.exception)
    assert {*tmp_path.rglob("*")} == before


def test_an_unknown_layer_is_answered_with_near_ones(kvae, photo_files, tmp_path):
    result = kvae("feature-maps", photo_files[0], "--model", "colour", "--layer", "encoder_conv_7")
    assert result.exit_code == 1
    assert "No convolution is called 'encoder_conv_7'. Did you mean 'encoder_conv" in str(
        result.exception
    )
    assert not (tmp_path / "feature-maps").exists()


def test_a_dense_model_has_no_feature_maps(kvae, photo_files):
    result = kvae("feature-maps", photo_files[0], "--model", "grey")
    assert result.exit_code == 1
    assert str(result.exception) == "Model 'grey' has no convolutions, hence no feature maps."


def test_pixels_of_another_size_are_refused(colour_model):
    with pytest.raises(ValueError, match=r"`pixels` must be an array of uint8"):
        colour_model.feature_maps(np.zeros((1, 8, 8, 3), np.uint8))


@pytest.mark.parametrize("name", ["overview", "decoder_conv_3"])
def test_pictures_are_replaced_only_when_told(kvae, photo_files, tmp_path, name):
    folder = tmp_path / "feature-maps"
    folder.mkdir()
    (folder / f"{name}.png").write_bytes(b"precious")
    result = kvae("feature-maps", photo_files[0], "--model", "colour")
    assert result.exit_code == 1
    assert "--overwrite" in str(result.exception)
    assert [path.name for path in folder.iterdir()] == [f"{name}.png"]
    assert (folder / f"{name}.png").read_bytes() == b"precious"
