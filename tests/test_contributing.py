"""The guide's example of a sixth paper's network must work as it stands."""

import re
from pathlib import Path

import keras
import pytest

from keras_vae.models.vae import VAE
from keras_vae.presets import PRESETS


@pytest.mark.slow
def test_the_example_preset_trains(digits):
    guide = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text()
    block = re.search(r"```python\n(.*?)```", guide, re.DOTALL)[1]
    known = dict(PRESETS)
    try:
        exec(block, {})
        preset = PRESETS["my-paper"].override(image_size=(8, 8))
    finally:
        PRESETS.clear()
        PRESETS.update(known)
    vae = VAE.from_preset(preset, seed=0)
    vae.compile(optimizer=keras.optimizers.Adam(preset.learning_rate), jit_compile=False)
    history = vae.fit(digits.images, batch_size=64, epochs=5, verbose=0).history
    assert history["mse"][-1] < 0.75 * history["mse"][0]
