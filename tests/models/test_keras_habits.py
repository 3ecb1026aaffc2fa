"""What people do with any Keras model: regularizers, metrics, callbacks, functions as terms."""

import csv
import warnings
from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from keras_vae.export.saved_model import export_model
from keras_vae.losses import FunctionTerm, elbo_terms
from keras_vae.models import VAE, Likelihood
from keras_vae.models.loss_terms import LossTerm
from keras_vae.presets import get_preset
from keras_vae.training.distribution import make_strategy

# What Keras warns of, such as missing gradients, a user sees: nothing may.
pytestmark = pytest.mark.filterwarnings("error::UserWarning")

SMALL = get_preset("mnist").override(image_size=(8, 8), hidden=(16,), latent_dim=3)
PARALLEL = [None, "mirrored"]


def scope(strategy):
    return make_strategy(strategy).scope() if strategy else tf.distribute.get_strategy().scope()


def networks(regularizer=None, activity=None):
    image, z = keras.Input((8, 8, 1)), keras.Input((3,))
    options = {"kernel_regularizer": regularizer, "activity_regularizer": activity}
    features = layers.Dense(16, activation="relu", **options)(layers.Flatten()(image))
    encoder = keras.Model(image, [layers.Dense(3)(features) for _ in range(2)])
    decoded = layers.Reshape((8, 8, 1))(layers.Dense(64, activation="sigmoid")(z))
    return encoder, keras.Model(z, decoded)


def compiled(encoder, decoder, seed=0, **options):
    vae = VAE.from_networks(encoder, decoder, seed=seed, posterior="deterministic")
    vae.compile(**{"optimizer": keras.optimizers.SGD(0.0), "jit_compile": False, **options})
    return vae


def batches(images):
    return tf.data.Dataset.from_tensor_slices(images).batch(32, drop_remainder=True)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", PARALLEL)
def test_kernel_regularizers_count_in_the_loss(strategy, digits):
    with scope(strategy):
        encoder, decoder = networks(keras.regularizers.L2(0.1))
        vae = compiled(encoder, decoder)
    (kernel,) = [w for w in encoder.weights if w.regularizer is not None]
    expected = 0.1 * np.square(kernel).sum()
    history = vae.fit(batches(digits.images[:64]), verbose=0).history
    assert history["regularization_loss"][0] == pytest.approx(expected, rel=1e-4)
    measured = vae.evaluate(batches(digits.images[:64]), verbose=0, return_dict=True)
    total = measured["reconstruction_loss"] + measured["kl_loss"] + expected
    assert measured["loss"] == pytest.approx(total, rel=1e-5)
    assert "regularization_loss" not in compiled(*networks()).evaluate(
        digits.images[:64], verbose=0, return_dict=True
    )


@pytest.mark.parametrize("strategy", PARALLEL)
def test_regularizers_train_the_kernel_once_however_many_replicas(strategy, digits):
    with scope(strategy):
        keras.utils.set_random_seed(0)
        encoder, decoder = networks(keras.regularizers.L2(0.5))
        terms = [lambda forward: tf.zeros_like(forward.z[:, 0])]
        vae = VAE.from_networks(encoder, decoder, terms=terms)
        vae.compile(optimizer=keras.optimizers.SGD(0.1), jit_compile=False)
    (kernel,) = [w for w in encoder.weights if w.regularizer is not None]
    before = keras.ops.convert_to_numpy(kernel).copy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the other variables have no gradient
        vae.fit(batches(digits.images[:32]), verbose=0)
    np.testing.assert_allclose(kernel, 0.9 * before, rtol=1e-5)


def test_losses_that_layers_add_count(digits):
    vae = compiled(*networks(activity=keras.regularizers.L1(0.01)))
    measured = vae.evaluate(digits.images[:64], batch_size=64, verbose=0, return_dict=True)
    x = digits.images[:64] / np.float32(255)
    features = keras.Model(vae.encoder.inputs[0], vae.encoder.layers[2].output)(x)
    expected = 0.01 * np.abs(features).sum() / 64  # Keras divides it by the batch
    assert measured["regularization_loss"] == pytest.approx(expected, rel=1e-3)


