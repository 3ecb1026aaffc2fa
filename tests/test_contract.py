"""What every kind of VAE promises, on real pixels: one list, run through for each.

The promises hold small models of every kind of network, likelihood, posterior, bound and term, of
which the presets are made; a preset is built and takes one step. What its size could change, the
steps and the files of its own network, is `slow`, and so is its training with a small network.
"""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_vae import presets
from keras_vae.datasets import ImageDataset
from keras_vae.export import saved_model
from keras_vae.models.vae import VAE
from keras_vae.presets import (
    ELBO,
    MMD,
    PRESETS,
    Adversarial,
    Conv,
    ConvNetwork,
    Cyclical,
    DenseNetwork,
    DeterministicPosterior,
    Distillation,
    GaussianPosterior,
    Identity,
    ImportanceWeighted,
    Linear,
    Objective,
    PCANetwork,
    PCAResidualNetwork,
    Perceptual,
    Preset,
    ResidualNetwork,
    Texture,
)
from keras_vae.training import trainer as training
from keras_vae.training.distribution import make_strategy
from keras_vae.training.interruption import InterruptedBySignal, Interruption
from keras_vae.training.position import read_position
from keras_vae.training.run_directory import Run, RunConfig

COUNT = 24  # images: 16 to train on, 8 to validate with

DENSE = DenseNetwork((16,))
CONVOLUTIONAL = ConvNetwork(
    (Conv(4), Conv(6)), (Conv(4), Conv(4), Conv(None, stride=1)), normalize_projection=True
)
RESIDUAL = ResidualNetwork((4, 6), (0, 1), dense=8, patch=2)
PCA = PCANetwork((4, 6), patch=4, pool=2)
PCA_RESIDUAL = PCAResidualNetwork(
    (4, 6), 4, 2, decoder_filters=(4, 6), decoder_patch=2, blocks=(0, 1)
)

GRAY, COLOR = (8, 8, 1), (16, 16, 3)


def small(name, shape, network, likelihood, bound=None, terms=(), **values):
    """A preset of 8×8 or 16×16 pixels."""
    objective = Objective(likelihood, bound or ELBO(), tuple(terms))
    return Preset(name, "Ours", "real", shape, 3, network, objective, **values)


# Together they have every kind that can be configured: see `test_no_kind_is_left_out`.
SMALL = {
    preset.name: preset
    for preset in (
        small("dense-bernoulli", GRAY, DENSE, presets.Bernoulli(), decay="cosine"),
        small(
            "convolutional-optimal",
            COLOR,
            CONVOLUTIONAL,
            presets.OptimalGaussian(),
            ELBO(0.25, Linear(7), 0.01),
            posterior=GaussianPosterior("log_sigma"),
        ),
        small(
            "residual-logistic",
            GRAY,
            RESIDUAL,
            presets.DiscretizedLogistic(),
            ELBO(annealing=Cyclical(7)),
            posterior=GaussianPosterior("softplus"),
            random_flip=True,
        ),
        small(
            "pca-with-teacher",
            COLOR,
            PCA,
            presets.LearnedGaussian(),
            terms=(Perceptual(30.0), Distillation(3.0), MMD(2.0)),
        ),
        small(
            "pca-with-adversary",
            COLOR,
            PCA_RESIDUAL,
            presets.PositionalGaussian(),
            terms=(
                Identity(30.0, shift=0.0, scale=0.0),
                Texture(0.1, start=1),
                Adversarial(3.0, start=1, filters=(4, 6)),
            ),
            ema_momentum=0.5,
        ),
        small("importance-weighted", GRAY, DENSE, presets.Gaussian(0.1), ImportanceWeighted(3)),
        small(
            "autoencoder",
            GRAY,
            DENSE,
            presets.SquaredError(0.05),
            posterior=DeterministicPosterior(),
            binarization="dynamic",
        ),
        small("weighted-tanh", GRAY, DENSE, presets.MeanSquaredError(50.0), output="tanh"),
    )
}


NETWORKS = {part.kind: part for part in (DENSE, CONVOLUTIONAL, RESIDUAL, PCA, PCA_RESIDUAL)}


def reduced(preset):
    """A preset of small images with a small network of its kind; loss and training are its own."""
    shape = GRAY if preset.image_shape[2] == 1 else COLOR
    network = NETWORKS[preset.network.kind]
    preset = replace(preset, image_shape=shape, latent_dim=3, network=network, adaptive=False)
    changes = {term.argument("start"): 1 for term in preset.objective.terms if term.start}
    if preset.objective.term("identity"):
        changes |= {"identity_embedder": "classifier"}  # dlib's takes larger faces
    if preset.objective.term("adversarial"):
        changes |= {"adversarial_filters": (4, 6), "adversarial_patch": 2}
    return preset.override(**changes)


