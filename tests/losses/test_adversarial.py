import math
from dataclasses import replace
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae import presets
from keras_vae.losses import Adversarial
from keras_vae.losses.adversarial import build_critic, squared_gradient
from keras_vae.losses.perceptual import feature_distance
from keras_vae.models.vae import VAE
from keras_vae.presets import get_preset
from keras_vae.training import trainer as training
from keras_vae.training.run_directory import Run, RunConfig
from tests.training.interruption import StopAt

pytestmark = pytest.mark.slow  # trains

SMALL = get_preset("digits").override(hidden=(32,), latent_dim=4, adversarial_weight=5.0)
CRITIC = {"filters": (8, 8), "patch": 2}


def small(**changes):
    """A preset with a small critic."""
    numbers = {f"adversarial_{name}": value for name, value in {**CRITIC, **changes}.items()}
    return SMALL.override(**numbers)


def compiled(preset, rate=1e-3):
    keras.utils.set_random_seed(0)
    vae = VAE.from_preset(preset, seed=0)
    vae.compile(optimizer=keras.optimizers.Adam(rate), jit_compile=False)
    return vae


def test_the_losses_are_relativistic(digits):
    vae = compiled(small())
    term = vae.terms[-1]
    forward = vae.forward(digits.images[:6])
    value = term(forward)
    real, fake = (
        term.critic(pixels).numpy()[:, 0]
        for pixels in (forward.images, forward.likelihood.pixels())
    )
    np.testing.assert_allclose(value, 5.0 * np.log1p(np.exp(real - fake)), rtol=1e-5)
    np.testing.assert_allclose(
        forward.logs["adversarial_critic_loss"], np.log1p(np.exp(fake - real)), rtol=1e-5
    )


def test_the_penalty_is_the_squared_gradient_in_pixels_of_minus_1_to_1(digits):
    keras.utils.set_random_seed(0)
    critic = build_critic((8, 8, 1), (8, 8), 2)
    pixels = tf.cast(digits.images[:3], tf.float32)
    found = squared_gradient(critic, pixels).numpy()
    step = np.zeros((64, 8, 8, 1), np.float32)
    step.reshape(64, 64)[np.diag_indices(64)] = 0.5  # of 255 levels
    for image, norm in zip(pixels, found, strict=True):
        rises = (critic(image + step) - critic(image - step)).numpy()[:, 0] * 127.5
        assert norm == pytest.approx(np.square(rises).sum(), rel=2e-2)


def test_the_model_does_not_train_the_critic_and_the_critic_not_the_model(digits):
    vae = compiled(small(learning_rate=0.0))
    critic = vae.terms[-1].critic.get_weights()
    vae.fit(digits.images[:64], batch_size=32, verbose=0)
    for weights in zip(vae.terms[-1].critic.get_weights(), critic, strict=True):
        np.testing.assert_array_equal(*weights)
    vae = compiled(small(), rate=0.0)
    decoder, critic = vae.decoder.get_weights(), vae.terms[-1].critic.get_weights()
    vae.fit(digits.images[:64], batch_size=32, verbose=0)
    for weights in zip(vae.decoder.get_weights(), decoder, strict=True):
        np.testing.assert_array_equal(*weights)
    changes = zip(vae.terms[-1].critic.get_weights(), critic, strict=True)
    assert all(np.abs(after - before).max() > 0 for after, before in changes)


def test_a_critic_learns_to_distinguish_images_from_blurred_ones(digits):
    vae = compiled(small(learning_rate=2e-3, gamma=0.01), rate=0.0)
    batch = digits.images[:256]
    first = vae.evaluate(batch, verbose=0, return_dict=True)
    vae.fit(batch, batch_size=32, epochs=10, verbose=0)
    last = vae.evaluate(batch, verbose=0, return_dict=True)
    assert last["adversarial_critic_loss"] < 0.3 < first["adversarial_critic_loss"]
    assert last["adversarial_loss"] > first["adversarial_loss"]


def test_penalties_hold_the_critic_back_once_in_so_many_steps(digits):
    losses = {}
    for gamma in (0.0, 100.0):
        vae = compiled(small(learning_rate=2e-3, gamma=gamma, interval=3), rate=0.0)
        vae.fit(digits.images[:256], batch_size=32, epochs=6, verbose=0)
        losses[gamma] = vae.evaluate(digits.images[:256], verbose=0, return_dict=True)
    loss = "adversarial_critic_loss"
    assert losses[0.0][loss] < 0.8 * losses[100.0][loss]


