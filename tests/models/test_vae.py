import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae.models.vae import VAE
from keras_vae.presets import get_preset
from keras_vae.training.distribution import make_strategy

SMALL = get_preset("mnist").override(image_size=(8, 8), hidden=(64,), latent_dim=5)

ARGUMENTS = (
    "beta",
    "annealing",
    "annealing_steps",
    "free_bits",
    "importance_samples",
    "mmd_weight",
    "stochastic",
    "seed",
)


def compiled(preset=SMALL, seed=0, learning_rate=1e-3, **kwargs):
    keras.utils.set_random_seed(seed)
    vae = VAE.from_preset(preset, seed=seed, **kwargs)
    vae.compile(optimizer=keras.optimizers.Adam(learning_rate), jit_compile=False)
    return vae


def epoch(vae, images, epochs=1):
    return vae.fit(images, batch_size=64, epochs=epochs, verbose=0).history


def test_training_lowers_the_loss(digits):
    history = epoch(compiled(), digits.images, epochs=5)
    assert history["loss"][-1] < 0.85 * history["loss"][0]


def test_the_loss_is_reconstruction_plus_weighted_kl(digits):
    vae = compiled(SMALL.override(beta=0.25))
    epoch(vae, digits.images)
    losses = vae.evaluate(digits.images, verbose=0, return_dict=True)
    total = losses["reconstruction_loss"] + 0.25 * losses["kl_loss"]
    assert losses["loss"] == pytest.approx(total, rel=1e-5)
    assert losses["kl_loss"] > 0


def test_codes_fill_the_prior_where_their_distance_from_it_is_weighed(digits):
    distances = []
    for weight in (1e-6, 30.0):
        vae = compiled(SMALL.override(mmd_weight=weight, beta=0.1), learning_rate=3e-3)
        epoch(vae, digits.images, epochs=8)
        losses = vae.evaluate(digits.images, batch_size=300, verbose=0, return_dict=True)
        distances.append(losses["mmd_loss"])
        terms = losses["reconstruction_loss"] + 0.1 * losses["kl_loss"]
        assert losses["loss"] == pytest.approx(terms + weight * losses["mmd_loss"], rel=1e-5)
    assert distances[1] < 0.3 * distances[0]


def test_an_epoch_weighs_images_not_batches(digits):
    vae = compiled(SMALL.override(stochastic=False))
    whole = vae.evaluate(digits.images[:65], batch_size=65, verbose=0, return_dict=True)
    split = vae.evaluate(digits.images[:65], batch_size=64, verbose=0, return_dict=True)
    assert whole["loss"] == pytest.approx(split["loss"], rel=1e-5)


def test_the_same_seed_trains_the_same_model(digits):
    one, two, other = (compiled(seed=seed) for seed in (3, 3, 4))
    for vae in (one, two, other):
        vae.fit(digits.images[:256], batch_size=64, shuffle=False, verbose=0)
    for first, second in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)
    assert not np.array_equal(one.get_weights()[0], other.get_weights()[0])


def test_encode_and_decode_are_deterministic_and_take_pixels(digits):
    vae = compiled()
    once, again = (vae.encode(digits.images[:7]) for _ in range(2))
    np.testing.assert_array_equal(once[0], again[0])
    pixels = np.asarray(vae.decode(once[0]))
    assert pixels.shape == (7, 8, 8, 1)
    assert 0 <= pixels.min() <= pixels.max() <= 255
    np.testing.assert_allclose(vae.encode(digits.images[:7].astype("float32"))[0], once[0])


