import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.ndimage import gaussian_filter

from keras_vae.datasets import load_dataset
from keras_vae.losses import Texture
from keras_vae.losses.texture import FLOOR, local_energies
from keras_vae.models.vae import VAE
from keras_vae.presets import default_preset, get_preset


def difference(images, others, **numbers):
    return Texture(**numbers).difference(tf.constant(images), tf.constant(others)).numpy()


def noise(amplitude, seed, shape=(2, 64, 64, 3)):
    return np.float32(128 + amplitude * np.random.default_rng(seed).standard_normal(shape))


KINDS = (1, 2, "second", "fourth")


def differences_of(maps, kind):
    """Along four directions, of maps [B, H, W]; as many as there are over four pixels."""
    height, width = (side - 4 for side in maps.shape[1:])
    right = [maps[:, :height, step : step + width] for step in range(5)]
    below = [maps[:, step : step + height, :width] for step in range(5)]
    across, down = (
        {
            1: b - a,
            2: c - a,
            "second": b - (a + c) / 2,
            "fourth": (a - 4 * b + 6 * c - 4 * d + e) / 8,
        }[kind]
        for a, b, c, d, e in (right, below)
    )
    return np.stack([across, down, (across + down) / 2**0.5, (across - down) / 2**0.5], -1)


def energies_of(maps):
    """By SciPy, beyond the border the border's pixels; windows are of 4 pixels."""
    energies = np.concatenate(
        [sum(differences_of(each, kind) ** 2 for each in maps) for kind in KINDS], -1
    )
    pooled = energies.reshape(len(energies), 30, 2, 30, 2, -1).mean(axis=(2, 4))
    return gaussian_filter(pooled, (0, 2, 2, 0), truncate=3.0) + FLOOR**2


def test_energies_are_those_of_the_differences_of_what_is_finer():
    """Of brightness, and of what each channel has beside it; away from the border."""
    pixels = noise(20.0, 0)
    detail = pixels - gaussian_filter(np.float64(pixels), (0, 1.5, 1.5, 0), truncate=3.0)
    grey = detail.mean(-1)
    colours = [detail[..., channel] - grey for channel in range(3)]
    expected = np.concatenate([energies_of([grey]), energies_of(colours)], -1)
    found = local_energies(tf.constant(pixels), 1.5, 4.0).numpy()
    inner = np.s_[:, 10:-10, 10:-10]
    np.testing.assert_allclose(found[inner], expected[inner], rtol=1e-3)


def test_images_without_colour_have_the_energies_of_brightness_alone():
    pixels = noise(20.0, 0, (2, 32, 32, 1))
    grey = local_energies(tf.constant(pixels), 1.0, 3.0).numpy()
    found = local_energies(tf.constant(np.repeat(pixels, 3, -1)), 1.0, 3.0).numpy()
    np.testing.assert_allclose(found[..., :16], grey, rtol=1e-4)
    np.testing.assert_allclose(found[..., 16:], FLOOR**2, atol=1e-2)


def test_of_an_uncertain_image_the_mean_energy_is_best_rather_than_the_mean_amplitude():
    weak, strong = noise(10.0, 0), noise(30.0, 1)
    amplitudes = np.arange(16.0, 28.0, 0.5)
    costs = [
        difference(weak, other).mean() + difference(strong, other).mean()
        for other in (noise(each, 2) for each in amplitudes)
    ]
    best = amplitudes[np.argmin(costs)]
    assert best == pytest.approx(np.sqrt((10.0**2 + 30.0**2) / 2.0), abs=0.6)


def test_near_the_image_it_is_the_squared_difference_of_amplitudes():
    images, others = noise(20.0, 0), noise(21.0, 0)
    a, b = (np.sqrt(local_energies(tf.constant(each), 1.0, 3.0)) for each in (images, others))
    expected = np.square(a - b).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(difference(images, others), expected, rtol=0.05)


def test_a_weave_of_single_pixels_does_not_replace_coarser_detail():
    """It gives differences over one pixel at a quarter of the squared error, over two none."""
    columns = np.arange(64)
    fine, coarse = np.float32(128 + 20 * (columns % 2)), np.float32(128 + 40 * (columns % 4 < 2))
    weave, stripes = (np.tile(each[None, None, :, None], (1, 64, 1, 1)) for each in (fine, coarse))
    moved, none = np.roll(stripes, 1, axis=2), np.full_like(stripes, 138)
    assert difference(stripes, weave)[0] > 0.3 * difference(stripes, none)[0]
    assert difference(stripes, moved)[0] < 0.01 * difference(stripes, none)[0]


def test_coloured_specks_are_no_detail():
    image, other = (noise(20.0, seed, (1, 64, 64, 1)) for seed in (0, 2))
    grey, elsewhere = np.repeat(image, 3, -1), np.repeat(other, 3, -1)
    specks = noise(20.0, 1, (1, 64, 64, 3))
    coloured = grey + specks - specks.mean(-1, keepdims=True)
    assert difference(grey, coloured)[0] > 20 * difference(grey, elsewhere)[0]


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


@pytest.mark.parametrize("height", [1, 5])
def test_an_image_of_few_rows_has_no_slopes(height):
    images = noise(1.0, 0, (1, height, 8, 1))
    with pytest.raises(ValueError, match=rf"at least 6×6 pixels. Received: {height}×8"):
        difference(images, images)
    assert difference(images.repeat(6, 1), images.repeat(6, 1)) == 0.0


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
