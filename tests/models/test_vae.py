import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae import losses, presets
from keras_vae.models.priors import StandardNormal
from keras_vae.models.vae import VAE
from keras_vae.presets import get_preset
from keras_vae.training.distribution import make_strategy

SMALL = get_preset("mnist").override(image_size=(8, 8), hidden=(64,), latent_dim=5)


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


@pytest.mark.slow
def test_latents_fill_the_prior_where_the_mmd_is_weighed(digits):
    mmds = []
    for weight in (1e-6, 30.0):
        vae = compiled(SMALL.override(mmd_weight=weight, beta=0.1), learning_rate=3e-3)
        epoch(vae, digits.images, epochs=8)
        losses = vae.evaluate(digits.images, batch_size=300, verbose=0, return_dict=True)
        mmds.append(losses["mmd_loss"])
        terms = losses["reconstruction_loss"] + 0.1 * losses["kl_loss"]
        assert losses["loss"] == pytest.approx(terms + weight * losses["mmd_loss"], rel=1e-5)
    assert mmds[1] < 0.3 * mmds[0]


def test_an_epoch_weighs_images_not_batches(digits):
    vae = compiled(SMALL.override(stochastic=False))
    whole = vae.evaluate(digits.images[:65], batch_size=65, verbose=0, return_dict=True)
    split = vae.evaluate(digits.images[:65], batch_size=64, verbose=0, return_dict=True)
    assert whole["loss"] == pytest.approx(split["loss"], rel=1e-5)


@pytest.mark.slow
def test_the_same_seed_trains_the_same_model(digits):
    one, two, other = (compiled(seed=seed) for seed in (3, 3, 4))
    for vae in (one, two, other):
        vae.fit(digits.images[:256], batch_size=64, shuffle=False, verbose=0)
    for first, second in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)
    assert not np.array_equal(one.get_weights()[0], other.get_weights()[0])


def test_encode_and_decode_are_deterministic_and_take_pixels(digits):
    vae = compiled()
    once, again = (vae.encode(digits.images[:7]).mean for _ in range(2))
    np.testing.assert_array_equal(once, again)
    pixels = vae.decode(once)
    assert pixels.shape == (7, 8, 8, 1)
    assert 0 <= pixels.min() <= pixels.max() <= 255
    np.testing.assert_allclose(vae.encode(digits.images[:7].astype("float32")).mean, once)


def arguments(vae):
    """The arguments of every part but for the networks."""
    parts = (vae.posterior, vae.prior, vae.likelihood, *vae.terms)
    configs = [part.get_config() for part in parts]
    return [
        {key: config[key] for key in config.keys() - {"encoder", "decoder"}} for config in configs
    ]


@pytest.mark.slow
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
    assert arguments(restored) == arguments(vae)
    assert restored.posterior.seed == 8
    np.testing.assert_array_equal(restored.encode(images).mean, vae.encode(images).mean)
    # Optimizer, noise and moving averages as well: both go on alike.
    for model in (vae, restored):
        model.fit(images, batch_size=8, shuffle=False, verbose=0)
    for saved, loaded in zip(vae.get_weights(), restored.get_weights(), strict=True):
        np.testing.assert_array_equal(saved, loaded)


