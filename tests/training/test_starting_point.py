from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae.datasets import ImageDataset
from keras_vae.export.publishing import publish
from keras_vae.presets import Identity, fine_tuning, get_preset
from keras_vae.training import trainer as training
from keras_vae.training.pca_baseline import adapted
from keras_vae.training.run_directory import RunConfig
from keras_vae.training.starting_point import StartingPoint

pytestmark = pytest.mark.slow  # trains

TRAINED = get_preset("celeba").override(
    filters=(8, 8), latent_dim=6, batch_size=16, epochs=2, learning_rate=3e-3,
    likelihood="optimal_gaussian",
)  # fmt: skip


@pytest.fixture(scope="module")
def many(photos):
    partition = np.repeat([0, 1], [160, 20]).astype(np.int8)
    return ImageDataset("many", photos[:180], partition, provenance={"licence": "BSD"})


@pytest.fixture(scope="module")
def few(photos):
    partition = np.repeat([0, 1], [30, 10]).astype(np.int8)
    return ImageDataset("few", photos[200:240], partition, provenance={"licence": "own"})


@pytest.fixture(scope="module")
def run(many, tmp_path_factory):
    config = RunConfig(TRAINED, "many", provenance=many.provenance)
    return training.train(config, many, tmp_path_factory.mktemp("start") / "faces")


@pytest.fixture(scope="module")
def version(run, many, tmp_path_factory):
    return publish(run, many, tmp_path_factory.mktemp("models") / "faces")


@pytest.fixture(params=["run", "exported"])
def start(request, run, version):
    return run.path if request.param == "run" else version


def configuration(start, few, **changes):
    trained = StartingPoint.open(start).preset
    preset = fine_tuning(trained).override(epochs=1, least_steps=0, **changes)
    preset = adapted(preset.fitted_to(30), few)
    return RunConfig(preset, "few", start_from=str(start), provenance=few.provenance)


def test_it_starts_with_the_weights_and_the_architecture_of_the_model(start, few, run):
    config = configuration(start, few)
    vae = training.new_vae(config, few)
    best = keras.models.load_model(run.best)
    assert config.preset.network == TRAINED.network
    assert config.preset.image_shape == TRAINED.image_shape
    ours, theirs = (
        [*map(keras.ops.convert_to_numpy, [*each.encoder.weights, *each.decoder.weights])]
        for each in (vae, best)
    )
    for own, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(own, other)


def test_the_scale_that_the_likelihood_learned_is_kept(start, few):
    """One that the model has not is new."""
    vae = training.new_vae(configuration(start, few, likelihood="optimal_gaussian"), few)
    learned = float(vae.likelihood.variance)
    assert learned != 1.0
    other = training.new_vae(configuration(start, few, likelihood="learned_gaussian"), few)
    assert float(other.likelihood.log_variance) == 0.0


def test_the_optimizer_is_new(start, few):
    vae = training.new_vae(configuration(start, few), few)
    assert int(vae.optimizer.iterations) == 0


def test_heads_are_fitted_before_the_first_step(run, many, tmp_path):
    """Of an embedder that is linear in the pixels, as most of z_mean is."""
    embedder = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Flatten()])
    embedder.add(keras.layers.Dense(4))
    embedder.save(tmp_path / "embedder.keras")
    config = configuration(run.path, many, random_flip=False)
    identity = Identity(1.0, embedder=str(tmp_path / "embedder.keras"), latents=1.0)
    objective = replace(config.preset.objective, terms=(identity,))
    vae = training.new_vae(
        replace(config, preset=replace(config.preset, objective=objective, batch_size=16)), many
    )
    images = tf.constant(many.images[many.indices("train")], tf.float32)
    term = vae.terms[-1]
    predicted = term.head(vae.encode(images).mode())
    wanted = term.head_targets(images)
    rest = tf.reduce_sum(tf.square(predicted - wanted))
    assert rest < 0.7 * tf.reduce_sum(tf.square(wanted - tf.reduce_mean(wanted, axis=0)))
    np.testing.assert_allclose(tf.reduce_mean(predicted - wanted, axis=0), 0.0, atol=1e-4)


def test_the_model_is_measured_as_epoch_0_and_the_licence_is_that_of_both(run, few, tmp_path):
    tuned = training.train(configuration(run.path, few), few, tmp_path / "tuned")
    assert [row["epoch"] for row in tuned.history()] == [0, 1]
    provenance = tuned.config().provenance
    assert provenance["licence"] == "own; weights from faces: BSD"
    assert provenance["started_from"] == "faces"


def test_a_folder_that_is_no_model_is_refused(tmp_path):
    with pytest.raises(ValueError, match="not a model that kvae exported"):
        StartingPoint.open(tmp_path)


def test_terms_that_need_labels_are_left_out():
    preset = fine_tuning(get_preset("celeba64"))
    assert not preset.objective.needs_teacher
    assert preset.network == get_preset("celeba64").network
    assert preset.objective.likelihood.kind == "gaussian"


def test_black_and_white_images_keep_their_likelihood():
    assert fine_tuning(get_preset("mnist")).objective.likelihood.kind == "bernoulli"
