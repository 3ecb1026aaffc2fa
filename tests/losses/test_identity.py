import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae import presets
from keras_vae.losses import Identity
from keras_vae.models.vae import VAE
from keras_vae.presets import get_preset

SMALL = get_preset("digits").override(hidden=(64,), latent_dim=4)


class Forward:
    """A forward pass of given reconstructions."""

    def __init__(self, images, reconstructions, training=False, z_mean=None):
        self.images, self.training = tf.cast(images, tf.float32), training
        self.likelihood = self.posterior = self
        self.reconstructions = tf.cast(reconstructions, tf.float32)
        self.z_mean, self.step, self.logged = z_mean, None, {}

    def pixels(self):
        return self.reconstructions

    def mode(self):
        return self.z_mean

    def log(self, name, values):
        self.logged[name] = values


@pytest.fixture(scope="module")
def embedder():
    """A network from images of 6×6 to 5 numbers, with one layer of feature maps."""
    keras.utils.set_random_seed(0)
    image = keras.Input((6, 6, 1))
    maps = keras.layers.Conv2D(3, 3, name="maps_1")(image)
    return keras.Model(image, keras.layers.Dense(5)(keras.layers.Flatten()(maps)))


def test_the_value_is_1_minus_the_cosine_of_the_embeddings(embedder, digits):
    images, others = digits.images[:4, 1:7, 1:7], digits.images[4:8, 1:7, 1:7]
    value = Identity(embedder).value(Forward(images, others))
    a, b = (embedder(tf.cast(each, tf.float32) / 127.5 - 1.0).numpy() for each in (images, others))
    cosine = (a * b).sum(-1) / np.sqrt((a * a).sum(-1) * (b * b).sum(-1))
    np.testing.assert_allclose(value, 1.0 - cosine, atol=1e-5)
    same = Identity(embedder).value(Forward(images, images))
    np.testing.assert_allclose(same, 0.0, atol=1e-6)


def test_images_of_another_size_are_scaled_to_the_embedders(embedder, digits):
    images = digits.images[:4]
    value = Identity(embedder).value(Forward(images, images[::-1]))
    rows = tf.image.crop_and_resize(
        tf.cast(images, tf.float32), tf.tile([[0.0, 0.0, 1.0, 1.0]], (4, 1)), tf.range(4), (6, 6)
    )
    small = Identity(embedder).value(Forward(rows, rows[::-1]))
    np.testing.assert_allclose(value, small, atol=1e-5)


def test_both_images_are_moved_alike_and_only_in_training(embedder, digits):
    term = Identity(embedder, shift=0.2, scale=0.2, seed=0)
    images, others = digits.images[:30], digits.images[30:60]
    still = term.value(Forward(images, others)).numpy()
    np.testing.assert_array_equal(term.value(Forward(images, others)), still)
    moved = [term.value(Forward(images, others, training=True)).numpy() for _ in range(2)]
    assert np.abs(moved[0] - still).max() > 0.01
    assert np.abs(moved[0] - moved[1]).max() > 0.01
    same = term.value(Forward(images, images, training=True))
    np.testing.assert_allclose(same, 0.0, atol=1e-6)


def test_boxes_stay_within_shift_and_scale(embedder):
    boxes = Identity(embedder, shift=0.1, scale=0.2, seed=0)._boxes(tf.constant(500), True).numpy()
    sides, centres = boxes[:, 2:] - boxes[:, :2], (boxes[:, 2:] + boxes[:, :2]) / 2
    np.testing.assert_allclose(sides[:, 0], sides[:, 1], atol=1e-6)
    assert 0.8 <= sides.min() < 0.82 < 1.18 < sides.max() <= 1.2
    assert 0.4 <= centres.min() < 0.41 < 0.59 < centres.max() <= 0.6


def test_feature_maps_count_by_their_weight(embedder, digits):
    both = keras.Model(embedder.inputs, [embedder.get_layer("maps_1").output, embedder.output])
    forward = Forward(digits.images[:4, 1:7, 1:7], digits.images[4:8, 1:7, 1:7])
    plain, one, two = (
        Identity(network, features=features).value(forward).numpy()
        for network, features in ((embedder, 0.0), (both, 1.0), (both, 2.0))
    )
    assert (one > plain).all()
    np.testing.assert_allclose(two - plain, 2 * (one - plain), rtol=1e-4)