def psnr(y_true, y_pred):
    return tf.image.psnr(y_true, y_pred, max_val=1.0)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", PARALLEL)
def test_metrics_compare_images_and_reconstructions(strategy, digits):
    images = digits.images[:100]
    metrics = ["mae", keras.metrics.RootMeanSquaredError(name="rmse"), psnr]
    with scope(strategy):
        vae = compiled(*networks(), metrics=metrics)
    data = tf.data.Dataset.from_tensor_slices(images).batch(32)
    history = vae.fit(data, validation_data=data, verbose=0).history
    measured = vae.evaluate(data, verbose=0, return_dict=True)
    x = images / 255.0
    decoded = vae.mean_images(vae.encode(images).mean).numpy() / 255
    expected = {
        "mae": np.abs(x - decoded).mean(),
        "rmse": np.sqrt(np.square(x - decoded).mean()),
        "psnr": psnr(x, decoded.astype(float)).numpy().mean(),
    }
    for name, value in expected.items():
        for received in (measured[name], history[name][0], history[f"val_{name}"][0]):
            assert received == pytest.approx(value, rel=1e-3)
    assert measured["mse"] == pytest.approx(np.square(x - decoded).mean(), rel=1e-3)


def test_weighted_metrics_are_weighted(digits):
    vae = compiled(
        *networks(), metrics=["mae"], weighted_metrics=[keras.metrics.MeanSquaredError("w")]
    )
    weights = np.r_[np.ones(32), np.zeros(32)]
    both = vae.evaluate(digits.images[:64], sample_weight=weights, verbose=0, return_dict=True)
    first = vae.evaluate(digits.images[:32], verbose=0, return_dict=True)
    assert both["w"] == pytest.approx(first["w"], rel=1e-4)
    assert both["mse"] == pytest.approx(first["mse"], rel=1e-4)
    assert both["mae"] != pytest.approx(first["mae"], rel=1e-4)


def test_metrics_of_several_samples_are_of_all_of_them(digits):
    vae = VAE.from_preset(SMALL.override(importance_samples=4), seed=0)
    vae.compile(optimizer="adam", metrics=["mae"], weighted_metrics=["mae"], jit_compile=False)
    images, weights = digits.images[:64], np.ones(64)
    history = vae.fit(images, sample_weight=weights, verbose=0).history
    assert 0 < history["mae"][0] < 1


class Tracker(keras.callbacks.Callback):
    """What the callbacks of Weights & Biases and of MLflow ask of a model and its logs."""

    def on_train_begin(self, logs=None):
        lines = []
        self.model.summary(print_fn=lines.append)
        self.found = {"summary": "\n".join(lines), **self.model.optimizer.get_config()}
        self.rows = []

    def on_epoch_end(self, epoch, logs=None):
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        self.rows.append({**{name: float(value) for name, value in logs.items()}, "rate": rate})


def test_a_program_that_wraps_fit_can_add_its_callback(digits, monkeypatch):
    def fit(model, *args, **kwargs):  # as MLflow's autologging
        assert not args
        return [*kwargs.get("callbacks", []), "added"]

    monkeypatch.setattr(keras.Model, "fit", fit)
    vae = compiled(*networks())
    assert vae.fit(digits.images[:8]) == ["added"]
    assert vae.fit(digits.images[:8], callbacks=["mine"]) == ["mine", "added"]