def promised(*quick, presets=PRESETS):
    """Run a promise for the small models; all but the quick ones, and the presets, are slow."""
    return pytest.mark.parametrize(
        "preset",
        [
            pytest.param(preset, id=name, marks=[] if name in quick else pytest.mark.slow)
            for name, preset in {**SMALL, **presets}.items()
        ],
    )


def parts(preset):
    """The kinds that a preset is made of."""
    objective = preset.objective
    bound = objective.bound
    return {
        *(preset.network, preset.posterior, preset.prior),
        *(objective.likelihood, bound, bound.annealing, *objective.terms),
    }


@pytest.mark.parametrize(
    "family",
    [
        presets.Network,
        presets.Posterior,
        presets.Prior,
        presets.Likelihood,
        presets.Bound,
        presets.Annealing,
        presets.Term,
    ],
)
def test_no_kind_is_left_out(family):
    kinds = {part.kind for preset in SMALL.values() for part in parts(preset)
             if isinstance(part, family)}  # fmt: skip
    assert kinds == set(family.kinds)


def test_no_scale_of_the_posterior_is_left_out():
    from keras_vae.presets.latents import POSTERIOR_SCALES

    assert {preset.posterior.scale for preset in SMALL.values()} == set(POSTERIOR_SCALES)


@pytest.fixture(scope="module")
def pixels(digits, photos):
    """Real images of a preset's shape: photos in color, scanned digits in gray."""

    def resized(preset):
        height, width, channels = preset.image_shape
        source = photos[::20] if channels == 3 else digits.images[..., 0]
        images = [Image.fromarray(image).resize((width, height)) for image in source[:COUNT]]
        return np.stack([np.asarray(image).reshape(preset.image_shape) for image in images])

    return resized


@pytest.fixture(scope="module")
def compiled(untrained_teacher):
    """Build and compile a preset; a teacher that it needs is untrained."""

    def build(preset, optimizer=None):
        keras.utils.set_random_seed(0)
        needed = preset.objective.needs_teacher
        teacher = untrained_teacher(preset.image_shape) if needed else None
        vae = VAE.from_preset(preset, teacher=teacher, seed=0)
        training.compile_vae(vae, optimizer or keras.optimizers.Adam(preset.learning_rate))
        return vae

    return build


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_a_preset_is_built_and_takes_a_step(preset, pixels, compiled):
    vae = compiled(preset)
    vae.run_eagerly = True
    before = [variable.numpy() for variable in vae.trainable_variables]
    losses = vae.train_on_batch(pixels(preset)[:4], return_dict=True)
    assert np.isfinite(list(losses.values())).all()
    assert not all(map(np.array_equal, vae.trainable_variables, before))


@promised(*SMALL.keys() - {"pca-with-adversary"})
def test_steps_lower_the_loss(preset, pixels, compiled):
    batch = pixels(preset)
    vae = compiled(preset)
    # The gradient's own sample of z, before and after, so that the noise cancels.
    losses = []
    for _ in range(9):
        vae.reset_metrics()
        losses.append(vae.train_on_batch(batch, return_dict=True)["loss"])
    assert np.isfinite(losses).all()
    assert min(losses[-3:]) < losses[0]


@promised(*SMALL)
def test_keras_round_trip(preset, pixels, compiled, tmp_path):
    batch = pixels(preset)
    vae = compiled(preset)
    vae.run_eagerly = True
    vae.train_on_batch(batch)
    vae.save(tmp_path / "vae.keras")
    restored = keras.models.load_model(tmp_path / "vae.keras")
    restored.run_eagerly = True
    for saved, loaded in zip(vae.variables, restored.variables, strict=True):
        np.testing.assert_array_equal(saved, loaded)
    np.testing.assert_array_equal(
        restored.decode(restored.encode(batch).mode()), vae.decode(vae.encode(batch).mode())
    )
    # Arguments, noise and optimizer as well: both take the same step.
    steps = [model.train_on_batch(batch, return_dict=True) for model in (vae, restored)]
    assert steps[0] == steps[1]
    for saved, loaded in zip(vae.variables, restored.variables, strict=True):
        np.testing.assert_array_equal(saved, loaded)


@promised("importance-weighted", presets={})
@pytest.mark.usefixtures("without_noise")
def test_two_replicas_take_the_step_of_one(preset, pixels, compiled):
    """Without noise, and without batch normalization, whose moments are those of a replica."""
    if hasattr(preset.network, "normalization"):
        preset = preset.override(normalization="none")
    batches = tf.data.Dataset.from_tensor_slices(pixels(preset)).batch(COUNT)
    steps = []
    for strategy in (tf.distribute.get_strategy(), make_strategy("mirrored")):
        with strategy.scope():
            vae = compiled(preset, keras.optimizers.SGD(1.0))
        before = vae.get_weights()
        vae.fit(batches, verbose=0, shuffle=False)
        pairs = zip(vae.get_weights(), before, strict=True)
        steps.append([after - start for after, start in pairs])
    for single, mirrored in zip(*steps, strict=True):
        scale = max(float(np.abs(single).max()), 1e-4)
        np.testing.assert_allclose(mirrored, single, atol=1e-3 * scale)


