import keras
import numpy as np
import pytest

from keras_vae.models.networks import build_decoder, build_encoder
from keras_vae.models.networks.convolutional import feature_sizes
from keras_vae.presets import Conv, ConvNetwork, get_preset


@pytest.mark.parametrize("name", ["celeba", "celeba-jiang", "celeba-perriu", "mnist-best"])
@pytest.mark.parametrize("size", [(32, 32), (50, 33), (17, 64)])
def test_any_size_that_the_strides_reach(name, size):
    preset = get_preset(name).override(image_size=size)
    assert build_decoder(preset).output_shape[1:3] == size


def test_a_size_below_the_strides_is_refused_with_sizes_that_work():
    with pytest.raises(ValueError, match=r"at least 16×16 .* 16, 32, 48, 64.* Received: 8×64"):
        build_encoder(get_preset("celeba").override(image_size=(8, 64)))


def test_perrius_decoder_as_printed_does_not_reach_the_image():
    as_printed = list(get_preset("celeba-perriu").network.decoder)
    as_printed[1] = Conv(128, kernel=4, stride=1)
    preset = get_preset("celeba-perriu").override(decoder=as_printed)
    with pytest.raises(ValueError, match="they reach 32×24, not 64×48"):
        feature_sizes(preset)


LAST = Conv(stride=1)


@pytest.mark.parametrize(
    ("encoder", "decoder", "message"),
    [
        ([Conv(8)], [Conv(8), Conv(64, stride=1)], r"`decoder` must end .* channels. Received: 64"),
        ([Conv(8)], [Conv(), LAST], r"`decoder` must have the `filters` .*Received: None\."),
        ([Conv()], [Conv(8), LAST], r"`encoder` must have the `filters` .*Received: None\."),
        ([Conv(8, stride=1)], [], r"`decoder` must have at least one value. Received: \(\)"),
    ],
)
def test_convolutions_that_the_network_would_not_have_are_refused(encoder, decoder, message):
    with pytest.raises(ValueError, match=message):
        ConvNetwork(tuple(encoder), tuple(decoder))
    with pytest.raises(ValueError, match=message):
        get_preset("celeba").override(encoder=encoder, decoder=decoder)


def test_a_bias_that_is_normalized_away_is_counted_and_stays_zero():
    encoder = build_encoder(get_preset("celeba").override(filters=(8, 8), latent_dim=6))
    encoder.compile("adam", "mse")
    rng = np.random.default_rng(0)
    images, z = rng.random((16, 32, 32, 3)), rng.normal(size=(16, 6))
    encoder.fit(images.astype("float32"), [z, z], epochs=2, verbose=0)
    layer = encoder.get_layer("encoder_conv_2")
    np.testing.assert_array_equal(layer.bias, 0.0)
    assert any(layer.bias is weight for weight in encoder.non_trainable_weights)
    assert np.abs(encoder.get_layer("z_mean").bias).max() > 0


def test_leaky_relu_has_the_books_slope():
    layer = build_encoder(get_preset("celeba")).get_layer("encoder_conv_1_leaky_relu")
    np.testing.assert_allclose(layer(np.array([-1.0, 2.0], "float32")), [-0.3, 2.0], rtol=1e-6)
    assert isinstance(layer, keras.layers.LeakyReLU)
