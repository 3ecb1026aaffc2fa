from dataclasses import replace

import numpy as np
import pytest

from keras_vae.datasets import ImageDataset
from keras_vae.models.networks import build_decoder, build_encoder
from keras_vae.models.principal_components import PrincipalComponents
from keras_vae.models.vae import VAE
from keras_vae.presets import PCANetwork, get_preset

NETWORK = PCANetwork((8, 12), patch=4, pool=2)
PRESET = get_preset("digits").override(network=NETWORK, latent_dim=6, random_flip=True)


def initialized(preset, dataset):
    vae = VAE.from_preset(preset, seed=0)
    preset.network.build(preset).initialize(vae, dataset)
    return vae


def small(images):
    return images.reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4)).reshape(-1, 16)


@pytest.mark.parametrize("output", ["sigmoid", "tanh"])
@pytest.mark.parametrize("scale", ["log_variance", "log_sigma", "softplus"])
def test_a_network_is_initialized_with_the_components_of_small_images_and_their_mirrors(
    digits, output, scale
):
    preset = PRESET.override(output=output, posterior_scale=scale)
    vae = initialized(preset, digits)
    train = digits.images[digits.indices("train")].astype(np.float32)
    unit = small(np.concatenate([train, train[:, :, ::-1]])) / 255.0
    inside = np.clip(unit, 5 / 255, 250 / 255)
    logits = np.log(inside / (1 - inside))
    if output == "tanh":  # atanh(2u − 1) = logit(u) / 2
        unit, logits = 2 * unit - 1, logits / 2
    expected = PrincipalComponents.of(unit, logits, 6)
    images = digits.images[:20]
    posterior = vae.encode(images)
    z_mean, z_log_var = posterior.mean.numpy(), posterior.log_var.numpy()
    seen = small(images.astype(np.float32)) / 255.0
    seen = 2 * seen - 1 if output == "tanh" else seen
    # Eigenvectors may come with either sign.
    by_hand = seen @ expected.encoder_kernel + expected.encoder_bias
    np.testing.assert_allclose(np.abs(z_mean), np.abs(by_hand), atol=2e-3)
    rows = np.broadcast_to(expected.log_variance, z_log_var.shape)
    np.testing.assert_allclose(z_log_var, rows, atol=2e-3)


def test_it_reconstructs_before_it_is_trained(photos):
    dataset = ImageDataset("photos", photos, np.zeros(len(photos), np.int8))
    vae = initialized(PRESET.override(image_shape=photos.shape[1:], latent_dim=40), dataset)
    images = photos.astype(np.float32)
    error = np.mean((vae.mean_images(vae.encode(images).mode()).numpy() - images) ** 2)
    assert error < 0.2 * images.var(axis=0).mean()


def test_the_convolutions_add_nothing_at_first(digits):
    vae = initialized(PRESET, digits)
    before = vae.mean_images(vae.encode(digits.images[:5]).mode()).numpy()
    for network in (vae.encoder, vae.decoder):
        network.get_layer(f"{network.name}_conv_1").kernel.assign_add(
            np.ones(network.get_layer(f"{network.name}_conv_1").kernel.shape)
        )
    np.testing.assert_array_equal(
        vae.mean_images(vae.encode(digits.images[:5]).mode()).numpy(), before
    )


def test_other_networks_are_left_as_they_are(digits):
    preset = get_preset("digits")
    vae = VAE.from_preset(preset, seed=0)
    before = [weight.numpy() for weight in vae.weights]
    preset.network.build(preset).initialize(vae, digits)
    for weight, value in zip(vae.weights, before, strict=True):
        np.testing.assert_array_equal(weight.numpy(), value)


def test_too_many_latents_for_a_small_image_are_refused(digits):
    preset = PRESET.override(latent_dim=16)
    with pytest.raises(ValueError, match="`latent_dim` must be smaller"):
        initialized(preset, digits)


def test_too_few_images_are_counted_without_and_with_their_mirrors(digits):
    few = ImageDataset("few", digits.images[:3], np.zeros(3, np.int8))
    for flip, said in (
        (True, r"3 training images \(6 with mirrored ones\)"),
        (False, "3 training"),
    ):
        preset = PRESET.override(random_flip=flip)
        with pytest.raises(ValueError, match=rf"Received: 6, {said}.*, 16 values"):
            preset.network.build(preset).check_images(few)
    preset.override(latent_dim=2).network.build(preset.override(latent_dim=2)).check_images(few)


def test_it_reaches_sizes_that_do_not_halve():
    preset = get_preset("celeba64").override(image_size=(40, 24))  # 10×6, 5×3, 3×2
    encoder, decoder = build_encoder(preset), build_decoder(preset)
    assert encoder.get_layer("encoder_conv_3").output.shape[1:3] == (3, 2)
    assert decoder.output_shape[1:] == (40, 24, 3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image_size": (64, 66)}, r"`image_size` must be a multiple of 4 .* Received: 64×66"),
        ({"pool": 3}, r"`patch` must be a multiple of `pool`, 3. Received: 4"),
    ],
)
def test_it_needs_whole_squares(changes, message):
    preset = get_preset("celeba64").override(**changes)
    for build in (build_encoder, build_decoder):
        with pytest.raises(ValueError, match=message):
            build(preset)


def test_a_conditional_network_begins_with_the_mean_of_each_label(digits):
    vae = initialized(replace(PRESET, classes=10), digits)
    rows = digits.indices("train")
    images, labels = digits.images[rows], digits.labels[rows]
    mirrored = np.concatenate([images, images[:, :, ::-1]])
    z = vae.encode(mirrored, np.tile(labels, 2)).mean.numpy()
    for label in range(10):
        np.testing.assert_allclose(z[np.tile(labels, 2) == label].mean(axis=0), 0.0, atol=1e-3)
    plain = initialized(PRESET, digits).reconstruct(images[:20])
    reconstructed = vae.reconstruct(images[:20], labels[:20])
    np.testing.assert_allclose(reconstructed.astype(int), plain, atol=1)
