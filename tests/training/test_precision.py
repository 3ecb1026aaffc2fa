import timeit

import pytest
import tensorflow as tf

from keras_vae.presets import get_preset
from keras_vae.training import precision
from keras_vae.training.precision import precision_for

FAST, SLOW = {"float32": 1.0, "bfloat16": 0.5}, {"float32": 1.0, "bfloat16": 0.9}


@pytest.fixture
def device(monkeypatch):
    """A device whose products take given times; other work may slow those of the first seconds."""

    def make(times, busy_until=0.0, slowdown=20.0):
        now = [0.0]

        def product(dtype):
            def run():
                now[0] += times[dtype] * (slowdown if now[0] < busy_until else 1.0)

            return run

        def seconds(work, number):
            start = now[0]
            work()
            return now[0] - start

        monkeypatch.setattr(precision, "_product", product)
        monkeypatch.setattr(timeit, "timeit", seconds)

    return make


@pytest.mark.parametrize(
    ("preset", "times", "chosen"),
    [
        ("celeba", FAST, "mixed_bfloat16"),
        ("mnist-best", FAST, "mixed_bfloat16"),
        ("celeba", SLOW, "float32"),
        ("mnist", FAST, "float32"),
    ],
)
def test_bfloat16_is_for_convolutions_where_it_is_clearly_faster(preset, times, chosen, device):
    device(times)
    assert precision_for(get_preset(preset)) == chosen


@pytest.mark.parametrize("busy_until", [10.0, 100.0])
def test_other_work_on_the_machine_does_not_choose(device, busy_until):
    device(SLOW, busy_until)
    assert precision.fastest_precision() == "float32"


def test_each_product_is_computed_in_its_precision():
    for dtype in (tf.float32, tf.bfloat16):
        assert precision._product(dtype.name)().dtype == dtype.as_numpy_dtype
