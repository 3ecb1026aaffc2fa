import keras
import numpy as np
import pytest

from keras_vae.models.networks import build_decoder, build_encoder
from keras_vae.presets import get_preset


def test_a_residual_network_halves_the_maps_and_doubles_them_again():
    preset = get_preset("mnist-best")
    expected = {
        "encoder": [(28, 28, 16), *[(14, 14, 24)] * 3, *[(7, 7, 48)] * 3],
        "decoder": [*[(7, 7, 48)] * 2, *[(14, 14, 24)] * 3, (28, 28, 16), (28, 28, 1)],
    }
    for network in (build_encoder(preset), build_decoder(preset)):
        convolutions = [layer for layer in network.layers if "_conv_" in layer.name]
        maps = [layer.output.shape[1:] for layer in convolutions if hasattr(layer, "kernel")]
        assert maps == expected[network.name]


def test_residual_blocks_start_as_the_identity():
    decoder = build_decoder(get_preset("mnist-best").override(blocks=(1, 1, 2)))
    adds = [layer for layer in decoder.layers if isinstance(layer, keras.layers.Add)]
    ends = keras.Model(decoder.input, [(add.input[0], add.output) for add in adds])
    pairs = ends(np.random.default_rng(0).normal(size=(2, 40)).astype("float32"))
    assert len(pairs) == 4
    for before, after in pairs:
        assert np.ptp(before) > 0
        np.testing.assert_array_equal(after, before)


def test_the_largest_maps_may_hold_patches_of_pixels():
    preset = get_preset("mnist-best").override(patch=2)
    encoder, decoder = build_encoder(preset), build_decoder(preset)
    assert encoder.get_layer("patches").output.shape[1:] == (14, 14, 4)
    assert encoder.get_layer("encoder_conv_1").output.shape[1:] == (14, 14, 16)
    assert decoder.output.shape[1:] == (28, 28, 1)
    np.testing.assert_array_equal(
        decoder.get_layer("pixels")(
            encoder.get_layer("patches")(image := np.eye(28)[None, ..., None])
        ),
        image,
    )


def test_patches_must_fill_the_image():
    with pytest.raises(ValueError, match=r"`patch` must divide .* \(28, 28\). Received: 3"):
        build_decoder(get_preset("mnist-best").override(patch=3))


def test_residual_blocks_are_counted_for_each_size():
    with pytest.raises(ValueError, match=r"`blocks` must have 3 values.*Received: \(1, 1\)"):
        build_encoder(get_preset("mnist-best").override(blocks=(1, 1)))
