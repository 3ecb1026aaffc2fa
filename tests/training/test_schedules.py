import pytest

from keras_vae.presets import get_preset
from keras_vae.training.schedules import learning_rate, scale_learning_rate

PRESET = get_preset("digits").override(epochs=4)


@pytest.mark.parametrize(("decay", "last"), [("constant", 1e-3), ("cosine", 0.0)])
def test_the_rate_grows_over_the_warm_up_and_ends_where_the_decay_does(decay, last):
    preset = PRESET.override(decay=decay, learning_rate=1e-3, warmup_steps=20)
    schedule = learning_rate(preset, 25)  # of 4 epochs
    rates = [float(schedule(step)) for step in (0, 5, 20, 100)]
    assert rates == pytest.approx([0.0, 0.25e-3, 1e-3, last], abs=1e-9)


def test_the_rate_grows_with_the_batch_as_the_rule_says():
    larger = PRESET.override(batch_size=4 * PRESET.batch_size)
    rates = {
        rule: scale_learning_rate(larger, rule, PRESET.batch_size).learning_rate
        for rule in ("none", "linear", "sqrt")
    }
    assert rates == pytest.approx({"none": 1e-3, "linear": 4e-3, "sqrt": 2e-3})
    with pytest.raises(ValueError, match=r"`rule` must be one of none, linear, sqrt\. .*'cubic'"):
        scale_learning_rate(larger, "cubic", 32)
