"""The page that a reader of the book would write, run as it stands, in processes of its own."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import keras_vae

PAGE = """
import keras
import numpy as np
from keras import layers, ops
from sklearn.datasets import load_digits

import keras_vae

keras.utils.set_random_seed(0)


class Sampling(layers.Layer):
    def call(self, inputs):
        z_mean, z_log_var = inputs
        epsilon = keras.random.normal(ops.shape(z_mean))
        return z_mean + ops.exp(0.5 * z_log_var) * epsilon


encoder_input = layers.Input(shape=(8, 8, 1), name="encoder_input")
x = layers.Conv2D(32, (3, 3), strides=2, activation="relu", padding="same")(encoder_input)
x = layers.Conv2D(64, (3, 3), strides=2, activation="relu", padding="same")(x)
x = layers.Flatten()(x)
z_mean = layers.Dense(4, name="z_mean")(x)
z_log_var = layers.Dense(4, name="z_log_var")(x)
z = Sampling()([z_mean, z_log_var])
encoder = keras.Model(encoder_input, [z_mean, z_log_var, z], name="encoder")

decoder_input = layers.Input(shape=(4,), name="decoder_input")
x = layers.Dense(2 * 2 * 64)(decoder_input)
x = layers.Reshape((2, 2, 64))(x)
x = layers.Conv2DTranspose(64, (3, 3), strides=2, activation="relu", padding="same")(x)
x = layers.Conv2DTranspose(32, (3, 3), strides=2, activation="relu", padding="same")(x)
decoder_output = layers.Conv2D(1, (3, 3), activation="sigmoid", padding="same")(x)
decoder = keras.Model(decoder_input, decoder_output, name="decoder")

digits = load_digits()
images = digits.images.astype("float32") / 16.0
x_train, x_test = images[:1500, ..., np.newaxis], images[1500:, ..., np.newaxis]

vae = keras_vae.VAE.from_networks(encoder, decoder, likelihood="bernoulli")
print(vae)
vae.compile(optimizer=keras.optimizers.Adam(0.002), metrics=["mae"])
history = vae.fit(
    x_train,
    batch_size=64,
    epochs=10,
    validation_data=(x_test, None),
    callbacks=[
        keras.callbacks.ModelCheckpoint("checkpoint.keras", save_best_only=True),
        keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True),
        keras.callbacks.TensorBoard("logs"),
    ],
    verbose=0,
)
np.savez(
    "page.npz",
    loss=history.history["loss"],
    val_mae=history.history["val_mae"],
    x_test=x_test,
    z_mean=encoder.predict(x_test, verbose=0)[0],
    reconstructions=vae.reconstruct(x_test),
    decoded=decoder.predict(np.zeros((1, 4)), verbose=0),
    generated=vae.generate(10, seed=0),
)
vae.save("vae.keras")
z = vae.encode(x_train).mean
labels = digits.target[:1500, np.newaxis] == [0, 1]
attributes = keras_vae.Attributes.fit(z, labels, ["zero", "one"])
keras_vae.export_model(vae, "models/digits", attributes=attributes)
"""

RELOAD = """
import keras
import numpy as np

import keras_vae

page = np.load("page.npz")
for file in ("vae.keras", "checkpoint.keras"):
    vae = keras.saving.load_model(file)
    assert vae.optimizer.iterations > 0
    vae.fit(page["x_test"], verbose=0)
vae = keras.saving.load_model("vae.keras")
np.testing.assert_array_equal(vae.reconstruct(page["x_test"]), page["reconstructions"])
np.testing.assert_array_equal(vae.generate(10, seed=0), page["generated"])
np.testing.assert_allclose(vae.encode(page["x_test"]).mean, page["z_mean"], rtol=1e-4, atol=1e-4)
np.testing.assert_allclose(
    vae.decode(np.zeros((1, 4))) / 255, page["decoded"], atol=0.51 / 255
)
"""

SERVE = """
import numpy as np

import keras_vae

page = np.load("page.npz")
model = keras_vae.load("models/digits")
generated = model.generate(n=10, seed=0)
assert np.abs(generated.astype(int) - page["generated"]).max() <= 1
test = model.reconstruct(page["x_test"])
assert np.abs(test.astype(int) - page["reconstructions"]).max() <= 1
zeros = model.morph(page["x_test"], zero=1)
assert zeros.shape == (297, 8, 8, 1)
# A zero has a hole: in the middle of the scans there is less ink.
assert zeros[:, 3:5, 3:5].mean() < test[:, 3:5, 3:5].mean() - 10
path = model.interpolate(page["x_test"][0], page["x_test"][1], steps=5)
assert path.shape == (5, 8, 8, 1)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("book")


def run(page, folder):
    """Run a page; what it prints. Warnings are errors, but for those that Keras itself hides."""
    path = os.pathsep.join(
        [str(Path(keras_vae.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    )
    options = [f"-Werror::{name}" for name in ("UserWarning", "RuntimeWarning", "FutureWarning")]
    done = subprocess.run(
        [sys.executable, *options, "-c", page],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.slow
def test_the_page_trains_what_the_book_trains(folder):
    done = run(PAGE, folder)
    assert done.stdout == (
        "<VAE 'vae': images 8×8×1, z 4, Bernoulli likelihood, loss reconstruction + kl>\n"
    )
    said = [line for line in done.stderr.splitlines() if line.startswith(("encoder", "vae"))]
    assert said == [
        "encoder: the third output is ignored: the VAE samples z.",
        "vae: images are read as 0 … 1, by their values.",
    ]
    page = np.load(folder / "page.npz")
    assert page["loss"][-1] < 0.75 * page["loss"][0]
    assert page["val_mae"][-1] < 0.2
    originals = 255 * page["x_test"]
    error = np.abs(originals - page["reconstructions"]).mean()
    assert error < 0.85 * np.abs(originals - originals.mean(axis=0)).mean()
    assert page["generated"].std(axis=0).mean() > 20
    assert 0 <= page["decoded"].min() < page["decoded"].max() <= 1


@pytest.mark.slow
@pytest.mark.parametrize("page", [RELOAD, SERVE], ids=["load_model", "keras_vae.load"])
def test_a_fresh_process_uses_what_the_page_saved(page, folder):
    if not (folder / "page.npz").exists():
        run(PAGE, folder)
    run(page, folder)
