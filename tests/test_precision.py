import pytest

from keras_vae import precision
from keras_vae.precision import precision_for
from keras_vae.presets import get_preset

TIMES = {"fast": {"float32": 1.0, "bfloat16": 0.5}, "slow": {"float32": 1.0, "bfloat16": 0.9}}


@pytest.mark.parametrize(
    ("preset", "bfloat16", "chosen"),
    [
        ("celeba", "fast", "mixed_bfloat16"),
        ("mnist-best", "fast", "mixed_bfloat16"),
        ("celeba", "slow", "float32"),
        ("mnist", "fast", "float32"),
    ],
)
def test_bfloat16_is_for_convolutions_where_it_is_clearly_faster(
    preset, bfloat16, chosen, monkeypatch
):
    monkeypatch.setattr(precision, "_seconds_of_a_product", TIMES[bfloat16].get)
    assert precision_for(get_preset(preset)) == chosen


def test_a_product_takes_time_in_either_precision():
    for dtype in ("float32", "bfloat16"):
        assert 0 < precision._seconds_of_a_product(dtype) < 10