@pytest.mark.parametrize(
    "preset",
    [
        SMALL.override(
            beta=0.3, annealing="cyclical", annealing_steps=9, free_bits=0.1, mmd_weight=0.5
        ),
        SMALL.override(importance_samples=4, likelihood="bernoulli"),
        get_preset("celeba").override(filters=(8, 8), latent_dim=3, output="tanh"),
        get_preset("mnist-zhao-cnn").override(latent_dim=3, variance=0.07),
    ],
    ids=["annealed", "importance weighted", "optimal variance, tanh", "softplus"],
)
def test_keras_round_trip_with_values_that_are_not_the_defaults(tmp_path, preset):
    vae = compiled(preset, seed=8)
    images = np.random.default_rng(0).integers(0, 256, (16, *preset.image_shape), np.uint8)
    vae.fit(images, batch_size=8, epochs=2, verbose=0)
    vae.save(tmp_path / "vae.keras")
    restored = keras.models.load_model(tmp_path / "vae.keras")
    for part in ("likelihood", "sampling"):
        assert getattr(restored, part).get_config() == getattr(vae, part).get_config()
    for argument in ARGUMENTS:
        assert getattr(restored, argument) == getattr(vae, argument)
    np.testing.assert_array_equal(restored.encode(images)[0], vae.encode(images)[0])
    # Optimizer, noise and moving averages as well: both go on alike.
    for model in (vae, restored):
        model.fit(images, batch_size=8, shuffle=False, verbose=0)
    for saved, loaded in zip(vae.get_weights(), restored.get_weights(), strict=True):
        np.testing.assert_array_equal(saved, loaded)


def test_an_autoencoder_draws_nothing_and_pays_no_kl(digits):
    vae = compiled(SMALL.override(stochastic=False))
    epoch(vae, digits.images)
    once, again = (vae.evaluate(digits.images, verbose=0, return_dict=True) for _ in range(2))
    assert once == again
    assert once["kl_loss"] == 0
    assert once["loss"] == once["reconstruction_loss"]


def test_more_importance_samples_tighten_the_bound(digits):
    vae = compiled()
    epoch(vae, digits.images, epochs=10)
    bounds = []
    for draws in (1, 8, 64):
        tighter = compiled(SMALL.override(importance_samples=draws))
        tighter.encoder.set_weights(vae.encoder.get_weights())
        tighter.decoder.set_weights(vae.decoder.get_weights())
        bounds.append(tighter.evaluate(digits.images, verbose=0))
    losses = [bound["loss"] if isinstance(bound, dict) else bound[0] for bound in bounds]
    assert losses[0] > losses[1] > losses[2]


def test_importance_weighted_training_lowers_the_loss(digits):
    history = epoch(compiled(SMALL.override(importance_samples=5)), digits.images, epochs=4)
    assert history["loss"][-1] < 0.9 * history["loss"][0]


def test_annealing_weighs_the_importance_weighted_bound_of_training(digits):
    preset = SMALL.override(importance_samples=5, annealing="linear", annealing_steps=10_000)
    vae = compiled(preset, learning_rate=1e-9)
    vae.encoder.get_layer("z_scale").bias.assign(tf.fill(5, -6.0))  # draws differ little
    history = epoch(vae, digits.images)
    np.testing.assert_allclose(history["loss"], history["reconstruction_loss"], rtol=1e-2)
    losses = vae.evaluate(digits.images, verbose=0, return_dict=True)
    assert losses["kl_loss"] > 10
    assert losses["loss"] > losses["reconstruction_loss"] + 0.7 * losses["kl_loss"]


@pytest.mark.parametrize(
    "preset",
    [
        get_preset("mnist-iwae").override(importance_samples=50),
        get_preset("mnist").override(importance_samples=50, latent_dim=50),
    ],
    ids=["with the warm-up of its preset", "without"],
)
def test_what_the_guide_trains_with_the_importance_weighted_bound(digits, preset):
    preset = preset.override(image_size=(8, 8), hidden=(16,))
    history = epoch(compiled(preset), digits.images[:64])
    assert np.isfinite(history["loss"]).all()


@pytest.mark.parametrize(
    ("changes", "received"),
    [
        ({"beta": 4.0}, "beta=4"),
        ({"free_bits": 0.1}, "free_bits=0.1"),
        ({"stochastic": False}, "stochastic=False"),
        ({"mmd_weight": 2.0, "beta": 0.5}, "mmd_loss, beta=0.5"),
    ],
)
def test_the_importance_weighted_bound_ignores_nothing_that_was_asked_for(changes, received):
    preset = SMALL.override(importance_samples=5, **changes)
    with pytest.raises(ValueError, match=rf"`importance_samples` must be 1.*: 5 with {received}\."):
        VAE.from_preset(preset)
    VAE.from_preset(preset.override(importance_samples=1))


