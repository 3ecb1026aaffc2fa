import keras
import numpy as np
import pytest

from keras_vae.presets import get_preset
from keras_vae.training import trainer as training
from keras_vae.training.averaging import averaged_weights
from keras_vae.training.run_directory import RunConfig

MOMENTUM = 0.8
PRESET = get_preset("digits").override(
    hidden=(16,), latent_dim=3, epochs=2, batch_size=128, decay="constant", ema_momentum=MOMENTUM
)


class Weights(keras.callbacks.Callback):
    """Keeps the first bias of the decoder after each step, and what a validation sees."""

    def __init__(self):
        super().__init__()
        self.seen, self.validated = [], []

    def bias(self):
        return keras.ops.convert_to_numpy(self.model.decoder.trainable_variables[1]).copy()

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(self.bias())

    def on_test_batch_end(self, batch, logs=None):
        self.validated.append(self.bias())


@pytest.fixture(scope="module")
def trained(digits, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "_steps_at_once", lambda preset, steps: 1)
        weights = Weights()
        config = RunConfig(PRESET, "digits", seed=0)
        path = tmp_path_factory.mktemp("runs") / "averaged"
        return training.train(config, digits, path, callbacks=[weights]), weights


def averages(seen):
    average = seen[0]
    for each in seen[1:]:
        average = MOMENTUM * average + (1 - MOMENTUM) * each
    return average


@pytest.mark.slow
def test_the_average_is_validated_and_the_best_while_the_last_goes_on_with_the_weights(trained):
    run, weights = trained
    half = len(weights.seen) // 2
    for seen, validated in ((weights.seen[:half], 0), (weights.seen, -1)):
        np.testing.assert_allclose(weights.validated[validated], averages(seen), atol=1e-6)
    last, best = (keras.models.load_model(file) for file in (run.last, run.best))
    assert run.best_epoch() == 2
    bias = best.decoder.trainable_variables[1]
    np.testing.assert_allclose(bias, averages(weights.seen), atol=1e-6)
    np.testing.assert_array_equal(last.decoder.trainable_variables[1], weights.seen[-1])


def test_the_weights_come_back_to_the_bit(trained):
    run, _ = trained
    vae = keras.models.load_model(run.last)
    before = vae.get_weights()
    with averaged_weights(vae):
        assert any((a != b).any() for a, b in zip(vae.get_weights(), before, strict=True))
    for weights in zip(vae.get_weights(), before, strict=True):
        np.testing.assert_array_equal(*weights)


def test_before_the_first_step_there_is_no_average(digits):
    """Keras's averages are zeros then: an initialized model was measured with these."""
    vae = training.new_vae(RunConfig(PRESET, "digits"), digits)
    vae.optimizer.build(vae.trainable_variables)
    before = vae.get_weights()
    with averaged_weights(vae):
        for weights in zip(vae.get_weights(), before, strict=True):
            np.testing.assert_array_equal(*weights)


def test_without_an_average_nothing_changes(digits):
    vae = training.new_vae(RunConfig(PRESET.override(ema_momentum=0.0), "digits"), digits)
    before = vae.get_weights()
    with averaged_weights(vae):
        for weights in zip(vae.get_weights(), before, strict=True):
            np.testing.assert_array_equal(*weights)
