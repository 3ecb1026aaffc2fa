from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae import presets
from keras_vae.datasets import ImageDataset, classifiers
from keras_vae.losses import Distillation, Teacher
from keras_vae.models.vae import VAE
from keras_vae.presets import get_preset

pytestmark = pytest.mark.slow  # trains

SMALL = get_preset("digits").override(hidden=(64,), latent_dim=4, epochs=2)


@pytest.fixture(scope="module")
def even(digits):
    """Digits with two attributes in place of their labels: Even, and Round (0, 6, 8, 9)."""
    attributes = np.stack([digits.labels % 2 == 0, np.isin(digits.labels, (0, 6, 8, 9))], axis=1)
    return ImageDataset(
        "digits",
        digits.images,
        digits.partition,
        attributes=np.where(attributes, 1, -1).astype(np.int8),
        attribute_names=("Even", "Round"),
    )


RATES = (0.5, 0.4)


@pytest.fixture(scope="module")
def classifier(even):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classifiers, "MOST_STEPS", 200)
        return classifiers.train_classifier(even, classifiers.Recipe((8, 8), seed=1))


@pytest.fixture(scope="module")
def teacher(classifier):
    return Teacher(classifier, classifiers.MAPS, np.array(RATES), exclusive=False)


def built(teacher, *, scattered=True, exclusive=False):
    """A distillation; `scattered` fills the kernel of its head, which is zero at first."""
    teacher = replace(teacher, exclusive=exclusive)
    configuration = presets.Distillation(5.0)
    term = Distillation.from_configuration(configuration, teacher=teacher, latent_dim=4)
    if scattered:
        term.head.kernel.assign(np.random.default_rng(0).standard_normal((4, 2)))
    return term


def pixels(images):
    return tf.cast(images, tf.float32)


def test_it_is_the_cross_entropy_with_the_teachers_output(classifier, teacher, even):
    term = built(teacher)
    images, z_mean = pixels(even.images[:5]), np.eye(5, 4, dtype=np.float32)
    targets = 1 / (1 + np.exp(-classifier(images / 127.5 - 1.0, training=False).numpy()))
    kernel, bias = term.head.get_weights()
    output = 1 / (1 + np.exp(-(z_mean @ kernel + bias)))
    expected = -(targets * np.log(output) + (1 - targets) * np.log(1 - output)).sum(axis=1)
    np.testing.assert_allclose(term.cross_entropy(images, z_mean), expected, rtol=1e-4)


def test_of_exclusive_labels_it_is_that_of_their_probabilities(classifier, teacher, even):
    term = built(teacher, exclusive=True)
    images, z_mean = pixels(even.images[:5]), np.eye(5, 4, dtype=np.float32)
    targets = tf.nn.softmax(classifier(images / 127.5 - 1.0, training=False)).numpy()
    kernel, bias = term.head.get_weights()
    output = tf.nn.softmax(z_mean @ kernel + bias).numpy()
    expected = -(targets * np.log(output)).sum(axis=1)
    np.testing.assert_allclose(term.cross_entropy(images, z_mean), expected, rtol=1e-4)


@pytest.mark.parametrize("exclusive", [False, True])
def test_the_heads_bias_is_initialized_with_the_rates_of_the_targets(teacher, exclusive):
    logits = built(teacher, scattered=False, exclusive=exclusive).head(np.ones((1, 4), np.float32))
    rates = tf.nn.softmax(logits) if exclusive else tf.nn.sigmoid(logits)
    expected = np.array(RATES) / (sum(RATES) if exclusive else 1.0)
    np.testing.assert_allclose(rates[0], expected, rtol=1e-5)


def test_rates_of_none_and_all_are_finite(teacher):
    term = built(replace(teacher, rates=np.array([0.0, 1.0])))
    assert np.isfinite(term.head.bias).all()


def test_the_teacher_has_no_optimizer(classifier, teacher):
    assert classifier.compiled
    assert not built(teacher).teacher.compiled


def test_the_head_is_trained_and_the_teacher_is_not(teacher, even):
    preset = SMALL.override(distillation_weight=5.0)
    vae = VAE.from_preset(preset, teacher=teacher, seed=0)
    vae.compile(optimizer="adam")
    term = vae.terms[-1]
    before = term.teacher.get_weights()
    start = term.head.get_weights()[0]
    vae.fit(even.images[:256], batch_size=32, verbose=0)
    for weight, value in zip(term.teacher.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, value)
    assert np.abs(term.head.get_weights()[0] - start).max() > 0.001
    losses = vae.evaluate(even.images[:256], verbose=0, return_dict=True)
    terms = losses["reconstruction_loss"] + losses["kl_loss"] + 5.0 * losses["distillation_loss"]
    assert losses["loss"] == pytest.approx(terms, rel=1e-5)


def test_replicas_have_nothing_of_the_teacher_to_average(teacher):
    vae = VAE.from_preset(SMALL.override(distillation_weight=5.0), teacher=teacher, seed=0)
    assert len(vae.non_trainable_weights) > 10
    assert [weight.path for weight in vae.moving_averages] == [vae.likelihood.variance.path]


def test_attributes_are_predicted_better_from_latents_for_it(teacher, even):
    accuracies = {}
    rows = {split: even.indices(split) for split in ("train", "test")}
    for weight in (1e-6, 20.0):
        keras.utils.set_random_seed(0)
        preset = SMALL.override(distillation_weight=weight)
        vae = VAE.from_preset(preset, teacher=teacher, seed=0)
        vae.compile(optimizer="adam", jit_compile=False)
        vae.fit(even.images[rows["train"]], batch_size=32, epochs=5, verbose=0)
        z_mean = {split: vae.encode(even.images[row]).mean.numpy() for split, row in rows.items()}
        targets = {split: even.attributes[row] for split, row in rows.items()}
        accuracies[weight] = _accuracy(z_mean, targets)
    assert accuracies[20.0] > accuracies[1e-6] + 0.03


def _accuracy(z_mean, attributes):
    """Of a linear probe by least squares, mean over attributes, on the test images."""
    design = {split: np.column_stack([z, np.ones(len(z))]) for split, z in z_mean.items()}
    fitted, *_ = np.linalg.lstsq(design["train"], attributes["train"], rcond=None)
    return np.mean((design["test"] @ fitted > 0) == (attributes["test"] > 0))


def test_a_checkpoint_keeps_the_head_and_the_teacher(teacher, even, tmp_path):
    vae = VAE.from_preset(SMALL.override(distillation_weight=3.0), teacher=teacher, seed=0)
    vae.terms[-1].head.kernel.assign(np.random.default_rng(0).standard_normal((4, 2)))
    vae.save(tmp_path / "vae.keras")
    again = keras.models.load_model(tmp_path / "vae.keras").terms[-1]
    images, z_mean = pixels(even.images[:4]), np.eye(4, dtype=np.float32)
    expected = vae.terms[-1].cross_entropy(images, z_mean)
    np.testing.assert_allclose(again.cross_entropy(images, z_mean), expected, rtol=1e-6)
    assert (again.weight, again.latent_dim, again.exclusive) == (3.0, 4, False)
    assert len(again.trainable_weights) == 2


def test_it_makes_the_loss_no_likelihood():
    preset = SMALL.override(distillation_weight=3.0)
    assert not preset.in_nats
    assert "+ 3 × distillation loss + 1 × KL (weighted)" in preset.loss_description


def test_the_importance_weighted_bound_has_no_teacher():
    with pytest.raises(ValueError, match=r"importance-weighted.* 5 with distillation_weight=3\."):
        SMALL.override(distillation_weight=3.0, importance_samples=5)