@pytest.mark.slow
def test_stock_callbacks_work_without_warnings(digits, tmp_path):
    vae = VAE.from_networks(*networks(), seed=0)
    vae.compile(optimizer="adam", metrics=["mae"], jit_compile=False)
    callbacks = keras.callbacks
    everything = [
        callbacks.ModelCheckpoint(tmp_path / "best.keras", monitor="val_loss", save_best_only=True),
        callbacks.ModelCheckpoint(tmp_path / "{epoch}.weights.h5", save_weights_only=True),
        callbacks.EarlyStopping(patience=1, restore_best_weights=True),
        callbacks.ReduceLROnPlateau(monitor="val_mae", patience=1),
        callbacks.TensorBoard(tmp_path / "logs", histogram_freq=1),
        callbacks.CSVLogger(tmp_path / "log.csv"),
        callbacks.BackupAndRestore(tmp_path / "backup"),
        callbacks.TerminateOnNaN(),
        tracker := Tracker(),
    ]
    images = digits.images / np.float32(255)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", DeprecationWarning)  # Keras's own, of NumPy
        history = vae.fit(
            images[:256], epochs=3, validation_data=(images[256:320], None), callbacks=everything,
            verbose=0,
        ).history  # fmt: skip
        restored = keras.saving.load_model(tmp_path / "best.keras")
        vae.load_weights(tmp_path / "2.weights.h5")
    rows = list(csv.DictReader((tmp_path / "log.csv").open()))
    assert set(rows[0]) == {"epoch", *history}
    assert set(tracker.rows[0]) == {"rate", *history}
    assert tracker.found["beta_1"] == 0.9
    assert "posterior" in tracker.found["summary"]
    assert list((tmp_path / "logs" / "train").iterdir())
    assert restored.optimizer.iterations > 0
    loss = restored.evaluate(images[256:320], verbose=0, return_dict=True)["loss"]
    assert loss < 1.05 * history["val_loss"][0]


@keras.saving.register_keras_serializable("tests")
def brightness(forward):
    return tf.reduce_mean(forward.likelihood.mode(), axis=[1, 2, 3])


@pytest.mark.parametrize("weight", [1.0, 3.0])
def test_a_function_is_a_term_of_the_loss(weight, digits, tmp_path):
    term = brightness if weight == 1.0 else FunctionTerm(brightness, weight)
    vae = VAE.from_networks(*networks(), terms=[*elbo_terms(), term])
    vae.compile(optimizer="adam", jit_compile=False)
    vae.save(tmp_path / "vae.keras")
    for model in (vae, keras.saving.load_model(tmp_path / "vae.keras")):
        losses = model.evaluate(digits.images[:64], verbose=0, return_dict=True)
        assert 0 < losses["brightness_loss"] < 1
        total = losses["reconstruction_loss"] + losses["kl_loss"]
        assert losses["loss"] == pytest.approx(total + weight * losses["brightness_loss"], rel=1e-5)


def test_a_function_that_returns_no_value_for_each_image_is_refused(digits):
    def total(forward):
        return tf.reduce_sum(forward.z)

    vae = VAE.from_networks(*networks(), terms=[total])
    with pytest.raises(ValueError, match=r"term 'total' must return one value .*shape \(\)"):
        vae.loss_of(vae.forward(digits.images[:4]))


class Maps(LossTerm):
    """A term that forgets to sum."""

    def value(self, forward):
        return forward.x - forward.likelihood.mode()


def test_so_is_a_class_that_does_and_a_weight_that_is_not_finite(digits):
    vae = VAE.from_networks(*networks(), terms=[Maps()])
    with pytest.raises(ValueError, match=r"term 'maps' must return one value for each image"):
        vae.loss_of(vae.forward(digits.images[:4]))
    with pytest.raises(ValueError, match=r"`weight` must be finite\. Received: nan"):
        Maps(weight=float("nan"))


@keras.saving.register_keras_serializable("tests")
class Laplace(Likelihood):
    """Laplace of a fixed scale."""

    def __init__(self, decoder, scale=1.0, **kwargs):
        super().__init__(decoder, **kwargs)
        self.scale_ = scale

    def log_prob(self, x, logits, training=False):
        error = tf.abs(x - self.mean(logits)) / self.scale_
        return -tf.reduce_sum(error + np.log(2 * self.scale_), axis=[1, 2, 3])

    def get_config(self):
        return {**super().get_config(), "scale": self.scale_}


def test_a_likelihood_of_your_own_is_a_class_or_a_function(digits, tmp_path):
    losses = {}
    for likelihood in (Laplace, partial(Laplace, scale=0.5)):
        keras.utils.set_random_seed(0)
        vae = VAE.from_networks(*networks(), likelihood, seed=0)
        vae.compile(optimizer="adam", jit_compile=False)
        vae.save(tmp_path / "vae.keras")
        restored = keras.saving.load_model(tmp_path / "vae.keras")
        scale = restored.likelihood.scale_
        losses[scale] = restored.evaluate(digits.images, verbose=0, return_dict=True)["loss"]
    assert set(losses) == {1.0, 0.5}
    assert losses[1.0] != losses[0.5]