def test_before_it_starts_it_changes_nothing(digits):
    """Two epochs of 4 steps; the critic starts in the second."""
    waiting = compiled(small(start=4))
    without = compiled(SMALL.override(adversarial_weight=0))
    for vae in (waiting, without):
        keras.utils.set_random_seed(1)
        vae.decoder.set_weights([np.ones(w.shape) * 0.01 for w in vae.decoder.weights])
        vae.encoder.set_weights([np.ones(w.shape) * 0.01 for w in vae.encoder.weights])
    term = waiting.terms[-1]
    critic = term.critic.get_weights()
    logs = [
        vae.fit(digits.images[:128], batch_size=32, shuffle=False, verbose=0).history
        for vae in (waiting, without)
    ]
    assert logs[0]["loss"] == pytest.approx(logs[1]["loss"], rel=1e-6)
    assert logs[0]["adversarial_loss"] == [0.0]
    for weights in zip(waiting.decoder.get_weights(), without.decoder.get_weights(), strict=True):
        np.testing.assert_allclose(*weights, rtol=1e-6)
    # Only the step after the last waiting one has trained the critic.
    assert int(term.optimizer.iterations) <= 1
    waiting.fit(digits.images[:128], batch_size=32, shuffle=False, verbose=0)
    assert int(term.optimizer.iterations) in (4, 5)
    moved = [
        np.abs(after - before).max()
        for after, before in zip(term.critic.get_weights(), critic, strict=True)
    ]
    assert 0 < max(moved) < 10 * term.learning_rate


def config_of(epochs, **changes):
    preset = small(start=30, interval=2, **changes)
    preset = preset.override(epochs=epochs, batch_size=64, decay="constant", ema_momentum=0.9)
    return RunConfig(preset, "digits", seed=1)