def test_annealing_weighs_training_but_not_validation(digits):
    preset = SMALL.override(annealing="linear", annealing_steps=10_000)
    vae = compiled(preset)
    history = epoch(vae, digits.images)
    np.testing.assert_allclose(history["loss"], history["reconstruction_loss"], rtol=1e-2)
    losses = vae.evaluate(digits.images, verbose=0, return_dict=True)
    total = losses["reconstruction_loss"] + losses["kl_loss"]
    assert losses["loss"] == pytest.approx(total, rel=1e-5)
    assert losses["kl_loss"] > 1  # so that its weight shows in the sum above


@pytest.mark.parametrize(
    "preset",
    [
        SMALL.override(stochastic=False),
        SMALL.override(stochastic=False, likelihood="optimal_gaussian"),
        SMALL.override(likelihood="optimal_gaussian", free_bits=0.02),
        SMALL.override(mmd_weight=3.0),
    ],
    ids=["bernoulli", "optimal variance", "free bits", "aggregate MMD"],
)
def test_two_replicas_take_the_step_that_one_takes(digits, preset, monkeypatch):
    """Without noise the gradients of one batch must agree, however it is split."""
    monkeypatch.setattr(VAE, "_draw", lambda vae, z_mean, z_log_var: z_mean)
    images = digits.images[:64]
    batches = tf.data.Dataset.from_tensor_slices(images).batch(64)
    weights = []
    for strategy in (
        tf.distribute.get_strategy(),
        make_strategy("mirrored"),
    ):
        with strategy.scope():
            vae = compiled(preset)
            vae.compile(optimizer=keras.optimizers.SGD(0.01), jit_compile=False)
        before = [np.array(value) for value in vae.get_weights()]
        vae.fit(batches, verbose=0)
        steps = zip(vae.get_weights(), before, strict=True)
        weights.append([after - start for after, start in steps])
    for single, mirrored in zip(*weights, strict=True):
        np.testing.assert_allclose(mirrored, single, atol=1e-5 * max(1e-3, np.abs(single).max()))


def test_a_replica_without_images_of_a_last_batch_changes_no_mean(digits, monkeypatch):
    """Of 65 images the last batch has one: one of two replicas measures nothing."""
    monkeypatch.setattr(VAE, "_draw", lambda vae, z_mean, z_log_var: z_mean)
    batches = tf.data.Dataset.from_tensor_slices(digits.images[:65]).batch(64)
    measured = []
    for strategy in (tf.distribute.get_strategy(), make_strategy("mirrored")):
        with strategy.scope():
            vae = compiled(SMALL.override(free_bits=0.02))
        measured.append(vae.evaluate(batches, verbose=0, return_dict=True))
    single, mirrored = measured
    assert mirrored == pytest.approx(single, rel=1e-5)


def test_two_replicas_learn_with_noise(digits):
    with make_strategy("mirrored").scope():
        vae = compiled()
    batches = tf.data.Dataset.from_tensor_slices(digits.images).batch(64, drop_remainder=True)
    mirrored = vae.fit(batches, epochs=5, verbose=0).history["loss"]
    single = compiled().fit(batches, epochs=5, verbose=0).history["loss"]
    np.testing.assert_allclose(mirrored, single, rtol=0.03)


def test_mixed_precision_stays_near_float32(digits):
    losses = [
        epoch(compiled(dtype=dtype), digits.images, epochs=5)["loss"][-1]
        for dtype in ("float32", "mixed_bfloat16")
    ]
    assert losses[1] == pytest.approx(losses[0], rel=0.02)


def test_importance_samples_must_be_positive():
    with pytest.raises(ValueError, match="at least 1"):
        VAE.from_preset(SMALL.override(importance_samples=0))
