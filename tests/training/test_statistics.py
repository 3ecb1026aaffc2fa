import math
from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae.datasets import ImageDataset
from keras_vae.presets import get_preset
from keras_vae.training import statistics
from keras_vae.training import trainer as training
from keras_vae.training.measurement import measure
from keras_vae.training.pca_baseline import adapted
from keras_vae.training.run_directory import Run, RunConfig, read_json
from tests.training.interruption import StopAt

PRESET = get_preset("celeba").override(
    filters=(8, 8), latent_dim=4, batch_size=16, epochs=2, decay="constant", learning_rate=3e-3
)
FEW = np.repeat([0, 1], [48, 16]).astype(np.int8)


@pytest.fixture(scope="module")
def few(photos):
    """Sixty-four colour images: an epoch of three steps."""
    return ImageDataset("photos", photos[:64], FEW)


@pytest.fixture(scope="module")
def trained(few):
    config = RunConfig(PRESET, "photos", seed=1)
    vae = training.new_vae(config, few)
    history = keras.callbacks.History()
    training.fit(vae, config, few, callbacks=[history])
    return vae, config, history.history


def averages(vae):
    return [keras.ops.convert_to_numpy(weight) for weight in vae.moving_averages]


def test_after_a_few_steps_the_statistics_are_those_of_the_training_images(trained, few):
    """By hand: the mean and the variance of what the first convolution returns."""
    vae, *_ = trained
    images = few.images[few.indices("train")]
    encoder = vae.encoder
    maps = keras.Model(encoder.input, encoder.get_layer("encoder_conv_1").output)
    features = keras.ops.convert_to_numpy(maps(vae.likelihood.scale(images)))
    norm = encoder.get_layer("encoder_conv_1_norm")
    np.testing.assert_allclose(norm.moving_mean, features.mean(axis=(0, 1, 2)), atol=1e-5)
    np.testing.assert_allclose(norm.moving_variance, features.var(axis=(0, 1, 2)), rtol=0.1)


def validation_error(vae, preset, dataset):
    return measure(vae, preset, dataset, ["validation"])["validation"]["mse"]


def after_passes(vae, preset, dataset, passes):
    """The validation MSE after passes with momentum over the training images; the weights stay."""
    rows, size = dataset.indices("train"), preset.batch_size
    rng = np.random.default_rng(0)
    estimated = averages(vae)

    @tf.function(autograph=False)
    def estimate_by_momentum(batch):
        vae.forward(batch, training=True).likelihood.log_prob(vae.likelihood.scale(batch))

    for _ in range(passes):
        order = rng.permutation(rows)
        for start in range(0, len(rows) - size + 1, size):
            estimate_by_momentum(tf.constant(dataset.images[order[start : start + size]]))
    error = validation_error(vae, preset, dataset)
    for weight, value in zip(vae.moving_averages, estimated, strict=True):
        weight.assign(value)
    return error


@pytest.mark.slow
def test_a_hundred_passes_over_the_training_images_change_the_validation_little(trained, few):
    vae, config, history = trained
    after = after_passes(vae, config.preset, few, passes=100)
    assert history["val_mse"][-1] == pytest.approx(after, rel=0.05)


def narrow(preset):
    """A preset with sixteen maps in each layer: what is normalized, and how, is the same."""
    layers = getattr(preset.network, "filters", None) or preset.network.encoder
    return preset.override(filters=[16] * len(layers))


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["celeba", "celeba-wolfram", "celeba-jiang", "celeba-astorga", "mnist-zhao-cnn", "own-images"],
)
def test_the_validation_of_a_small_set_is_right_with_every_preset_that_keeps_averages(photos, name):
    preset = narrow(get_preset(name)).override(epochs=2, least_steps=0, batch_size=22)
    height, width, channels = preset.image_shape
    large = np.kron(photos[::6], np.ones((1, 2, 2, 1), np.uint8))[:, :height, :width, :channels]
    partition = np.repeat([0, 1], [len(large) - 20, 20]).astype(np.int8)
    dataset = ImageDataset("photos", large, partition)
    config = RunConfig(preset, "photos")
    vae = training.new_vae(config, dataset)
    assert statistics.averaging_layers(vae)
    training.fit(vae, config, dataset)
    error = validation_error(vae, preset, dataset)
    assert error == pytest.approx(after_passes(vae, preset, dataset, passes=100), rel=0.05)