def test_gradients_flow_to_the_reconstruction_alone(embedder, digits):
    images, others = (tf.cast(digits.images[at : at + 4], tf.float32) for at in (0, 4))
    with tf.GradientTape() as tape:
        tape.watch([images, others])
        loss = Identity(embedder).value(Forward(images, others))
    to_images, to_others = tape.gradient(loss, [images, others])
    assert to_images is None
    assert np.abs(to_others).max() > 0


def test_a_head_on_the_latents_learns_the_embedding_of_the_image(embedder, digits):
    images, others = digits.images[:4, 1:7, 1:7], digits.images[4:8, 1:7, 1:7]
    z_mean = tf.random.stateless_normal((4, 3), (0, 0))
    forward = Forward(images, others, z_mean=z_mean)
    term = Identity(embedder, latents=0.5, latent_dim=3)
    assert [weight.shape for weight in term.trainable_weights] == [(3, 5), (5,)]
    with tf.GradientTape() as tape:
        tape.watch(z_mean)
        value = term.value(forward)
    assert np.abs(tape.gradient(value, z_mean)).min() > 0
    embedding = embedder(tf.cast(images, tf.float32) / 127.5 - 1.0)
    distance = 1.0 + keras.losses.cosine_similarity(embedding, term.head(z_mean))
    np.testing.assert_allclose(forward.logged["identity_latents_loss"], distance, atol=1e-5)
    without = Identity(embedder).value(forward)
    np.testing.assert_allclose(value, without + 0.5 * distance, atol=1e-5)
    again = Identity.from_config(term.get_config())
    assert (again.latents, again.head.kernel.shape) == (0.5, (3, 5))


def test_an_embedder_of_other_channels_is_refused(embedder, tmp_path):
    embedder.save(tmp_path / "gray.keras")
    configuration = presets.Identity(1.0, str(tmp_path / "gray.keras"))
    assert configuration.build(image_shape=(8, 8, 1)).network.count_params() > 0
    with pytest.raises(
        ValueError, match=r"`identity_embedder` must take images of 3 channel.*of images of 1"
    ):
        configuration.build(image_shape=(8, 8, 3))


def test_feature_maps_that_the_network_does_not_return_are_refused(embedder):
    with pytest.raises(ValueError, match=r"`features` must be 0 .* no feature maps"):
        Identity(embedder, features=0.5)


def test_a_vector_of_one_number_is_no_embedding():
    number = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])
    number.add(keras.layers.Dense(1))
    with pytest.raises(ValueError, match=r"`network` must return a vector .*\(None, 1\)"):
        Identity(number)


@pytest.mark.parametrize("number", [{"shift": 5.0}, {"scale": -3.0}, {"latents": -1.0}])
def test_a_number_out_of_its_range_is_refused(embedder, number):
    (name,) = number
    with pytest.raises(ValueError, match=rf"`{name}` must be at least 0"):
        Identity(embedder, latent_dim=2, **number)


def test_a_head_needs_to_know_the_latents(embedder):
    with pytest.raises(ValueError, match="`latent_dim` must be given for `latents`"):
        Identity(embedder, latents=0.5)


@pytest.mark.slow
def test_reconstructions_keep_the_embedding_for_it(embedder, digits, tmp_path):
    embedder.save(tmp_path / "embedder.keras")
    values = {}
    for weight in (1e-6, 3000.0):
        keras.utils.set_random_seed(0)
        of = str(tmp_path / "embedder.keras")
        vae = VAE.from_preset(
            SMALL.override(identity_weight=weight, identity_embedder=of, identity_shift=0.0), seed=0
        )
        before = vae.terms[-1].network.get_weights()
        vae.compile(optimizer=keras.optimizers.Adam(5e-3), jit_compile=False)
        vae.fit(digits.images[:512], batch_size=64, epochs=15, verbose=0)
        losses = vae.evaluate(digits.images[:512], verbose=0, return_dict=True)
        values[weight] = losses["identity_loss"]
        for weights in zip(vae.terms[-1].network.get_weights(), before, strict=True):
            np.testing.assert_array_equal(*weights)
    assert values[3000.0] < 0.8 * values[1e-6]


