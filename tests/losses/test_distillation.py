import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae.datasets import ImageDataset, classifiers
from keras_vae.losses.distillation import Distillation
from keras_vae.models.vae import VAE
from keras_vae.presets import get_preset
from keras_vae.training import trainer as training
from keras_vae.training.run_directory import RunConfig

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


@pytest.fixture(scope="module")
def teacher(even):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classifiers, "MOST_STEPS", 200)
        return classifiers.train_classifier(even, classifiers.Recipe((8, 8), seed=1))


RATES = (0.5, 0.4)


def made(teacher, *, read=True, **options):
    """A distillation; `read` scatters the kernel of its reading, which starts at zero."""
    distillation = Distillation.of(teacher, RATES, latent_dim=4, **options)
    if read:
        distillation.reading.kernel.assign(np.random.default_rng(0).standard_normal((4, 2)))
    return distillation


def pixels(images):
    return tf.cast(images, tf.float32)


def test_it_is_the_cross_entropy_with_the_teachers_answers(teacher, even):
    distillation = made(teacher)
    images, z_mean = pixels(even.images[:5]), np.eye(5, 4, dtype=np.float32)
    answers = 1 / (1 + np.exp(-teacher(images / 127.5 - 1.0, training=False).numpy()))
    kernel, bias = distillation.reading.get_weights()
    read = 1 / (1 + np.exp(-(z_mean @ kernel + bias)))
    expected = -(answers * np.log(read) + (1 - answers) * np.log(1 - read)).sum(axis=1)
    np.testing.assert_allclose(distillation(images, z_mean), expected, rtol=1e-4)


def test_of_exclusive_labels_it_is_that_of_their_probabilities(teacher, even):
    distillation = made(teacher, exclusive=True)
    images, z_mean = pixels(even.images[:5]), np.eye(5, 4, dtype=np.float32)
    answers = tf.nn.softmax(teacher(images / 127.5 - 1.0, training=False)).numpy()
    kernel, bias = distillation.reading.get_weights()
    read = tf.nn.softmax(z_mean @ kernel + bias).numpy()
    expected = -(answers * np.log(read)).sum(axis=1)
    np.testing.assert_allclose(distillation(images, z_mean), expected, rtol=1e-4)


@pytest.mark.parametrize("exclusive", [False, True])
def test_the_reading_starts_at_how_often_an_answer_is_yes(teacher, exclusive):
    reading = made(teacher, read=False, exclusive=exclusive).reading
    logits = reading(np.ones((1, 4), np.float32))
    rates = tf.nn.softmax(logits) if exclusive else tf.nn.sigmoid(logits)
    expected = np.array(RATES) / (sum(RATES) if exclusive else 1.0)
    np.testing.assert_allclose(rates[0], expected, rtol=1e-5)


def test_the_teacher_brings_no_optimizer_along(teacher):
    assert teacher.compiled
    assert not made(teacher).teacher.compiled


def test_the_reading_is_learned_and_the_teacher_is_not(teacher, even):
    preset = SMALL.override(distillation_weight=5.0)
    vae = VAE.from_preset(preset, distillation=made(teacher), seed=0)
    vae.compile(optimizer="adam")
    taught = vae.distillation.teacher
    before = [weight.numpy() for weight in taught.weights]
    start = vae.distillation.reading.get_weights()[0]
    vae.fit(even.images[:256], batch_size=32, verbose=0)
    for weight, value in zip(taught.weights, before, strict=True):
        np.testing.assert_array_equal(weight, value)
    assert np.abs(vae.distillation.reading.get_weights()[0] - start).max() > 0.001
    losses = vae.evaluate(even.images[:256], verbose=0, return_dict=True)
    terms = losses["reconstruction_loss"] + losses["kl_loss"] + 5.0 * losses["distillation_loss"]
    assert losses["loss"] == pytest.approx(terms, rel=1e-5)


def test_replicas_have_nothing_of_the_teacher_to_average(teacher):
    preset = SMALL.override(distillation_weight=5.0)
    vae = VAE.from_preset(preset, distillation=made(teacher), seed=0)
    assert len(vae.non_trainable_weights) > 10
    assert [weight.path for weight in vae.moving_averages] == [vae.likelihood.variance.path]


def test_a_latent_tells_more_of_the_attributes_for_it(even, monkeypatch):
    monkeypatch.setattr(classifiers, "MOST_STEPS", 200)
    told = {}
    for weight in (1e-6, 20.0):
        config = RunConfig(SMALL.override(distillation_weight=weight, epochs=8), "digits")
        vae = training.new_vae(config, even)
        training.fit(vae, config, even)
        rows = {split: even.indices(split) for split in ("train", "test")}
        z_mean = {split: vae.encode(even.images[row])[0].numpy() for split, row in rows.items()}
        told[weight] = _accuracy(z_mean, {s: even.attributes[row] for s, row in rows.items()})
    assert told[20.0] > told[1e-6] + 0.03


def _accuracy(z_mean, attributes):
    """Of a linear least-squares reading, mean over attributes, on the test images."""
    design = {split: np.column_stack([z, np.ones(len(z))]) for split, z in z_mean.items()}
    fitted, *_ = np.linalg.lstsq(design["train"], attributes["train"], rcond=None)
    return np.mean((design["test"] @ fitted > 0) == (attributes["test"] > 0))


def test_a_checkpoint_keeps_the_reading_and_its_teacher(teacher, even, tmp_path):
    preset = SMALL.override(distillation_weight=3.0)
    vae = VAE.from_preset(preset, distillation=made(teacher), seed=0)
    vae.compile(optimizer="adam")
    vae.save(tmp_path / "vae.keras")
    again = keras.models.load_model(tmp_path / "vae.keras")
    images, z_mean = pixels(even.images[:4]), np.eye(4, dtype=np.float32)
    expected = vae.distillation(images, z_mean)
    np.testing.assert_allclose(again.distillation(images, z_mean), expected, rtol=1e-6)
    assert again.distillation_weight == 3.0


def test_it_makes_the_loss_no_likelihood():
    preset = SMALL.override(distillation_weight=3.0)
    assert not preset.in_nats
    assert "+ 3 × distillation + 1 × KL (weighted)" in preset.loss_description


def test_the_importance_weighted_bound_has_no_teacher(teacher):
    preset = SMALL.override(distillation_weight=3.0, importance_samples=5)
    with pytest.raises(ValueError, match="importance-weighted"):
        VAE.from_preset(preset, distillation=made(teacher))
