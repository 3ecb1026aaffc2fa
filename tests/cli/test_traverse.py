from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from keras_vae import plotting
from keras_vae.files.photos import open_photo, prepare
from keras_vae.inference import registry as runtime
from keras_vae.latent_space.arithmetic import kl_per_dimension, traverse

MINUS = "\N{MINUS SIGN}"


@pytest.fixture
def known_kl(colour_model, monkeypatch):
    """Let `colour` tell the KL of its six dimensions."""
    kl = [0.5, 3.25, 0.0, 0.125, 2.0, 1.0]
    model = replace(colour_model, metadata={**colour_model.metadata, "kl_per_dimension": kl})
    monkeypatch.setattr(runtime, "load", lambda name, **_: model)
    return kl


def test_rows_are_the_most_active_dimensions(kvae, colour_model, known_kl, tmp_path):
    result = kvae("traverse", "--model", "colour", "--count", 2, "--range", "-1:1")
    assert result.exit_code == 0, result.output
    images = colour_model.decode(traverse(np.zeros(6), (1, 4), (-1, 0, 1)).reshape(-1, 6))
    strip = plotting.strip(
        images.reshape(2, 3, 32, 32, 3),
        [f"z = {MINUS}1", "z = 0", "z = 1"],
        ["z₁ (KL 3.25 nats)", "z₄ (KL 2.00 nats)"],
        "z = 0: one z at a time, in standard deviations of the prior",
    )
    np.testing.assert_array_equal(Image.open(tmp_path / "traverse.png"), strip)


def test_numbers_hold_all_but_one_dimension(kvae, colour_model, known_kl, photo_files, read_json):
    kvae("traverse", photo_files[0], "--dims", "5,2", "--range", "-2,3", "--json", "z.json")
    z_mean, _ = colour_model.encode(prepare(open_photo(photo_files[0]), (32, 32))[None])
    rows = read_json("z.json")
    assert [(row["dimension"], row["kl"], row["value"]) for row in rows] == [
        (5, 1.0, -2), (5, 1.0, 3), (2, 0.0, -2), (2, 0.0, 3)
    ]  # fmt: skip
    for row in rows:
        expected = z_mean[0].copy()
        expected[row["dimension"]] = row["value"]
        np.testing.assert_array_equal(np.float32(row["z"]), expected)


def test_seed_is_a_start(kvae, colour_model, read_json):
    kvae(
        *("traverse", "--model", "colour", "--seed", 3, "--temperature", 0.5),
        *("--dims", "0", "--range", "0:1", "--json", "z.json"),
    )
    _, z = colour_model.sample([3], 0.5)
    for row in read_json("z.json"):
        np.testing.assert_array_equal(np.float32(row["z"][1:]), z[0, 1:])


def test_model_that_does_not_tell_its_kl_takes_the_images(
    kvae, colour_model, photo_files, read_json
):
    kvae(
        *("traverse", photo_files[0], "--model", "colour", "--count", 3, "--range", "0"),
        *("--json", "z.json"),
    )
    photo = prepare(open_photo(photo_files[0]), (32, 32))[None]
    kl = kl_per_dimension(*colour_model.encode(photo))[0]
    rows = read_json("z.json")
    assert [row["dimension"] for row in rows] == np.argsort(-kl)[:3].tolist()
    np.testing.assert_allclose([row["kl"] for row in rows], np.sort(kl)[::-1][:3], rtol=1e-5)


def test_without_kl_and_image_the_dimensions_must_be_named(kvae, read_json):
    result = kvae("traverse", "--model", "colour")
    assert result.exit_code == 1
    assert "--dims" in str(result.exception)
    assert "\n" not in str(result.exception)
    result = kvae(
        "traverse", "--model", "colour", "--dims", "0,1", "--range", "0", "--json", "z.json"
    )
    assert result.exit_code == 0, result.output
    assert [row["kl"] for row in read_json("z.json")] == [None, None]


def test_animation_moves_every_dimension_at_once(kvae, grey_model, gif_frames):
    result = kvae(
        *("traverse", "--model", "grey", "--dims", "0,3", "--range", "-2:2", "--gif", "a.gif")
    )
    assert result.stdout.splitlines() == ["traverse.png", "a.gif"]
    values = plotting.sweep((-2, 2))
    there = []
    titles = plotting.step_labels(values, "z")
    for title, points in zip(
        titles, traverse(np.zeros(4), (0, 3), values).swapaxes(0, 1), strict=True
    ):
        there.append(plotting.strip([grey_model.decode(points)], ["z₀", "z₃"], title=title))
    gif_frames("a.gif", plotting.there_and_back(there))


def test_an_image_and_a_seed_cannot_both_be_the_start(kvae, photo_files):
    result = kvae("traverse", photo_files[0], "--seed", 1, "--model", "colour", "--dims", "0")
    assert result.exit_code == 2
    assert "not both" in result.output


def test_dimension_that_is_not_there_is_refused(kvae):
    result = kvae("traverse", "--model", "grey", "--dims", "0,4")
    assert result.exit_code == 1
    assert "0 … 3" in str(result.exception)


def test_values_beyond_every_latent_are_refused_by_the_options_name(kvae, tmp_path):
    result = kvae("traverse", "--model", "grey", "--dims", 1, "--range", "1e300")
    assert result.exit_code == 2
    assert "--range" in result.output
    assert "at most 1,000,000" in " ".join(result.output.split())
    assert kvae("traverse", "--model", "grey", "--dims", 1, "--range", "-1e6,1e6").exit_code == 0
