"""What every preset promises, on real pixels: one list, run through for each."""

import json
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_vae.datasets import ImageDataset
from keras_vae.export.saved_model import export_model
from keras_vae.models.vae import VAE
from keras_vae.presets import PRESETS
from keras_vae.training import trainer as training
from keras_vae.training.distribution import make_strategy
from keras_vae.training.run_directory import Run, RunConfig

# Values that are not the defaults, for the round trip.
OTHER = {"latent_dim": 6, "beta": 0.25, "free_bits": 0.01, "annealing": "linear"}

COUNT = 24  # images: 16 to train on, 8 to validate with

every_preset = pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)


@pytest.fixture(scope="module")
def pixels(digits, photos):
    """Real images of a preset's shape: photos in colour, scanned digits in grey."""

    def resized(preset):
        height, width, channels = preset.image_shape
        source = photos[::20] if channels == 3 else digits.images[..., 0]
        images = [Image.fromarray(image).resize((width, height)) for image in source[:COUNT]]
        return np.stack([np.asarray(image).reshape(preset.image_shape) for image in images])

    return resized


def dataset(preset, pixels):
    """Images, with labels for the presets that a classifier guides: bright ones and dark ones."""
    images = pixels(preset)
    means = images.mean(axis=(1, 2, 3))
    labels = (means > np.median(means)).astype(np.int64)
    partition = np.repeat([0, 1], [16, 8]).astype(np.int8)
    return ImageDataset("real", images, partition, labels=labels)


def compiled(preset, optimizer=None):
    keras.utils.set_random_seed(0)
    vae = VAE.from_preset(preset, seed=0)
    training.compile_vae(vae, optimizer or keras.optimizers.Adam(preset.learning_rate))
    return vae


@every_preset
def test_steps_lower_the_loss(preset, pixels):
    batch = pixels(preset)
    vae = compiled(preset)
    # The gradient's own draw of z, before and after, so that the noise cancels.
    losses = [vae.train_on_batch(batch, return_dict=True)["loss"]]
    for _ in range(8):
        vae.reset_metrics()
        losses.append(vae.train_on_batch(batch, return_dict=True)["loss"])
    assert np.isfinite(losses).all()
    assert min(losses[-3:]) < losses[0]


@every_preset
def test_keras_round_trip(preset, pixels, tmp_path):
    batch = pixels(preset)
    vae = compiled(preset.override(**OTHER, annealing_steps=7))
    vae.train_on_batch(batch)
    vae.save(tmp_path / "vae.keras")
    restored = keras.models.load_model(tmp_path / "vae.keras")
    assert (restored.beta, restored.free_bits, restored.annealing_steps) == (0.25, 0.01, 7)
    for saved, loaded in zip(vae.variables, restored.variables, strict=True):
        np.testing.assert_array_equal(saved, loaded)
    np.testing.assert_array_equal(restored.decode(restored.encode(batch)[0]),
                                  vae.decode(vae.encode(batch)[0]))  # fmt: skip


@every_preset
def test_two_replicas_take_the_step_of_one(preset, pixels, monkeypatch):
    """Without noise, and with statistics of a batch switched off, which replicas take by halves."""
    monkeypatch.setattr(VAE, "_draw", lambda vae, z_mean, z_log_var: z_mean)
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


@every_preset
def test_a_stopped_run_goes_on_as_if_it_had_not(preset, pixels, tmp_path):
    images, folder = dataset(preset, pixels), tmp_path / "run"
    preset = preset.override(latent_dim=min(preset.latent_dim, 8))  # of 16 images
    config = RunConfig(preset.override(epochs=2, batch_size=8), "real")

    def keep(epoch, logs):
        if epoch == 0:  # what a kill in the second epoch would leave
            shutil.copytree(folder, tmp_path / "stopped")

    keeper = keras.callbacks.LambdaCallback(on_epoch_end=keep)
    whole = training.train(config, images, folder, callbacks=[keeper])
    stopped = Run.open(tmp_path / "stopped")
    assert len(stopped.history()) == 1
    resumed = training.resume(stopped, images)
    ends = [keras.models.load_model(run.last).variables for run in (whole, resumed)]
    for first, second in zip(*ends, strict=True):
        np.testing.assert_allclose(second, first, rtol=1e-4, atol=1e-5)


@pytest.fixture(scope="module")
def served(pixels, tmp_path_factory):
    """Every preset exported, and read back by one process that knows no Keras model."""
    folder = tmp_path_factory.mktemp("served")
    for name, preset in PRESETS.items():
        vae, batch = compiled(preset), pixels(preset)
        vae.train_on_batch(batch)
        export_model(vae, folder / name)
        z_mean, z_log_var = vae.encode(batch)
        expected = {"z_mean": z_mean, "z_log_var": z_log_var, "decoded": vae.decode(z_mean)}
        np.savez(folder / f"{name}.npz", images=batch, **expected)
    script = """
import json, sys
import numpy as np
from keras_vae.inference import registry as runtime
from pathlib import Path
def error(received, wanted):
    return float((np.abs(received - wanted) / (1 + np.abs(wanted))).max())

report = {}
for arrays in sorted(Path(sys.argv[1]).glob("*.npz")):
    expected = np.load(arrays)
    model = runtime.load(arrays.with_suffix(""))
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
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@every_preset
def test_a_fresh_process_serves_the_same_numbers(preset, served):
    z_mean, z_log_var, pixels = served[preset.name]
    assert z_mean < 1e-5
    assert z_log_var < 1e-5
    assert pixels <= 0.51  # rounded to whole grey levels