def own_parts():
    """A model with a likelihood and a term of one's own, and with a regularizer."""
    encoder, decoder = networks(keras.regularizers.L2(0.01))
    vae = VAE.from_networks(encoder, decoder, Laplace, terms=[*elbo_terms(), brightness], seed=0)
    vae.compile(optimizer=keras.optimizers.Adam(1e-2), metrics=["mae"], jit_compile=False)
    return vae


def assert_same_state(one, other):
    """Iterations and moments of two optimizers, variable by variable."""
    for a, b in zip(one.variables, other.variables, strict=True):
        np.testing.assert_array_equal(a, b, err_msg=a.path)


@pytest.mark.slow
def test_a_saved_model_goes_on_with_its_optimizer_and_its_metrics(digits, tmp_path):
    vae = own_parts()
    images = digits.images[:128] / np.float32(255)
    vae.fit(images, verbose=0)
    vae.save(tmp_path / "vae.keras")
    restored = keras.saving.load_model(tmp_path / "vae.keras")
    assert_same_state(vae.optimizer, restored.optimizer)
    assert restored.optimizer.iterations == 4
    losses = [m.fit(images, shuffle=False, verbose=0).history for m in (vae, restored)]
    assert set(losses[0]) == {
        "loss", "reconstruction_loss", "kl_loss", "brightness_loss", "regularization_loss", "mse",
        "mae",
    }  # fmt: skip
    for name, values in losses[0].items():
        np.testing.assert_allclose(losses[1][name], values, rtol=1e-5, err_msg=name)


def test_weights_are_saved_with_the_state_of_the_optimizer(tmp_path):
    vae, fresh = own_parts(), own_parts()
    vae.save_weights(tmp_path / "untrained.weights.h5")
    for number, variable in enumerate(vae.optimizer.variables):
        variable.assign(keras.ops.full(variable.shape, number, variable.dtype))
    vae.save_weights(tmp_path / "trained.weights.h5")
    fresh.load_weights(tmp_path / "trained.weights.h5")
    assert_same_state(vae.optimizer, fresh.optimizer)
    fresh.load_weights(tmp_path / "untrained.weights.h5")
    assert fresh.optimizer.iterations == 0


@pytest.mark.slow
@pytest.mark.usefixtures("without_lite")
def test_generated_images_are_those_that_the_exported_model_generates(digits, tmp_path):
    vae = VAE.from_preset(SMALL, seed=0)
    export_model(vae, tmp_path / "small")
    served = tf.saved_model.load(str(tmp_path / "small" / "1")).signatures["generate_pixels"]
    expected = served(seed=tf.range(5, 9, dtype=tf.int64), temperature=tf.ones(4))["image"]
    images = vae.generate(4, seed=5)
    assert images.dtype == np.uint8
    assert images.shape == (4, 8, 8, 1)
    assert np.abs(images.astype(int) - expected.numpy()).max() <= 1
    np.testing.assert_array_equal(images, vae.generate(4, seed=5))
    np.testing.assert_array_equal(images[1:], vae.generate(3, seed=6))
    assert not np.array_equal(vae.generate(4), vae.generate(4))


def test_images_come_as_bytes_that_can_be_shown(digits):
    vae = VAE.from_preset(SMALL, seed=0)
    images = digits.images[:4]
    z = vae.encode(images).mean
    for decoded in (vae.decode(z), vae.decode(np.asarray(z, float)), vae.reconstruct(images)):
        assert decoded.dtype == np.uint8
        assert np.abs(decoded - vae.mean_images(z).numpy()).max() <= 0.501


def test_the_model_is_described_in_one_line():
    vae = VAE.from_preset(SMALL.override(mmd_weight=2.0))
    assert repr(vae) == (
        "<VAE 'mnist': images 8×8×1, z 3, Bernoulli likelihood, loss reconstruction + kl + mmd>"
    )