def test_the_classifiers_features_are_an_embedding(untrained_teacher, digits):
    teacher = untrained_teacher((8, 8, 1))
    configuration = presets.Identity(1.0, features=1.0)
    network = configuration.build(teacher=teacher, latent_dim=4).network
    pixels = tf.cast(digits.images[:5], tf.float32) / 127.5 - 1.0
    maps, _, features = network(pixels)
    layers = (teacher.classifier.get_layer(name) for name in ("maps_1", "features"))
    expected = keras.Model(teacher.classifier.inputs, [each.output for each in layers])(pixels)
    for received, wanted in zip((maps, features), expected, strict=True):
        np.testing.assert_allclose(received, wanted, atol=1e-5)


def test_only_a_classifier_needs_labels(untrained_teacher):
    by_file = SMALL.override(identity_weight=1.0, identity_embedder="embedder.keras").objective
    assert not by_file.needs_teacher
    by_classifier = SMALL.override(identity_weight=1.0).objective
    assert by_classifier.needs_teacher
    with pytest.raises(ValueError, match="`teacher` must be given for identity"):
        by_classifier.build(latent_dim=4, teacher=None)


@pytest.mark.parametrize("content", [None, "no model"])
def test_a_file_that_is_no_model_is_refused(content, tmp_path):
    file = tmp_path / "embedder.keras"
    if content:
        file.write_text(content)
    with pytest.raises(
        ValueError, match=r"`identity_embedder` must be 'classifier', 'dlib' or the file.*embedder"
    ):
        presets.Identity(1.0, str(file)).build()


def test_a_network_of_images_is_no_embedder(tmp_path):
    image = keras.Input((6, 6, 1))
    keras.Model(image, keras.layers.Conv2D(2, 3)(image)).save(tmp_path / "maps.keras")
    with pytest.raises(
        ValueError, match=r"`identity_embedder` must have one input.*\(None, 4, 4, 2\)"
    ):
        presets.Identity(1.0, str(tmp_path / "maps.keras")).build()


def test_feature_maps_need_names(tmp_path):
    image = keras.Input((6, 6, 1))
    network = keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten(name="flat")(image)))
    network.save(tmp_path / "plain.keras")
    with pytest.raises(ValueError, match=r"`features` must be 0 .*'maps_'.* with: .*flat"):
        presets.Identity(1.0, str(tmp_path / "plain.keras"), features=1.0).build()


def test_before_it_starts_nothing_is_added(embedder, digits, tmp_path):
    """Two epochs of 4 steps; the loss starts in the second, its head on the latents with it."""
    embedder.save(tmp_path / "embedder.keras")
    of = str(tmp_path / "embedder.keras")
    preset = SMALL.override(identity_weight=3.0, identity_embedder=of, identity_start=4)
    vae = VAE.from_preset(preset.override(identity_latents=0.5), seed=0)
    vae.compile(keras.optimizers.Adam(1e-3))
    term = vae.terms[-1]
    head = term.head.get_weights()
    first = vae.fit(digits.images[:128], batch_size=32, verbose=0).history
    assert first["identity_loss"] == first["identity_latents_loss"] == [0.0]
    second = vae.fit(digits.images[:128], batch_size=32, verbose=0).history
    assert second["identity_loss"][0] > 0.1
    assert np.abs(term.head.get_weights()[0] - head[0]).max() > 0
    # Outside of training there is no step: every loss counts.
    assert vae.evaluate(digits.images[:32], verbose=0, return_dict=True)["identity_loss"] > 0.1


def test_losses_of_epochs_before_and_after_its_start_do_not_compare():
    assert presets.Identity(1.0).losses_compare
    assert not presets.Identity(1.0, start=1).losses_compare
    preset = get_preset("mnist").override(identity_weight=1.0)
    assert preset.objective.losses_compare(validated=True)
    assert not preset.override(identity_start=9).objective.losses_compare(validated=True)
