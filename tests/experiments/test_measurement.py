import keras
import numpy as np
import pytest

from keras_vae.experiments.callbacks import StopAtPlateau
from keras_vae.experiments.measurement import measure_all
from keras_vae.experiments.subject import ServedSubject, TrainedSubject
from keras_vae.inference.registry import load
from keras_vae.presets import get_preset
from keras_vae.training import trainer as training
from keras_vae.training.run_directory import RunConfig


def subject(digits, **changes):
    preset = get_preset("digits").override(latent_dim=2, epochs=3, **changes)
    config = RunConfig(preset, "digits")
    vae = training.new_vae(config, digits)
    training.fit(vae, config, digits)
    return TrainedSubject(digits, None, vae, preset)


@pytest.fixture(scope="module")
def trained(digits):
    return subject(digits)


def test_losses_of_both_splits_add_up(trained):
    row, _ = measure_all(trained, ["losses", "batch"])
    for split in ("train", "test"):
        terms = row[f"{split}_reconstruction_loss"] + row[f"{split}_kl_loss"]
        assert row[f"{split}_loss"] == pytest.approx(terms, rel=1e-5)
    assert row["batch_mse"] == pytest.approx(row["test_mse"], rel=0.1)  # of 128 among 200


def test_a_batch_is_measured_anew(trained):
    first, _ = measure_all(trained, ["batch"])
    measure_all(trained, ["losses"])
    second, _ = measure_all(trained, ["batch"])
    assert first["batch_mse"] == pytest.approx(second["batch_mse"], rel=0.05)


def test_pictures_are_of_the_prior(trained, digits):
    row, arrays = measure_all(trained, ["latents", "samples", "manifold", "coverage"])
    assert arrays["z_mean"].shape == (200, 2)
    np.testing.assert_array_equal(arrays["labels"], digits.labels[digits.indices("test")])
    assert arrays["samples"].shape == (40, 8, 8, 1)
    assert arrays["manifold"].shape == (15, 15, 8, 8, 1)
    middle = trained.decode(np.zeros((1, 2), np.float32))
    np.testing.assert_allclose(arrays["manifold"][7, 7].astype(int), middle[0], atol=1)
    assert 0 <= row["prior_coverage"] <= 1


def test_an_autoencoders_codes_are_its_means(digits):
    plain = subject(digits, stochastic=False)
    np.testing.assert_array_equal(plain.codes, plain.posterior[0])


def test_a_vaes_codes_are_drawn(trained):
    z_mean, z_log_var = trained.posterior
    deviation = (trained.codes - z_mean) / np.exp(0.5 * z_log_var)
    assert deviation.std() == pytest.approx(1, abs=0.1)


def test_a_card_has_what_was_evaluated():
    model = load("mnist-best")
    row, _ = measure_all(ServedSubject(None, None, model), ["card"])
    assert 80 < row["nll"] < 87
    assert row["draws"] >= 500


def test_training_stops_when_the_loss_hardly_changes():
    stop = StopAtPlateau(0.01)
    stop.set_model(keras.Sequential())
    for epoch, (loss, stops) in enumerate(
        [(3.0, False), (2.0, False), (2.02, False), (2.015, True)]
    ):
        stop.model.stop_training = False
        stop.on_epoch_end(epoch, {"loss": loss})
        assert stop.model.stop_training == stops
