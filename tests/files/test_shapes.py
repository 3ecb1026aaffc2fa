import pytest

from keras_vae.files.shapes import fits


@pytest.mark.parametrize(
    ("shape", "expected", "result"),
    [
        ((3, 4), (-1, 4), True),
        ((0, 4), (-1, 4), True),
        ((3, 5), (-1, 4), False),
        ((3,), (-1, 4), False),
        ((3, 4, 1), (-1, 4), False),
        ((), (), True),
    ],
)
def test_sides_of_any_length_fit(shape, expected, result):
    assert fits(shape, expected) is result
