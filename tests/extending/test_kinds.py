"""Five kinds of VAE that the package does not have, each in one file, keep the same promises."""

from importlib import import_module
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vae
from keras_vae.export.saved_model import export_model

KINDS = ("conditional", "vector_quantized", "ladder", "flow_prior", "adversarial")
EXPORTED = KINDS[:4]
EPOCHS = 16


@pytest.fixture(scope="module")
def trained(digits):
    """Each kind, trained once on scikit-learn's digits, and its losses before and after."""
    models = {}
    batches = tf.data.Dataset.from_tensor_slices((digits.images, digits.labels))
    batches = batches.shuffle(len(digits.images), seed=0).batch(64, drop_remainder=True)

    def train(kind):
        if kind not in models:
            keras.utils.set_random_seed(0)
            vae = import_module(f"tests.extending.{kind}").build()
            vae.compile(optimizer=keras.optimizers.Adam(3e-3), jit_compile=False)
            before = vae.evaluate(batches, verbose=0, return_dict=True)["loss"]
            vae.fit(batches, epochs=EPOCHS, verbose=0)
            after = vae.evaluate(batches, verbose=0, return_dict=True)["loss"]
            models[kind] = vae, before, after
        return models[kind]

    return train


def condition_of(vae, count):
    return None if vae.condition_spec is None else np.arange(count) % 10


def nearest_labels(images, digits):
    """The label of the nearest scan of each image."""
    scans = digits.images.reshape(len(digits.images), -1).astype(float)
    flat = np.asarray(images, float).reshape(len(images), -1)
    return digits.labels[((flat[:, None] - scans) ** 2).sum(axis=-1).argmin(axis=1)]


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_one_file_of_at_most_ninety_lines(kind):
    assert len((Path(__file__).parent / f"{kind}.py").read_text().splitlines()) <= 90


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_loss_falls_by_a_third(kind, trained):
    _, before, after = trained(kind)
    assert after < 2 / 3 * before


@pytest.mark.parametrize("kind", KINDS)
def test_it_generates_images_that_differ(kind, trained):
    vae, *_ = trained(kind)
    images = vae.generate(30, condition_of(vae, 30))
    assert images.shape == (30, 8, 8, 1)
    assert 0 <= images.min() <= images.max() <= 255
    assert images.std(axis=0).mean() > 20


def test_a_conditional_model_generates_the_class_it_is_asked_for(trained, digits):
    vae, *_ = trained("conditional")
    labels = np.repeat(np.arange(10), 10)
    assert (nearest_labels(vae.generate(100, labels), digits) == labels).mean() > 0.7


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_model_goes_on_as_the_original(kind, trained, digits, tmp_path):
    vae, *_ = trained(kind)
    vae.save(tmp_path / "vae.keras")
    restored = keras.models.load_model(tmp_path / "vae.keras")
    images, y = digits.images[:64], digits.labels[:64]
    for model in (vae, restored):
        model.fit(images, y, batch_size=32, shuffle=False, verbose=0)
    for saved, loaded in zip(vae.get_weights(), restored.get_weights(), strict=True):
        np.testing.assert_allclose(loaded, saved, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", EXPORTED)
def test_it_is_served_by_signatures(kind, trained, digits, tmp_path):
    vae, *_ = trained(kind)
    export_model(vae, tmp_path / kind)
    model = keras_vae.load(tmp_path / kind)
    condition = condition_of(vae, 12)
    given = {} if condition is None else {"condition": condition}
    images = digits.images[:12]
    names = [spec.name for spec in keras.tree.flatten(vae.latent_spec)]

    encoded = model.call("encode_pixels", image=images, **given)
    z = keras.tree.flatten(vae.encode(images, condition).mode())
    latents = {name: encoded.get("z_mean", encoded.get(name)) for name in names}
    for received, expected in zip(latents.values(), z, strict=True):
        np.testing.assert_allclose(received, expected, rtol=1e-4, atol=1e-4)
    decoded = model.call("decode_pixels", **latents, **given)["image"]
    expected = vae.mean_images(keras.tree.pack_sequence_as(vae.latent_spec, z), condition)
    np.testing.assert_allclose(decoded, expected, atol=0.51)  # rounded to whole levels

    noise = {"seed": np.arange(12), "temperature": np.ones(12)}
    generated = model.call("generate_pixels", **noise, **given)
    assert set(generated) == {"image", *names}
    assert generated["image"].std(axis=0).mean() > 20
    alone = {name: values[5:6] for name, values in (noise | given).items()}
    again = model.call("generate_pixels", **alone)["image"]  # a seed is an image in any batch
    np.testing.assert_allclose(again[0].astype(int), generated["image"][5], atol=1)

    files = model.call("reconstruct", image_bytes=pngs(images), **given)["image_bytes"]
    pixels = np.stack([tf.io.decode_png(file).numpy() for file in files])
    np.testing.assert_allclose(pixels.astype(int), decoded, atol=1)


def pngs(images):
    return np.array([tf.io.encode_png(image).numpy() for image in images], object)
