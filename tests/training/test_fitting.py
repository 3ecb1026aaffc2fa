import keras
import numpy as np
import pytest

from keras_vae.training.fitting import fit_from

STEPS = 3


class Told(keras.callbacks.Callback):
    """Notes the epochs, and what it is told of all."""

    def __init__(self):
        super().__init__()
        self.epochs = []

    def on_epoch_begin(self, epoch, logs=None):
        self.epochs.append((epoch + 1, self.params["epochs"]))


@pytest.mark.parametrize("step", [0, 1, STEPS])
def test_callbacks_are_told_of_all_epochs_also_where_one_is_finished_first(step):
    model, told = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]), Told()
    model.compile("sgd", "mse")

    def batches_from(epoch, step):
        while True:
            yield np.ones((2, 1)), np.ones((2, 1))

    begun = {"initial_epoch": 1, "initial_step": step}
    fit_from(model, batches_from, epochs=3, steps=STEPS, **begun, callbacks=[told])
    assert told.epochs == [(2, 3), (3, 3)]
