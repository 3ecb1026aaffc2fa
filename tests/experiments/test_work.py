import pytest

from keras_vae.experiments.cell import training_work
from keras_vae.presets import PRESETS, get_preset


@pytest.mark.slow
@pytest.mark.parametrize("name", PRESETS)
def test_work_grows_with_epochs_and_images(name):
    preset = get_preset(name)
    base = training_work(preset, 0)
    one = training_work(preset.override(epochs=1), 100) - base
    assert training_work(preset.override(epochs=3), 200) - base == pytest.approx(6 * one)
