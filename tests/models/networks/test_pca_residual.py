from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae.datasets import ImageDataset
from keras_vae.models import face_embedder as module
from keras_vae.models.face_embedder import SIDE, face_embedder
from keras_vae.models.networks import build_decoder, build_encoder
from keras_vae.models.vae import VAE
from keras_vae.presets import PCAResidualNetwork, get_preset

NETWORK = PCAResidualNetwork(
    (8, 12), 4, 2, decoder_filters=(4, 6, 8), decoder_patch=2, blocks=(0, 1, 2)
)
PRESET = get_preset("celeba64").override(network=NETWORK, image_size=(24, 20), latent_dim=6)


def test_the_decoder_doubles_its_maps_to_squares_of_pixels():
    decoder = build_decoder(PRESET)  # 3×3, 6×5, 12×10, and squares of 2×2
    convolutions = [layer for layer in decoder.layers if hasattr(layer, "kernel_size")]
    maps = [layer.output.shape[1:] for layer in convolutions]
    blocks = [*[(3, 3, 8)] * 4, (3, 3, 6), *[(6, 5, 6)] * 2, (6, 5, 4)]
    assert maps == [*blocks, (12, 10, 12)]
    assert [layer.name for layer in convolutions] == [f"decoder_conv_{n}" for n in range(1, 10)]
    assert decoder.output_shape[1:] == (24, 20, 3)


def test_the_encoder_is_that_of_the_other_pca_network():
    encoder, other = build_encoder(PRESET), build_encoder(
        get_preset("celeba64").override(filters=(8, 12), image_size=(24, 20), latent_dim=6)
    )  # fmt: skip
    assert [each.shape for each in encoder.weights] == [each.shape for each in other.weights]


def test_the_blocks_add_nothing_at_first(photos):
    preset = PRESET.override(image_size=(32, 32), likelihood="squared_error", output="sigmoid")
    preset = preset.override(perceptual_weight=0, distillation_weight=0, mmd_weight=0)
    vae = VAE.from_preset(preset, seed=0)
    z = np.random.default_rng(0).normal(size=(3, 6)).astype(np.float32)
    before = vae.mean_images(z).numpy()
    for weight in vae.decoder.get_layer("decoder_projection").weights:
        weight.assign_add(np.ones(weight.shape))
    np.testing.assert_array_equal(vae.mean_images(z), before)
    last = [layer for layer in vae.decoder.layers if hasattr(layer, "kernel_size")][-1]
    last.kernel.assign_add(np.ones(last.kernel.shape))
    assert np.abs(vae.mean_images(z).numpy() - before).max() > 0.1


def test_the_decoders_squares_must_fill_the_image():
    with pytest.raises(ValueError, match=r"`decoder_patch` must divide .* \(24, 20\). Received: 8"):
        build_decoder(PRESET.override(decoder_patch=8))


def test_its_largest_maps_may_be_of_the_images_size():
    maps = build_decoder(PRESET.override(decoder_patch=1)).get_layer("with_large").output
    assert maps.shape[1:3] == (24, 20)


def test_blocks_are_counted_for_each_size():
    with pytest.raises(ValueError, match=r"`blocks` must have 3 values.*Received: \(1, 1\)"):
        build_decoder(PRESET.override(blocks=(1, 1)))


def test_the_encoder_has_blocks_where_they_are_asked_for():
    plain, refined = build_encoder(PRESET), build_encoder(PRESET.override(encoder_blocks=(0, 2)))
    added = [layer for layer in refined.layers if layer.name.startswith("encoder_blocks_")]
    maps = [layer.output.shape[1:] for layer in added if hasattr(layer, "kernel_size")]
    assert maps == [(3, 3, 12)] * 4
    assert refined.count_params() > plain.count_params()
    with pytest.raises(ValueError, match=r"`encoder_blocks` must have 2 values.*Received: \(1,\)"):
        build_encoder(PRESET.override(encoder_blocks=(1,)))


def test_each_size_but_the_smallest_has_its_own_noise():
    decoder = build_decoder(PRESET.override(noise=3))
    noise = [layer for layer in decoder.layers if layer.name.startswith("decoder_noise_")]
    assert [layer.noise.shape for layer in noise] == [(6, 5, 3), (12, 10, 3)]
    assert len({layer.seed for layer in noise}) == 2


def test_the_encoder_may_begin_with_levels_of_dlibs_network(photos):
    """Their maps are the embedder's; the last level is trained on, the others are dlib's."""
    dataset = ImageDataset("faces", photos, np.zeros(len(photos), np.int8))
    preset = PRESET.override(image_size=photos.shape[1:3], face_levels=2).override(
        perceptual_weight=0, distillation_weight=0, mmd_weight=0
    )
    vae = VAE.from_preset(preset, seed=0)
    before = vae.encode(photos[:4]).mean.numpy()
    preset.network.build(preset).initialize(vae, dataset)
    trained = {layer.name: layer.trainable for layer in vae.encoder.layers}
    names = [name for name in trained if name.startswith("face_conv_")]
    assert [trained[name] for name in names] == [False] * 7 + [True] * 8
    embedder = face_embedder()
    maps = keras.Model(vae.encoder.inputs, vae.encoder.get_layer("face_maps_2").output)
    expected = keras.Model(embedder.inputs, embedder.get_layer("maps_2").output)
    images = vae.likelihood.scale(photos[:4])
    square = tf.image.resize(images, (SIDE, SIDE))
    np.testing.assert_allclose(maps(images), expected(2.0 * square - 1.0), atol=1e-4)
    assert np.abs(vae.encode(photos[:4]).mean - before).max() > 0.1  # the principal components


def test_levels_of_dlibs_network_add_nothing_at_first(photos):
    preset = PRESET.override(image_size=(32, 32), face_levels=1)
    encoder = build_encoder(preset)
    images = photos[:4, :32, :32].astype("float32") / 255
    before = encoder(images)[0].numpy()
    last = encoder.get_layer("face_last")
    last.bias.assign_add(np.ones(last.bias.shape))
    np.testing.assert_array_equal(encoder(images)[0], before)


def test_levels_of_dlibs_network_need_colour():
    with pytest.raises(ValueError, match="`face_levels` must be 0 for images of 1 channel"):
        build_encoder(replace(PRESET.override(face_levels=1), image_shape=(24, 20, 1)))


def test_the_missing_package_is_named_before_long_work(photos, monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    dataset = ImageDataset("faces", photos, np.zeros(len(photos), np.int8))
    preset = PRESET.override(image_size=photos.shape[1:3], face_levels=1)
    with pytest.raises(ImportError, match=r"pip install 'keras-vae\[faces\]'"):
        preset.network.build(preset).check_images(dataset)
    plain = preset.override(face_levels=0)
    plain.network.build(plain).check_images(dataset)