@pytest.fixture
def with_teacher(monkeypatch, untrained_teacher):
    """Give each training that needs a teacher an untrained one, always the same."""

    def find(objective, dataset, progress):
        keras.utils.set_random_seed(0)
        return untrained_teacher(dataset.image_shape) if objective.needs_teacher else None

    monkeypatch.setattr(training, "find_teacher", find)


@pytest.mark.slow
@promised(presets={name: reduced(preset) for name, preset in PRESETS.items()})
@pytest.mark.usefixtures("with_teacher")
def test_a_run_that_was_interrupted_within_an_epoch_is_the_uninterrupted_one(
    preset, pixels, tmp_path, monkeypatch
):
    monkeypatch.setattr(training, "_steps_at_once", lambda *_: 1)
    partition = np.repeat([0, 1], [16, 8]).astype(np.int8)
    images = ImageDataset("real", pixels(preset), partition)
    config = RunConfig(preset.override(epochs=2, batch_size=8), "real")
    whole = training.train(config, images, tmp_path / "whole")

    epochs = []

    def interrupt(batch, logs):
        if batch == 0 and epochs == [0, 1]:
            os.kill(os.getpid(), signal.SIGTERM)

    callbacks = [
        keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: epochs.append(epoch), on_train_batch_begin=interrupt
        )
    ]
    run = Run(tmp_path / "run")
    with pytest.raises(InterruptedBySignal), Interruption() as interruption:
        training.train(config, images, run.path, callbacks=callbacks, interruption=interruption)
    position = read_position(run.last)
    assert (position.epoch, position.step) == (1, 1)
    training.resume(run, images)
    assert run.history_file.read_bytes() == whole.history_file.read_bytes()
    ends = [keras.models.load_model(each.last) for each in (whole, run)]
    for first, second in zip(
        *((*end.variables, *end.optimizer.variables) for end in ends), strict=True
    ):
        np.testing.assert_array_equal(second, first)


READER = """
import json, sys
import numpy as np
from keras_vae.inference import registry as runtime
from pathlib import Path
def error(received, wanted):
    return float((np.abs(received - wanted) / (1 + np.abs(wanted))).max())

report = {}
for arrays in sorted(Path(sys.argv[1]).glob("*.npz")):
    expected = np.load(arrays)
    model = runtime.load(arrays.with_suffix(""), runtime="tensorflow")
    z_mean, z_log_var = model.encode(expected["images"])
    decoded = model.decode(expected["z_mean"]).astype(float)
    report[arrays.stem] = [
        error(z_mean, expected["z_mean"]),
        error(z_log_var, expected["z_log_var"]),
        float(np.abs(decoded - expected["decoded"]).max()),
    ]
ours = {name.split(".")[1] for name in sys.modules if name.startswith("keras_vae.")}
assert not ours & {"models", "losses", "training", "export"}, ours
print(json.dumps(report))
"""


@pytest.fixture(scope="module")
def served(request, pixels, compiled, tmp_path_factory):
    """Every chosen model exported, and read by one process that knows no Keras model."""
    folder = tmp_path_factory.mktemp("served")
    chosen = [
        item.callspec.params["preset"]
        for item in request.session.items
        if "served" in getattr(item, "fixturenames", ()) and item.path == request.path
    ]
    for preset in chosen:
        vae, batch = compiled(preset), pixels(preset)
        vae.run_eagerly = True
        vae.train_on_batch(batch)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(saved_model, "_write_lite", lambda draft: None)  # of test_lite.py
            saved_model.export_model(vae, folder / preset.name)
        posterior = vae.encode(batch)
        expected = {"z_mean": posterior.mean, "z_log_var": posterior.log_var}
        decoded = np.clip(vae.mean_images(posterior.mean), 0, 255)  # of a linear output, too
        np.savez(folder / f"{preset.name}.npz", images=batch, decoded=decoded, **expected)
    command = [sys.executable, "-c", READER, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
@promised("residual-logistic", "pca-with-teacher", presets={})  # real sizes: test_shipped.py
def test_a_fresh_process_serves_the_same_numbers(preset, served):
    z_mean, z_log_var, pixels = served[preset.name]
    assert z_mean < 1e-5
    assert z_log_var < 1e-5
    assert pixels <= 0.51  # rounded to whole gray levels
