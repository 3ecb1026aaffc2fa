import numpy as np
import pytest

from keras_vae.plotting import number_label, step_labels, sweep

MINUS = "\N{MINUS SIGN}"


def test_a_strip_and_its_animation_label_a_step_alike():
    steps = (-3.0, -1.5, 0.0, 1.0, 3.0)
    strip, frames = (
        step_labels(steps),
        dict(zip(sweep(steps), step_labels(sweep(steps)), strict=True)),
    )
    assert strip == [f"n = {MINUS}3", f"n = {MINUS}1.5", "n = 0", "n = 1", "n = 3"]
    assert [frames[step] for step in steps] == strip
    assert frames[0.25] == "n = 0.25"


@pytest.mark.parametrize(
    ("steps", "numbers"),
    [
        (np.linspace(0, 1, 4), ["0", "0.33", "0.67", "1"]),
        ((1.2345, 1.2346), ["1.2345", "1.2346"]),
        ((0.125, 3), ["0.125", "3"]),
        ((1 / 3,), ["0.33"]),
        (np.linspace(0, 1, 25)[:3], ["0", "0.04", "0.08"]),
        ((-0.0, -0.001, 7), ["0", f"{MINUS}0.001", "7"]),
        ((2.0, 2.0), ["2", "2"]),
    ],
)
def test_numbers_are_rounded_only_as_far_as_their_distance_allows(steps, numbers):
    assert step_labels(steps, "t") == [f"t = {number}" for number in numbers]


@pytest.mark.parametrize("ends", [(-3, 3), (0, 0.01), (-1, 1.5), (-700, 100)])
def test_no_two_steps_of_a_sweep_have_one_label(ends):
    labels = step_labels(sweep(ends))
    assert len(set(labels)) == len(labels)


def test_a_step_has_a_second_line_where_there_is_a_note():
    labels = step_labels((-1, 0.0, 2), notes={0: "seed 7"})
    assert labels == [f"n = {MINUS}1", "n = 0\n(seed 7)", "n = 2"]


def test_numbers_have_a_true_minus_sign_and_zero_has_none():
    assert number_label(-0.5) == f"{MINUS}0.5"
    assert number_label(-0.001, ".2f") == "0.00"
    assert number_label(3) == "3"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_steps_are_finite(value):
    with pytest.raises(ValueError, match=f"`steps` must be finite. Received: {value}"):
        step_labels([0, value, 1 / 3])
    with pytest.raises(ValueError, match=f"`values` must be finite. Received: {value}"):
        sweep([0, value])


def test_labels_of_numbers_too_large_to_be_multiplied_end():
    assert step_labels([1e308, 1 / 3]) == ["n = 1e+308", "n = 0.33"]


def test_a_sweep_needs_a_value():
    with pytest.raises(ValueError, match="`values` must hold at least one value"):
        sweep([])
