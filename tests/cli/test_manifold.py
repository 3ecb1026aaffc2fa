from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from PIL import Image

from keras_vae import plotting
from keras_vae.files.photos import open_photo, prepare
from keras_vae.inference import registry as runtime


def quantiles(size):
    return [NormalDist().inv_cdf((place + 0.5) / size) for place in range(size)]


def test_plane_of_two_dimensions_lies_at_the_normal_quantiles(
    kvae, grey_model, tmp_path, read_json
):
    result = kvae(
        *("manifold", "--model", "grey", "--dims", "2,0", "--size", 4, "--json", "plane.json")
    )
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == ["manifold.png", "plane.json"]
    values = quantiles(4)
    z = np.zeros((4, 4, 4))  # y, x, L
    z[..., 2], z[..., 0] = np.meshgrid(values, values)
    images = grey_model.decode(z.reshape(16, 4)).reshape(4, 4, 8, 8, 1)
    axes = tuple(f"z{dim}, in prior standard deviations" for dim in "₂₀")
    expected = plotting.plane(images, values, values, axes)
    np.testing.assert_array_equal(Image.open(tmp_path / "manifold.png"), expected)
    rows = read_json("plane.json")
    np.testing.assert_allclose([row["dimension 2"] for row in rows[:4]], values)
    np.testing.assert_allclose([row["dimension 0"] for row in rows[::4]], values)
    np.testing.assert_allclose([row["z"] for row in rows], z.reshape(16, 4), rtol=1e-6)


def test_plane_of_two_attributes_goes_through_the_photo(
    kvae, colour_model, directions, photo_files, tmp_path
):
    result = kvae(
        *("manifold", photo_files[0], "--model", "colour", "--size", 3),
        *("--attr", "Smiling", "--attr", "Attractive"),
    )
    assert result.exit_code == 0, result.output
    assert "not a fact about a person" in result.stderr
    z_mean, _ = colour_model.encode(prepare(open_photo(photo_files[0]), (32, 32))[None])
    u, v = (directions.direction(name) for name in ("Smiling", "Attractive"))
    values = quantiles(3)
    z = np.stack([z_mean[0] + x * u + y * v for y in values for x in values])
    images = colour_model.decode(z.astype(np.float32)).reshape(3, 3, 32, 32, 3)
    expected = plotting.plane(images, values, values, ("n of Smiling", "n of Attractive"))
    shown = np.asarray(Image.open(tmp_path / "manifold.png"))
    np.testing.assert_allclose(shown, expected, atol=1)  # z is rounded in another order


def test_axes_give_z_itself_whatever_the_seed(kvae, grey_model, read_json):
    kvae(
        *("manifold", "--model", "grey", "--dims", "1,3", "--size", 2, "--seed", 9),
        *("--json", "plane.json"),
    )
    _, z = grey_model.sample([9])
    for row in read_json("plane.json"):
        assert row["z"][1] == pytest.approx(row["dimension 1"])
        assert row["z"][3] == pytest.approx(row["dimension 3"])
        np.testing.assert_array_equal(np.float32(row["z"])[[0, 2]], z[0, [0, 2]])


def test_auto_takes_the_two_most_active_dimensions(kvae, grey_model, monkeypatch, read_json):
    result = kvae("manifold", "--model", "grey")
    assert result.exit_code == 1
    assert "--dims" in str(result.exception)
    metadata = {**grey_model.metadata, "kl_per_dimension": [1.0, 0.0, 0.5, 2.0]}
    model = replace(grey_model, metadata=metadata)
    monkeypatch.setattr(runtime, "load", lambda name, **_: model)
    assert kvae("manifold", "--size", 2, "--json", "plane.json").exit_code == 0
    assert {"dimension 3", "dimension 0"} < set(read_json("plane.json")[0])


@pytest.mark.parametrize(
    "arguments",
    [
        ["--dims", "0"],
        ["--dims", "0,1,2"],
        ["--dims", "1,1"],
        ["--attr", "Smiling"],
        ["--attr", "Smiling", "--attr", "Smiling"],
        ["--dims", "0,1", "--attr", "Smiling", "--attr", "Young"],
        ["--size", 1],
    ],
)
def test_what_spans_no_plane_is_a_usage_error(kvae, tmp_path, arguments):
    result = kvae("manifold", "--model", "colour", *arguments)
    assert result.exit_code == 2
    assert not (tmp_path / "manifold.png").exists()