@pytest.mark.slow
def test_a_process_that_imported_the_vae_alone_loads_it_with_all_its_terms(tmp_path):
    compiled(SMALL.override(mmd_weight=0.5)).save(tmp_path / "vae.keras")
    script = (
        "import sys, keras, keras_vae\n"
        "keras_vae.VAE\n"
        "vae = keras.models.load_model(sys.argv[1])\n"
        "print(*(term.name for term in vae.terms))\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "vae.keras")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["reconstruction", "kl", "mmd"]


def test_an_autoencoder_has_no_noise_and_no_kl(digits):
    vae = compiled(SMALL.override(stochastic=False))
    epoch(vae, digits.images)
    once, again = (vae.evaluate(digits.images, verbose=0, return_dict=True) for _ in range(2))
    assert once == again
    assert once["kl_loss"] == 0
    assert once["loss"] == once["reconstruction_loss"]


@pytest.mark.slow
def test_more_importance_samples_tighten_the_bound(digits):
    vae = compiled()
    epoch(vae, digits.images, epochs=10)
    bounds = []
    for samples in (1, 8, 64):
        tighter = compiled(SMALL.override(importance_samples=samples))
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
    vae.encoder.get_layer("z_scale").bias.assign(tf.fill(5, -6.0))  # samples differ little
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
def test_presets_of_the_tutorial_train_with_the_importance_weighted_bound(digits, preset):
    preset = preset.override(image_size=(8, 8), hidden=(16,))
    history = epoch(compiled(preset), digits.images[:64])
    assert np.isfinite(history["loss"]).all()


def test_an_autoencoder_has_no_free_bits(digits):
    vae = compiled(SMALL.override(stochastic=False, free_bits=0.5))
    losses = vae.evaluate(digits.images, verbose=0, return_dict=True)
    assert losses["loss"] == losses["reconstruction_loss"]


def test_annealing_weighs_training_but_not_validation(digits):
    preset = SMALL.override(annealing="linear", annealing_steps=10_000)
    vae = compiled(preset)
    history = epoch(vae, digits.images)
    np.testing.assert_allclose(history["loss"], history["reconstruction_loss"], rtol=1e-2)
    losses = vae.evaluate(digits.images, verbose=0, return_dict=True)
    total = losses["reconstruction_loss"] + losses["kl_loss"]
    assert losses["loss"] == pytest.approx(total, rel=1e-5)
    assert losses["kl_loss"] > 1  # so that its weight shows in the sum above


@pytest.mark.slow
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
@pytest.mark.usefixtures("without_noise")
def test_two_replicas_take_the_step_that_one_takes(digits, preset):
    """Without noise the gradients of one batch must agree, however it is split."""
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


@pytest.mark.slow
@pytest.mark.usefixtures("without_noise")
def test_a_replica_without_images_of_a_last_batch_changes_no_mean(digits):
    """Of 65 images the last batch has one: one of two replicas measures nothing."""
    batches = tf.data.Dataset.from_tensor_slices(digits.images[:65]).batch(64)
    measured = []
    for strategy in (tf.distribute.get_strategy(), make_strategy("mirrored")):
        with strategy.scope():
            vae = compiled(SMALL.override(free_bits=0.02))
        measured.append(vae.evaluate(batches, verbose=0, return_dict=True))
    single, mirrored = measured
    assert mirrored == pytest.approx(single, rel=1e-5)


@pytest.mark.slow
def test_two_replicas_learn_with_noise(digits):
    with make_strategy("mirrored").scope():
        vae = compiled()
    batches = tf.data.Dataset.from_tensor_slices(digits.images).batch(64, drop_remainder=True)
    mirrored = vae.fit(batches, epochs=5, verbose=0).history["loss"]
    single = compiled().fit(batches, epochs=5, verbose=0).history["loss"]
    np.testing.assert_allclose(mirrored, single, rtol=0.03)


@pytest.mark.slow
def test_mixed_precision_stays_near_float32(digits):
    losses = [
        epoch(compiled(dtype=dtype), digits.images, epochs=5)["loss"][-1]
        for dtype in ("float32", "mixed_bfloat16")
    ]
    assert losses[1] == pytest.approx(losses[0], rel=0.02)


def encoder(latent_dim=3):
    image = keras.Input((8, 8, 1))
    features = keras.layers.Dense(16, activation="relu")(keras.layers.Flatten()(image))
    return keras.Model(image, [keras.layers.Dense(latent_dim)(features) for _ in range(2)])


def decoder(latent_dim=3):
    layers = [keras.layers.Dense(64), keras.layers.Reshape((8, 8, 1))]
    return keras.Sequential([keras.Input((latent_dim,)), *layers])


@pytest.mark.slow
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian", presets.SquaredError(0.1)])
def test_your_own_networks_make_a_vae_that_trains(digits, likelihood):
    keras.utils.set_random_seed(0)
    vae = VAE.from_networks(encoder(), decoder(), likelihood, seed=0, name="mine")
    vae.compile(optimizer=keras.optimizers.Adam(1e-2), jit_compile=False)
    history = epoch(vae, digits.images, epochs=3)
    assert history["loss"][-1] < history["loss"][0]
    assert (vae.name, vae.image_shape, vae.latent_dim) == ("mine", (8, 8, 1), 3)
    assert vae.encode(digits.images[:2]).mean.shape == (2, 3)


def test_your_own_networks_take_other_terms_and_another_prior(digits):
    terms = [losses.Reconstruction(), losses.KL(0.5), losses.MMD(2.0)]
    prior = StandardNormal(3, seed=1)
    vae = VAE.from_networks(encoder(), decoder(), prior=prior, terms=terms)
    vae.compile(optimizer="adam", jit_compile=False)
    measured = vae.evaluate(digits.images, verbose=0, return_dict=True)
    total = measured["reconstruction_loss"] + 0.5 * measured["kl_loss"] + 2 * measured["mmd_loss"]
    assert measured["loss"] == pytest.approx(total, rel=1e-5)
    assert vae.prior is prior


def test_an_unknown_likelihood_is_refused_with_the_known():
    with pytest.raises(ValueError, match=r"`likelihood` must be one of .*bernoulli.*: 'gauss'\."):
        VAE.from_networks(encoder(), decoder(), "gauss")


def test_several_samples_leave_no_room_for_other_terms():
    terms = [losses.ImportanceWeighted(5), losses.MMD(2.0)]
    with pytest.raises(ValueError, match=r"`terms` must be one .*Received: importanceweighted, mm"):
        VAE.from_networks(encoder(), decoder(), terms=terms)


@pytest.mark.parametrize("samples", [1, 5])
def test_an_autoencoder_has_no_importance_weighted_bound(samples):
    message = r"`terms` must be `elbo_terms\(\)`, .*deterministic. Received: importanceweighted\."
    terms = [losses.ImportanceWeighted(samples)]
    with pytest.raises(ValueError, match=message):
        VAE.from_networks(encoder(), decoder(), posterior="deterministic", terms=terms)


def test_without_terms_there_is_no_loss():
    with pytest.raises(ValueError, match=r"`terms` must have at least one.*Received: \[\]"):
        VAE.from_networks(encoder(), decoder(), terms=[])


def test_two_terms_of_one_name_are_refused():
    terms = [losses.Reconstruction(), losses.MMD(1.0), losses.MMD(2.0)]
    with pytest.raises(ValueError, match=r"different names. .*mmd_loss, mmd_loss\."):
        VAE.from_networks(encoder(), decoder(), terms=terms)
    terms[-1] = losses.MMD(2.0, name="other")
    assert "other_loss" in VAE.from_networks(encoder(), decoder(), terms=terms).means


@pytest.mark.parametrize("name", ["perceptual", "distillation"])
def test_a_preset_without_the_teacher_that_it_needs_is_refused(name):
    preset = SMALL.override(**{f"{name}_weight": 2.0})
    with pytest.raises(ValueError, match=rf"`teacher` must be given .*{name}.*Received: None"):
        VAE.from_preset(preset)


def test_a_preset_is_built_by_its_name():
    vae = VAE.from_preset("mnist-zhao-mlp")
    assert (vae.name, vae.latent_dim) == ("mnist_zhao_mlp", 2)


def test_it_describes_its_latent_and_its_condition():
    vae = compiled()
    spec = vae.latent_spec
    assert (tuple(spec.shape), spec.dtype, spec.name) == ((None, 5), tf.float32, "z")
    assert vae.condition_spec is None
    assert vae.stochastic
    assert not compiled(SMALL.override(stochastic=False)).stochastic


def test_generated_images_are_decoded_samples_of_the_prior(digits):
    vae, again = compiled(), compiled()
    images = np.asarray(vae.generate(6))
    assert images.shape == (6, 8, 8, 1)
    assert 0 <= images.min() < images.max() <= 255
    np.testing.assert_array_equal(images, vae_images := np.asarray(again.generate(6)))
    assert not np.array_equal(vae_images, again.generate(6))


def test_a_call_reconstructs_from_a_sample(digits):
    vae = compiled()
    once, again = (np.asarray(vae(digits.images[:6])) for _ in range(2))
    assert once.shape == (6, 8, 8, 1)
    assert not np.array_equal(once, again)
    mean = vae.mean_images(vae.encode(digits.images[:6]).mode())
    assert np.abs(once - mean).mean() < 60


def test_a_forward_pass_holds_what_terms_look_at(digits):
    vae = compiled(SMALL.override(importance_samples=3))
    forward = vae.forward(digits.images[:4], training=True, step=tf.constant(7))
    assert (forward.samples, forward.training, int(forward.step)) == (3, True, 7)
    assert forward.y is None
    assert forward.x.shape == forward.images.shape == (12, 8, 8, 1)
    assert forward.z.shape == forward.posterior.mean.shape == (12, 5)
    np.testing.assert_array_equal(forward.posterior.mean[:4], forward.posterior.mean[8:])
    assert not np.array_equal(forward.z[:4], forward.z[8:])
    np.testing.assert_allclose(forward.images, 255 * forward.x, rtol=1e-5)
    log_ratio = forward.posterior.log_prob(forward.z) - forward.prior.log_prob(forward.z)
    assert log_ratio.shape == forward.kl().shape == forward.likelihood.log_prob(forward.x).shape


@pytest.fixture
def conditional():
    return compiled(SMALL.override(conditional=True, classes=10))


@pytest.mark.parametrize("label", [-1, 10, 99, 1.5])
def test_a_label_that_the_model_does_not_have_is_refused(conditional, digits, label):
    message = r"`y` must be labels, whole numbers from 0 to 9"
    labels = np.full(4, label)
    for use in (
        lambda: conditional.encode(digits.images[:4], labels),
        lambda: conditional.decode(np.zeros((4, 5)), labels),
        lambda: conditional.generate(4, labels),
    ):
        with pytest.raises(ValueError, match=rf"{message}\. Received: {label}\."):
            use()
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        conditional.fit(digits.images[:4], labels, verbose=0)


def test_labels_may_be_a_list_or_whole_floats(conditional):
    z = np.random.default_rng(0).normal(size=(2, 5))
    expected = conditional.decode(z, np.array([1, 9]))
    for labels in ([1, 9], np.array([1.0, 9.0])):
        np.testing.assert_array_equal(conditional.decode(z, labels), expected)


def test_latents_may_be_a_list_and_are_finite():
    vae = compiled()
    np.testing.assert_array_equal(vae.decode([[0.0] * 5]), vae.decode(np.zeros((1, 5))))
    with pytest.raises(ValueError, match=r"`z` must be finite"):
        vae.decode(np.full((1, 5), np.nan))
    with pytest.raises(ValueError, match=r"`count` must be at least 0\. Received: -1"):
        vae.generate(-1)
