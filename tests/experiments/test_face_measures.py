"""Measures of models of faces, on tiles of photos whose attributes are facts of their pixels."""

import numpy as np
import pytest

from keras_vae.datasets import ImageDataset, classifiers
from keras_vae.experiments import face_measures
from keras_vae.experiments.evaluated_model import ExportedModel, TrainedModel
from keras_vae.experiments.measures import measure
from keras_vae.latent_space.attributes import Attributes
from keras_vae.presets import get_preset

NAMES = ("Attractive", "Eyeglasses", "Male", "Pale_Skin", "Smiling")


def facts(images):
    """Bright, varied, reddish, very bright, bluish: +1 or −1, [N, 5]."""
    means = images.mean(axis=(1, 2))
    values = (
        means.mean(axis=1),
        images.std(axis=(1, 2, 3)),
        means[:, 0] - means[:, 1],
        means.mean(axis=1),
        means[:, 2] - means[:, 1],
    )
    shares = (0.5, 0.5, 0.5, 0.8, 0.5)
    columns = [v > np.quantile(v, share) for v, share in zip(values, shares, strict=True)]
    return np.where(np.stack(columns, axis=1), 1, -1).astype(np.int8)


@pytest.fixture(scope="module")
def tiles(photos):
    images = np.random.default_rng(0).permutation(photos)
    partition = (np.arange(len(images)) % 4 == 3).astype(np.int8)  # a quarter for validation
    return ImageDataset("tiles", images, partition, facts(images), NAMES)


@pytest.fixture(scope="module")
def model(tiles, colour_vae):
    preset = get_preset("celeba").override(filters=(8, 8), latent_dim=6)
    return TrainedModel(tiles, colour_vae, preset)


def path(values):
    """Grey images of 2×2 that go through these values."""
    return np.array(values, np.uint8)[None, :, None, None, None] * np.ones(
        (1, 1, 2, 2, 3), np.uint8
    )


def test_even_steps_have_ratio_one_and_a_jump_has_more():
    lengths = face_measures.step_lengths(path([0, 51, 102, 153]))
    np.testing.assert_allclose(lengths, [[0.2, 0.2, 0.2]], rtol=1e-6)
    assert face_measures.step_ratios(lengths) == pytest.approx([1.0])
    jump = face_measures.step_lengths(path([0, 0, 153, 153]))
    assert face_measures.step_ratios(jump) == pytest.approx([3.0])
    still = face_measures.step_lengths(path([7, 7, 7]))
    assert face_measures.step_ratios(still) == [0.0]


def test_features_of_one_kind_are_not_separable_and_others_are():
    rng = np.random.default_rng(0)
    one, same = rng.normal(size=(2, 2000, 4))
    shift = np.array([3, 0, 0, 0])
    assert face_measures.separability(one, same) == pytest.approx(0.5, abs=0.04)
    assert face_measures.separability(one, same + shift) > 0.95
    assert face_measures.separability(same + shift, one) > 0.95  # whichever comes first


def test_blur_takes_sharpness_away(photos):
    blurred = [np.roll(photos, shift, axis=axis) for axis in (1, 2) for shift in (-1, 0, 1)]
    mean = np.mean(blurred, axis=0).astype(np.uint8)
    assert 0 < face_measures.sharpness(mean) < 0.5 * face_measures.sharpness(photos)
    assert face_measures.sharpness(np.full((2, 8, 8, 3), 77, np.uint8)) == 0.0
    ramp = np.tile(np.arange(0, 240, 10, dtype=np.uint8)[None, :, None, None], (1, 1, 9, 3))
    assert face_measures.sharpness(ramp) == pytest.approx(0.0, abs=1e-12)


def test_probes_read_brightness_from_the_latents(model):
    row, arrays = measure(model, ["probes"])
    auc = dict(zip(arrays["probe_names"], arrays["probe_auc"], strict=True))
    assert set(auc) == set(NAMES)
    assert auc["Attractive"] > 0.8
    assert row["least_auc"] == min(auc.values()) <= row["mean_auc"] <= max(auc.values())


