"""The guide's example of a sixth paper's network must work as it stands."""

import re
from pathlib import Path

import keras
import pytest

from keras_vae.models.vae import VAE
from keras_vae.presets import ELBO, LearnedGaussian, Linear, Objective
from keras_vae.presets.entries import read_presets


@pytest.fixture(scope="module")
def example():
    guide = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text()
    return read_presets(re.search(r"```toml\n(.*?)```", guide, re.DOTALL)[1])


def test_the_example_is_the_preset_that_the_guide_describes(example):
    (preset,) = example.values()
    assert len(preset.network.encoder) == 3
    assert preset.objective == Objective(LearnedGaussian(), ELBO(annealing=Linear(2_000)))


@pytest.mark.slow
def test_the_example_preset_trains(digits, example):
    preset = example["my-paper"].override(image_size=(8, 8))
    vae = VAE.from_preset(preset, seed=0)
    vae.compile(optimizer=keras.optimizers.Adam(preset.learning_rate), jit_compile=False)
    history = vae.fit(digits.images, batch_size=64, epochs=5, verbose=0).history
    assert history["mse"][-1] < 0.75 * history["mse"][0]
