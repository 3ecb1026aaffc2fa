import numpy as np
import pytest

from keras_vae.experiments.evaluated_model import ExportedModel, TrainedModel
from keras_vae.experiments.measures import latent_spread, measure, prior_coverage
from keras_vae.inference.registry import load
from keras_vae.presets import get_preset
from keras_vae.training import trainer as training
from keras_vae.training.run_directory import RunConfig


def train(digits, **changes):
    preset = get_preset("digits").override(latent_dim=2, epochs=3, **changes)
    config = RunConfig(preset, "digits")
    vae = training.new_vae(config, digits)
    training.fit(vae, config, digits)
    return TrainedModel(digits, vae, preset)


@pytest.fixture(scope="module")
def trained(digits):
    return train(digits)


@pytest.mark.slow
def test_losses_of_both_splits_add_up(trained):
    row, _ = measure(trained, ["losses", "batch"])
    for split in ("train", "test"):
        terms = row[f"{split}_reconstruction_loss"] + row[f"{split}_kl_loss"]
        assert row[f"{split}_loss"] == pytest.approx(terms, rel=1e-5)
    assert row["batch_mse"] == pytest.approx(row["test_mse"], rel=0.1)  # of 128 among 200


def test_a_batch_is_measured_anew(trained):
    first, _ = measure(trained, ["batch"])
    measure(trained, ["losses"])
    second, _ = measure(trained, ["batch"])
    assert first["batch_mse"] == pytest.approx(second["batch_mse"], rel=0.05)


def test_pictures_are_of_the_prior(trained, digits):
    row, arrays = measure(trained, ["latents", "samples", "manifold", "coverage"])
    assert arrays["z_mean"].shape == (200, 2)
    np.testing.assert_array_equal(arrays["labels"], digits.labels[digits.indices("test")])
    assert arrays["samples"].shape == (40, 8, 8, 1)
    assert arrays["manifold"].shape == (15, 15, 8, 8, 1)
    middle = trained.decode(np.zeros((1, 2), np.float32))
    np.testing.assert_allclose(arrays["manifold"][7, 7].astype(int), middle[0], atol=1)
    assert 0 <= row["prior_coverage"] <= 1


@pytest.mark.slow
def test_an_autoencoders_latents_are_its_means(digits):
    plain = train(digits, stochastic=False)
    np.testing.assert_array_equal(plain.latents, plain.posterior[0])


def test_a_vaes_latents_are_sampled(trained):
    z_mean, z_log_var = trained.posterior
    deviation = (trained.latents - z_mean) / np.exp(0.5 * z_log_var)
    assert deviation.std() == pytest.approx(1, abs=0.1)


def test_a_card_has_what_was_evaluated():
    model = load("mnist-best")
    row, _ = measure(ExportedModel(None, model), ["card"])
    assert 80 < row["nll"] < 87
    assert row["draws"] >= 500


LATENTS = np.random.default_rng(5).standard_normal((2000, 2))


def test_samples_of_the_prior_cover_it():
    assert prior_coverage(LATENTS) == pytest.approx(0.99, abs=0.01)


def test_latents_that_leave_the_prior_cover_less():
    half = LATENTS[LATENTS[:, 0] > 0]
    assert 0.5 < prior_coverage(half) < 0.7  # latents at the border cover a little beyond it
    assert prior_coverage(LATENTS + 20) == 0.0
    assert prior_coverage(LATENTS * 0.1) < 0.3


def test_wide_latents_with_gaps_cover_less():
    assert prior_coverage(LATENTS * 30) < 0.5


def test_spread_is_that_of_a_coordinate_wherever_the_mean_is():
    assert latent_spread(LATENTS * [3.0, 4.0] + 7) == pytest.approx(np.sqrt(12.5), rel=0.05)
