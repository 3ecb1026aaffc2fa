import math

import keras
import pytest

from keras_vae.experiments.arithmetic import multiply_adds, training_work
from keras_vae.models.networks import build_decoder, build_encoder
from keras_vae.presets import PRESETS, get_preset


def counted(network):
    """Multiply-adds of the layers of a Keras model, from the shapes of its kernels and maps."""
    total = 0
    for layer in network._flatten_layers(include_self=False):
        if isinstance(layer, keras.layers.Conv2DTranspose):
            total += math.prod(layer.kernel.shape) * math.prod(layer.input.shape[1:3])
        elif isinstance(layer, keras.layers.Conv2D):
            total += math.prod(layer.kernel.shape) * math.prod(layer.output.shape[1:3])
        elif isinstance(layer, keras.layers.Dense):
            total += math.prod(layer.kernel.shape)
    return total


@pytest.mark.parametrize("name", ["mnist-zhao-mlp", "celeba-foster", "celeba-jiang", "celeba64"])
def test_multiply_adds_are_those_of_the_networks(name):
    preset = get_preset(name)
    networks = build_encoder(preset), build_decoder(preset)
    assert multiply_adds(preset) == sum(map(counted, networks))


@pytest.mark.parametrize("name", ["mnist-zhao-cnn", "mnist-best"])
def test_odd_sizes_are_met_nearly(name):
    preset = get_preset(name)
    networks = build_encoder(preset), build_decoder(preset)
    assert multiply_adds(preset) == pytest.approx(sum(map(counted, networks)), rel=0.35)


def test_patches_are_met():
    preset = get_preset("mnist-best").override(image_size=(32, 32), patch=2)
    networks = build_encoder(preset), build_decoder(preset)
    assert multiply_adds(preset) == pytest.approx(sum(map(counted, networks)), rel=0.01)


@pytest.mark.parametrize("name", PRESETS)
def test_work_grows_with_epochs_and_images(name):
    preset = get_preset(name)
    base = training_work(preset, 0)
    one = training_work(preset.override(epochs=1), 100) - base
    assert training_work(preset.override(epochs=3), 200) - base == pytest.approx(6 * one)
