from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae import presets
from keras_vae.datasets import classifiers
from keras_vae.losses import Perceptual, Teacher
from keras_vae.models.vae import VAE
from keras_vae.presets import Objective, get_preset
from keras_vae.training import trainer as training
from keras_vae.training.run_directory import RunConfig

pytestmark = pytest.mark.slow  # trains

SMALL = get_preset("digits").override(hidden=(64,), latent_dim=4, epochs=2)


@pytest.fixture(scope="module")
def classifier(digits):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classifiers, "MOST_STEPS", 200)
        return classifiers.train_classifier(digits, classifiers.Recipe((8, 8), seed=1))


@pytest.fixture(scope="module")
def teacher(classifier):
    return Teacher(classifier, classifiers.MAPS, np.full(10, 0.1), exclusive=True)


def built(teacher, weight=1.0, features=0.0, **options):
    configuration = presets.Perceptual(weight, features)
    return Perceptual.from_configuration(configuration, teacher=teacher, **options)


@pytest.fixture(scope="module")
def distance(teacher):
    return built(teacher).distance


def pixels(images):
    return tf.cast(images, tf.float32)


def test_an_image_is_at_no_distance_from_itself_and_far_from_another(distance, digits):
    images = pixels(digits.images[:50])
    np.testing.assert_allclose(distance(images, images), 0.0, atol=1e-6)
    others = distance(images, pixels(digits.images[50:100])).numpy()
    assert others.shape == (50,)
    assert 0.05 < others.min() < others.max() <= 4.0


def test_the_distance_is_that_of_the_classifiers_maps_scaled_to_length_1(
    distance, classifier, digits
):
    pair = [pixels(digits.images[:5]), pixels(digits.images[5:10])]
    outputs = [classifier.get_layer(name).output for name in classifiers.MAPS]
    network = keras.Model(classifier.inputs, outputs)
    expected = 0.0
    for one, other in zip(*(network(each / 127.5 - 1.0) for each in pair), strict=True):
        a, b = (
            m / np.sqrt(np.maximum((m**2).sum(-1, keepdims=True), 1e-6))
            for m in (one.numpy(), other.numpy())
        )
        expected = expected + ((a - b) ** 2).sum(-1).mean((1, 2)) / 3
    np.testing.assert_allclose(distance(*pair), expected, rtol=1e-4)


def test_the_last_features_count_beside_the_maps(teacher, classifier, distance, digits):
    pair = [pixels(digits.images[:5]), pixels(digits.images[5:10])]
    vectors = keras.Model(classifier.inputs, classifier.get_layer("features").output)
    one, other = (vectors(each / 127.5 - 1.0).numpy() for each in pair)
    lengths = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
    expected = distance(*pair) + 0.5 * (2.0 - 2.0 * (one * other).sum(-1) / lengths)
    both = built(teacher, features=0.5)
    np.testing.assert_allclose(both.distance(*pair), expected, rtol=1e-4)
    again = Perceptual.from_config(both.get_config())
    np.testing.assert_allclose(again.features, 0.5)
    with pytest.raises(ValueError, match="`features` must be"):
        Perceptual(both.network, features=-1.0)


def test_gradients_flow_to_the_second_image_alone(distance, digits):
    one, other = pixels(digits.images[:4]), pixels(digits.images[4:8])
    with tf.GradientTape() as tape:
        tape.watch([one, other])
        total = tf.reduce_sum(distance(one, other))
    to_one, to_other = tape.gradient(total, [one, other])
    assert to_one is None
    assert np.abs(to_other).max() > 0


def test_half_precision_gives_nearly_the_same(distance, teacher, digits):
    half = built(teacher, dtype="mixed_bfloat16").distance
    one, other = pixels(digits.images[:20]), pixels(digits.images[20:40])
    np.testing.assert_allclose(half(one, other), distance(one, other), rtol=0.05)


def test_the_weighted_distance_is_part_of_the_loss_and_nothing_of_it_is_learned(teacher, digits):
    preset = SMALL.override(perceptual_weight=20.0)
    vae = VAE.from_preset(preset, teacher=teacher, seed=0)
    vae.compile(optimizer="adam")
    network = vae.terms[-1].network
    before = network.get_weights()
    vae.fit(digits.images[:256], batch_size=32, verbose=0)
    for weight, value in zip(network.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, value)
    assert not {id(each) for each in network.weights} & {
        id(each) for each in vae.trainable_variables
    }
    losses = vae.evaluate(digits.images[:256], verbose=0, return_dict=True)
    terms = losses["reconstruction_loss"] + losses["kl_loss"] + 20.0 * losses["perceptual_loss"]
    assert losses["loss"] == pytest.approx(terms, rel=1e-5)


def test_reconstructions_come_nearer_for_it(teacher, digits):
    distances = {}
    for weight in (1e-6, 100.0):
        preset = SMALL.override(perceptual_weight=weight)
        keras.utils.set_random_seed(0)
        vae = VAE.from_preset(preset, teacher=teacher, seed=0)
        vae.compile(optimizer="adam", jit_compile=False)
        vae.fit(digits.images[:1024], batch_size=32, epochs=2, verbose=0)
        losses = vae.evaluate(digits.images[1400:], verbose=0, return_dict=True)
        distances[weight] = losses["perceptual_loss"]
    assert distances[100.0] < 0.9 * distances[1e-6]


def test_a_checkpoint_keeps_the_network_and_the_weight(teacher, digits, tmp_path):
    vae = VAE.from_preset(SMALL.override(perceptual_weight=3.0), teacher=teacher, seed=0)
    vae.save(tmp_path / "vae.keras")
    again = keras.models.load_model(tmp_path / "vae.keras").terms[-1]
    one, other = pixels(digits.images[:4]), pixels(digits.images[4:8])
    expected = vae.terms[-1].distance(one, other)
    np.testing.assert_allclose(again.distance(one, other), expected, rtol=1e-6)
    assert again.weight == 3.0
    assert not again.trainable_weights


def test_a_weighted_distance_makes_the_loss_no_likelihood():
    preset = SMALL.override(perceptual_weight=3.0)
    assert not preset.in_nats
    assert "+ 3 × perceptual loss + 1 × KL (weighted)" in preset.loss_description


def test_the_importance_weighted_bound_has_no_distance():
    with pytest.raises(ValueError, match=r"importance-weighted.* 5 with perceptual_weight=3\."):
        SMALL.override(perceptual_weight=3.0, importance_samples=5)


def test_it_is_refused_before_a_classifier_is_trained(digits, monkeypatch):
    monkeypatch.setattr(training, "find_teacher", lambda *arguments: pytest.fail("It was trained."))
    terms = (presets.Perceptual(3.0),)
    objective = Objective(presets.Bernoulli(), presets.ImportanceWeighted(5), terms)
    preset = replace(get_preset("digits"), objective=objective)
    with pytest.raises(ValueError, match="importance-weighted"):
        training.new_vae(RunConfig(preset, "digits"), digits)


def test_images_without_labels_have_no_teacher(photos):
    from keras_vae.datasets import ImageDataset

    dataset = ImageDataset("photos", photos, np.zeros(len(photos), np.int8))
    preset = get_preset("celeba").override(filters=(4,), perceptual_weight=1.0)
    with pytest.raises(ValueError, match="labels or attributes"):
        training.new_vae(RunConfig(preset, "photos"), dataset)
