import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.ndimage import gaussian_filter

from keras_vae.datasets import load_dataset
from keras_vae.losses import Texture
from keras_vae.losses.texture import FLOOR, local_amplitudes
from keras_vae.models.vae import VAE
from keras_vae.presets import default_preset, get_preset


def difference(images, others, **numbers):
    return Texture(**numbers).difference(tf.constant(images), tf.constant(others)).numpy()


def noise(amplitude, seed, shape=(2, 64, 64, 3)):
    return np.float32(128 + amplitude * np.random.default_rng(seed).standard_normal(shape))


def test_amplitudes_are_those_of_the_slopes_of_what_is_finer():
    """Beside SciPy, away from the border, beyond which SciPy has the border's pixels."""
    pixels = noise(20.0, 0)
    grey = pixels.mean(-1, dtype=np.float64)
    detail = grey - gaussian_filter(grey, (0, 1.5, 1.5), truncate=3.0)
    across = detail[:, :-1, 1:] - detail[:, :-1, :-1]
    down = detail[:, 1:, :-1] - detail[:, :-1, :-1]
    slopes = (across, down, (across + down) / 2**0.5, (across - down) / 2**0.5)
    energies = [gaussian_filter(slope**2, (0, 4, 4), truncate=3.0) for slope in slopes]
    found = local_amplitudes(tf.constant(pixels), 1.5, 4.0).numpy()
    expected = np.sqrt(np.stack(energies, -1) + FLOOR**2)
    inner = np.s_[:, 20:-20, 20:-20]
    np.testing.assert_allclose(found[inner], expected[inner], rtol=1e-3)


def test_detail_in_other_places_costs_little_and_none_much():
    image = noise(20.0, 0)
    own, blurred = difference(image, image), gaussian_filter(image, (0, 2, 2, 0))
    other, none = difference(image, noise(20.0, 1)), difference(image, blurred)
    np.testing.assert_array_equal(own, 0.0)
    assert (other < 0.1 * none).all()
    squares = [np.square(image - each).mean() for each in (noise(20.0, 1), blurred)]
    assert squares[0] > 1.5 * squares[1]  # of pixels it is the other way round


def test_it_asks_for_detail_where_the_image_has_it_and_along_its_direction():
    stripes = np.float32(128 + 40 * (np.arange(64) % 4 < 2))
    upright = np.broadcast_to(stripes[None, None, :, None], (1, 64, 64, 1))
    lying = np.swapaxes(upright, 1, 2)
    moved = np.roll(upright, 1, axis=2)
    left, right = (np.where(np.arange(64)[:, None] < 32, *pair) for pair in
                   ((upright, 128), (128, upright)))  # fmt: skip
    assert difference(upright, moved)[0] < 0.01 * difference(upright, lying)[0]
    assert difference(np.float32(left), np.float32(right))[0] > 50 * difference(upright, moved)[0]


def test_smooth_images_have_finite_gradients():
    flat = tf.Variable(tf.fill((1, 8, 8, 1), 7.0))
    with tf.GradientTape() as tape:
        value = Texture().difference(tf.constant(noise(20.0, 0, (1, 8, 8, 1))), flat)
    assert np.isfinite(tape.gradient(value, flat)).all()


def test_before_it_starts_it_is_zero(digits):
    term = Texture(start=20)
    vae = VAE.from_preset(get_preset("digits").override(hidden=(16,), latent_dim=3), seed=0)
    values = [
        term.value(vae.forward(digits.images[:4], training=True, step=tf.constant(step))).numpy()
        for step in (19, 20)
    ]
    np.testing.assert_array_equal(values[0], 0.0)
    assert (values[1] > 0).all()


@pytest.mark.parametrize("name", ["sigma", "window"])
def test_a_gaussian_has_a_width(name):
    with pytest.raises(ValueError, match=f"`{name}` must be more than 0"):
        Texture(**{name: 0.0})


def test_an_image_of_one_row_has_no_slopes():
    with pytest.raises(ValueError, match=r"at least 2×2 pixels. Received: 1×8"):
        difference(noise(1.0, 0, (1, 1, 8, 1)), noise(1.0, 1, (1, 1, 8, 1)))


@pytest.mark.slow  # trains
def test_reconstructions_get_the_detail_that_the_likelihood_leaves_out(kvae_data):
    """Of shirts and shoes, whose weave a likelihood averages away."""
    from keras_vae.experiments.face_measures import sharpness

    images = np.asarray(load_dataset("fashion-mnist", data_dir=kvae_data).images[:2000])
    energies = {}
    for weight in (0.0, 3.0):
        preset = default_preset("fashion-mnist").override(latent_dim=8, texture_weight=weight)
        keras.utils.set_random_seed(0)
        vae = VAE.from_preset(preset, seed=0)
        vae.compile(optimizer=keras.optimizers.Adam(2e-3), jit_compile=False)
        vae.fit(images, batch_size=64, epochs=8, verbose=0)
        mean = vae.mean_images(vae.encode(images[:200]).mode()).numpy()
        energies[weight] = sharpness(np.uint8(np.rint(mean)))
    photos = sharpness(images[:200])
    assert energies[0.0] < 0.4 * photos < 0.5 * energies[3.0]