@pytest.fixture(scope="module")
def single_steps():
    """Return to Python after each step."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "_steps_at_once", lambda preset, steps: 1)
        yield


@pytest.fixture(scope="module")
def run(digits, single_steps, tmp_path_factory):
    """A run of two epochs, of 21 steps each."""
    return training.train(config_of(2), digits, tmp_path_factory.mktemp("runs") / "whole")


def test_a_run_that_was_interrupted_within_an_epoch_goes_on_bit_for_bit(run, digits, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        training.train(config_of(2), digits, tmp_path, callbacks=[StopAt(36)], save_every=0.0)
    resumed = training.resume(Run.open(tmp_path), digits)
    for file in ("last", "best"):
        models = [keras.models.load_model(getattr(each, file)) for each in (run, resumed)]
        for variables in zip(*(model.variables for model in models), strict=True):
            np.testing.assert_array_equal(*variables)
        for optimizers in ((m.optimizer for m in models), (m.terms[-1].optimizer for m in models)):
            for slots in zip(*(each.variables for each in optimizers), strict=True):
                np.testing.assert_array_equal(*(slot.numpy() for slot in slots))
    assert run.history() == resumed.history()


def test_the_history_has_both_losses_and_the_last_epoch_is_the_best(run):
    rows = run.history()
    assert rows[0]["adversarial_loss"] == 0.0 < rows[1]["adversarial_critic_loss"]
    assert {"val_adversarial_loss", "val_adversarial_critic_loss"} <= set(rows[1])
    assert run.best_epoch() == 2


def test_the_exported_graph_holds_nothing_of_it(run, tmp_path):
    from keras_vae.export.saved_model import export_model

    vae = keras.models.load_model(run.best)
    path = export_model(vae, tmp_path / "model")
    names = [name for name, _ in tf.train.list_variables(str(path / "variables" / "variables"))]
    count = sum(int(np.prod(shape)) for _, shape in
                tf.train.list_variables(str(path / "variables" / "variables")))  # fmt: skip
    own = sum(part.count_params() for part in (vae.encoder, vae.decoder))
    assert not [name for name in names if "critic" in name or "adversarial" in name]
    assert own <= count < own + vae.terms[-1].critic.count_params()


def test_an_early_stop_is_refused(digits, tmp_path):
    config = replace(config_of(2), early_stop=1)
    with pytest.raises(ValueError, match="`early_stop` must be left out with an adversarial loss"):
        training.train(config, digits, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_two_replicas_train_the_critic_as_one_does(digits, without_noise):
    weights = []
    for strategy in ("single", "mirrored"):
        preset = small(start=1, interval=2).override(batch_size=64, epochs=1)
        vae = training.new_vae(RunConfig(preset, "digits", strategy=strategy, seed=0), digits)
        config = RunConfig(preset, "digits", strategy=strategy, seed=0)
        training.fit(vae, config, digits, validation=None)
        weights.append([w.numpy() for w in vae.terms[-1].critic.weights])
    for one, two in zip(*weights, strict=True):
        np.testing.assert_allclose(two, one, atol=2e-4)


def test_numbers_of_the_term_are_overrides(digits):
    preset = get_preset("mnist").override(adversarial_start=9, adversarial_weight=2.0)
    assert preset.objective.terms == (presets.Adversarial(2.0, start=9),)
    assert not preset.objective.losses_compare(validated=True)
    with pytest.raises(ValueError, match="`adversarial_start` cannot be changed"):
        get_preset("mnist").override(adversarial_start=9)


def test_squares_that_do_not_divide_the_image_are_refused():
    with pytest.raises(ValueError, match=r"`patch` must divide .*\(9, 8\). Received: 2"):
        build_critic((9, 8, 1), (4,), 2)


@pytest.mark.parametrize(
    "number", [{"interval": 0}, {"gamma": -1.0}, {"learning_rate": -1.0}, {"features": np.nan}]
)
def test_a_number_out_of_its_range_is_refused(number):
    (name,) = number
    with pytest.raises(ValueError, match=rf"`{name}` must be at least .* Received: "):
        Adversarial(build_critic((4, 4, 1), (4,), 2), **number)


@pytest.mark.parametrize("outputs", [(5,), (2, 2, 1)])
def test_a_critic_returns_one_number_for_each_image(outputs, digits):
    image = keras.Input((8, 8, 1))
    number = keras.layers.Dense(math.prod(outputs))(keras.layers.Flatten()(image))
    critic = keras.Model(image, keras.layers.Reshape(outputs)(number))
    loss, images = Adversarial(critic), tf.cast(digits.images[:4], tf.float32)
    with pytest.raises(ValueError, match=r"`critic` must return one number for each image"):
        loss._loss(images, 0.5 * images)


@pytest.mark.parametrize(("dtype", "inner"), [(None, "float32"), ("mixed_bfloat16", "bfloat16"),
                                              ("mixed_float16", "float32")])  # fmt: skip
def test_the_critic_computes_in_half_precision_where_no_scale_is_needed(dtype, inner):
    configuration = presets.Adversarial(1.0, filters=(4,))
    term = configuration.build(image_shape=(8, 8, 1), dtype=dtype)
    convolution = next(each for each in term.critic.layers if isinstance(each, keras.layers.Conv2D))
    assert convolution.compute_dtype == inner
    assert term.critic(tf.zeros((1, 8, 8, 1))).dtype == tf.float32


def test_feature_maps_of_the_critic_pull_a_reconstruction_to_its_own_image(digits):
    vae = compiled(small(features=2.0))
    term, forward = vae.terms[-1], vae.forward(digits.images[:6])
    plain = compiled(small()).terms[-1]
    plain.critic.set_weights(term.critic.get_weights())
    maps = [layer.output for layer in term.critic.layers if layer.name.startswith("maps_")]
    assert len(maps) == 2
    network = keras.Model(term.critic.inputs, maps)
    both = (network(pixels) for pixels in (forward.images, forward.likelihood.pixels()))
    expected = plain(forward) + 5.0 * 2.0 * feature_distance(*both)
    np.testing.assert_allclose(term(forward), expected, rtol=1e-5)
    assert len(term.weights) == len(plain.weights)


def test_a_critic_without_feature_maps_cannot_be_asked_for_them():
    critic = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])
    critic.add(keras.layers.Dense(1))
    with pytest.raises(ValueError, match=r"`features` must be 0 .*'maps_'"):
        Adversarial(critic, features=1.0)


def test_a_critic_of_detail_does_not_see_what_is_coarser(digits):
    """A smooth change is nothing to it; a fine one of the same size is much."""
    keras.utils.set_random_seed(0)
    critic = build_critic((32, 32, 1), (8, 8), 2)
    images = np.float32(np.repeat(np.repeat(digits.images[:4], 4, 1), 4, 2))
    rows, columns = np.mgrid[:32, :32]
    smooth = np.float32(np.cos(np.pi * rows / 16))[..., None]
    fine = np.float32((-1.0) ** (rows + columns))[..., None]

    def losses(detail, change):
        pixels = tf.constant(images + 20 * change)
        logs = {}
        forward = SimpleNamespace(
            images=tf.constant(images),
            likelihood=SimpleNamespace(pixels=lambda: pixels),
            step=None,
            log=logs.__setitem__,
        )
        return np.abs(Adversarial(critic, detail=detail)(forward) - math.log(2.0)).max()

    assert losses(0.0, smooth) > 20 * losses(1.0, smooth)
    assert losses(1.0, fine) == pytest.approx(losses(0.0, fine), rel=0.3)


def test_the_coarse_part_of_a_reconstruction_learns_nothing_of_a_critic_of_detail(digits):
    keras.utils.set_random_seed(0)
    term = Adversarial(build_critic((8, 8, 1), (8, 8), 2), detail=1.0)
    flat = tf.Variable(0.0)
    with tf.GradientTape() as tape:
        pixels = tf.cast(digits.images[:4], tf.float32) * 0.5 + flat
        forward = SimpleNamespace(
            images=tf.cast(digits.images[:4], tf.float32),
            likelihood=SimpleNamespace(pixels=lambda: pixels),
            step=None,
            log=lambda *_: None,
        )
        loss = tf.reduce_sum(term(forward))
    assert abs(float(tape.gradient(loss, flat))) < 1e-5
