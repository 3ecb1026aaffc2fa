import math

import keras
import numpy as np
import pytest

from keras_vae.datasets import ImageDataset
from keras_vae.datasets.binarization import binarize
from keras_vae.presets import get_preset
from keras_vae.training.recording import PREVIEWS, EpochRecorder, Recorder
from keras_vae.training.run_directory import Run, RunConfig
from keras_vae.training.stopping import EarlyStop


def test_pictures_show_the_pixels_that_are_trained_on(tmp_path):
    partition = (np.arange(40) % 2).astype(np.int8)
    grey = ImageDataset("grey", np.full((40, 8, 8, 1), 100, np.uint8), partition)
    preset = get_preset("mnist").override(image_size=(8, 8), binarization="static")
    recorder = Recorder(Run.create(tmp_path, RunConfig(preset, "grey")), grey, [])
    shown = grey.indices("validation")[:PREVIEWS]
    np.testing.assert_array_equal(recorder.originals, binarize(grey.images, "static")[shown])


class Recording(EpochRecorder):
    """Draws nothing."""

    def draw(self, epoch):
        """Draw nothing."""


@pytest.mark.parametrize(
    ("losses", "best"), [((math.nan, 3.0, 2.0), 3), ((math.nan,), 1), ((2.0, math.nan, 3.0), 1)]
)
def test_a_loss_that_is_no_number_is_never_the_best(tmp_path, losses, best):
    run = Run.create(tmp_path, RunConfig(get_preset("mnist"), "grey"))
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, name="epoch")])
    recorder = Recording(run, [])
    recorder.set_model(model)
    for epoch, loss in enumerate(losses):
        model.set_weights([np.full((1, 1), epoch + 1), np.zeros(1)])
        recorder.on_epoch_end(epoch, {"loss": 1.0, "val_loss": loss})
    kernel, _ = keras.models.load_model(run.best_weights()).get_weights()
    assert run.best_epoch() == kernel.item() == best
    patient = EarlyStop(2, run.history())
    assert patient.stalled == (len(losses) - best >= 2)