def test_contributions_are_those_of_the_training_images(model, tiles):
    _, arrays = measure(model, ["contributions"])
    assert set(arrays["contribution_name"]) == set(NAMES) - {"Attractive"}
    rows = tiles.indices("train")
    z = model.encode("train")[0]
    fitted = Attributes.fit(z, tiles.attributes[rows], NAMES)
    pale = list(arrays["contribution_name"]).index("Pale_Skin")
    dot = fitted.direction("Pale_Skin") @ fitted.direction("Attractive")
    assert arrays["contribution_dot"][pale] == pytest.approx(dot, rel=1e-4)
    low, high = arrays["contribution_dot_interval"][pale]
    assert low < dot < high
    assert arrays["contribution_cosine"][pale] > 0.5  # both are brightness


def test_errors_of_groups_average_to_that_of_all(model, tiles):
    row, _ = measure(model, ["groups"])
    held_out = tiles.attributes[tiles.indices("validation")]
    originals = model.held_out_images / 255
    error = np.mean((originals - model.decode(model.posterior[0]) / 255) ** 2)
    for name in ("Male", "Pale_Skin"):
        share = np.mean(held_out[:, NAMES.index(name)] > 0)
        mean = share * row[f"mse_{name}"] + (1 - share) * row[f"mse_not_{name}"]
        assert mean == pytest.approx(error, rel=1e-6)


def test_the_way_between_faces_begins_and_ends_at_them(model):
    row, arrays = measure(model, ["smoothness"])
    images = arrays["interpolations"]
    assert images.shape == (4, 10, 32, 32, 3)
    ends = model.decode(model.sample(8)).reshape(2, 4, 32, 32, 3)
    np.testing.assert_array_equal(images[:, [0, -1]], ends.swapaxes(0, 1))
    assert 1.0 <= row["step_ratio"] <= row["step_ratio_95"] < 9


@pytest.mark.slow
def test_an_exported_model_is_measured_like_the_one_in_memory(model, tiles):
    served = ExportedModel(tiles, model.served)
    assert served.preset == model.preset
    for ours, theirs in zip(model.posterior, served.posterior, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
    z = model.posterior[0][:10]
    assert np.abs(model.decode(z).astype(int) - served.decode(z)).max() <= 1


@pytest.mark.slow
def test_feature_maps_are_of_every_convolution(model):
    row, arrays = measure(model, ["feature_maps"])
    assert row["layers"] == 5  # two down, two up, and the image's own
    assert row["channels"] == 8 + 8 + 8 + 8 + 3
    assert sum(name.startswith("maps_") for name in arrays) == 5
    np.testing.assert_array_equal(arrays["face"], model.decode(model.sample(1))[0])


@pytest.mark.slow
def test_the_classifier_separates_bright_from_dark_and_follows_a_morph(model, monkeypatch):
    monkeypatch.setattr(classifiers, "MOST_STEPS", 40)
    monkeypatch.setattr(face_measures, "MOVED", 20)
    dark, bright = np.full((2, 5, 32, 32, 3), [[[[[40]]]], [[[[220]]]]], np.uint8)
    assert model.probability(bright, "Attractive").min() > 0.9
    assert model.probability(dark, "Attractive").max() < 0.1
    row, arrays = measure(model, ["morphs", "draws"])
    scores = arrays["scores_Attractive"]
    assert len(scores) == 7
    assert row["Attractive_rise"] == pytest.approx(scores[-1] - scores[0])
    assert row["Attractive_least_rise"] == pytest.approx(np.diff(scores).min())
    assert row["drawn_auc"] > 0.9  # samples of an untrained model are not like photos
    assert arrays["drawn"].shape == arrays["redrawn"].shape == (40, 32, 32, 3)