@pytest.mark.slow
def test_neither_weights_nor_the_training_s_noise_change(few, monkeypatch):
    config = RunConfig(PRESET, "photos", seed=1)
    results = []
    for long_epoch in (statistics.LONG_EPOCH, 0):
        monkeypatch.setattr(training, "LONG_EPOCH", long_epoch)
        vae = training.new_vae(config, few)
        history = keras.callbacks.History()
        training.fit(vae, config, few, validation=None, callbacks=[history])
        results.append((history.history["loss"], vae.get_weights(), vae.trainable_variables))
    (losses, weights, _), (other_losses, _, trainable) = results
    assert losses == other_losses
    own = {weight.tobytes() for weight in weights}
    assert all(keras.ops.convert_to_numpy(each).tobytes() in own for each in trainable)


def test_a_variable_that_is_no_average_is_unchanged(few, monkeypatch):
    """As a count of the batches, or a codebook that follows the latents."""
    config = RunConfig(PRESET, "photos")
    vae = training.new_vae(config, few)
    count = vae.prior.add_weight(shape=(), initializer="ones", trainable=False, name="count")
    log_prob = vae.likelihood.log_prob

    def counted(*args, **kwargs):
        count.assign_add(1.0)
        return log_prob(*args, **kwargs)

    monkeypatch.setattr(vae.likelihood, "log_prob", counted)
    callback = statistics.NormalizationStatistics(
        partial(training.batches_of, config, few, 0, 0), 3
    )
    callback.set_model(vae)
    callback.on_train_begin()
    callback.estimate()
    assert any(weight is count for weight in vae.moving_averages)
    assert float(count) == 1.0


@pytest.mark.slow
def test_a_long_epoch_keeps_its_moving_averages(few, monkeypatch):
    """As the book's network on all of CelebA: its validation is unchanged."""
    monkeypatch.setattr(training, "LONG_EPOCH", 3)
    monkeypatch.setattr(
        statistics.NormalizationStatistics, "estimate", lambda callback: pytest.fail("estimated")
    )
    config = RunConfig(PRESET.override(epochs=1), "photos")
    training.fit(training.new_vae(config, few), config, few)


@pytest.mark.slow
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_an_initialized_network_is_measured_as_epoch_0(few, tmp_path, momentum):
    preset = get_preset("own-images").override(
        image_size=(32, 32), filters=(8, 8), latent_dim=30, epochs=1, batch_size=16, least_steps=0,
        learning_rate=1.0, ema_momentum=momentum,
    )  # fmt: skip
    preset = adapted(preset, few)
    run = training.train(RunConfig(preset, "photos"), few, tmp_path / "run")
    first, last = run.history()
    assert (first["epoch"], last["epoch"]) == (0, 1)
    assert first["val_loss"] < last["val_loss"]  # the learning rate is far too large
    assert run.best_epoch() == 0
    measured = read_json(run.metrics_file)["validation"]
    assert measured["mse_of_mean"] < 1.1 * measured["mse_of_pca"]
    assert measured["mse"] == pytest.approx(first["val_mse"], rel=0.1)
    assert (run.pictures / "epoch_000_reconstructions.png").exists()


@pytest.mark.slow
def test_other_networks_have_no_epoch_0(few, tmp_path):
    run = training.train(RunConfig(PRESET.override(epochs=1), "photos"), few, tmp_path / "run")
    assert [row["epoch"] for row in Run.open(run.path).history()] == [1]
    assert not math.isnan(read_json(run.metrics_file)["validation"]["mse_of_pca"])


@pytest.fixture(scope="module")
def initialized(few, tmp_path_factory):
    """A run with several passes in an epoch, epoch 0 and statistics of each epoch."""
    preset = get_preset("own-images").override(
        image_size=(32, 32), filters=(4, 4), latent_dim=30, epochs=2, batch_size=24, least_steps=0,
        passes=2,
    )  # fmt: skip
    config = RunConfig(preset, "photos", seed=3)
    return training.train(config, few, tmp_path_factory.mktemp("runs") / "whole")


@pytest.mark.slow
@pytest.mark.parametrize("step", [2, 5], ids=["first epoch", "second"])
def test_an_initialized_network_resumes_as_if_uninterrupted(initialized, few, tmp_path, step):
    with pytest.raises(KeyboardInterrupt):
        training.train(initialized.config(), few, tmp_path / "part", callbacks=[StopAt(step)])
    part = training.resume(Run.open(tmp_path / "part"), few)
    assert part.history() == initialized.history()
    assert [row["epoch"] for row in part.history()] == [0, 1, 2]
    weights = (keras.models.load_model(run.last).variables for run in (initialized, part))
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)
