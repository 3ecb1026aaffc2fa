import math

import numpy as np
import pytest

from keras_vae.experiments.verdicts import (
    CONFIRMED,
    DIRECTION,
    REFUTED,
    difference,
    interval,
    judge,
    lower,
    near,
    with_interval,
)


@pytest.mark.parametrize(
    ("whole", "direction", "verdict"),
    [
        (True, False, CONFIRMED),
        (True, True, CONFIRMED),
        (False, True, DIRECTION),
        (False,) * 2 + (REFUTED,),
    ],
)
def test_a_claim_holds_as_a_whole_in_direction_or_not(whole, direction, verdict):
    assert judge(whole, direction) == verdict


def test_near_is_a_share_of_the_claimed_number():
    assert near(102.9, 100)
    assert not near(103.1, 100)
    assert near(-97.1, -100)


def test_the_interval_is_students():
    mean, half = interval([1.0, 2.0, 3.0])
    assert mean == 2.0
    assert half == pytest.approx(4.302653 / math.sqrt(3), rel=1e-5)  # t of two degrees of freedom


def test_intervals_hold_the_truth_as_often_as_they_say():
    draws = np.random.default_rng(0).normal(5.0, 2.0, (4000, 3))
    held = [abs(mean - 5.0) <= half for mean, half in map(interval, draws)]
    assert np.mean(held) == pytest.approx(0.95, abs=0.012)


def test_equal_distributions_are_seldom_told_apart():
    draws = np.random.default_rng(1).normal(size=(4000, 2, 3))
    assert np.mean([lower(a, b) for a, b in draws]) < 0.04


def test_a_gap_beyond_the_noise_is_told_and_one_within_is_not():
    assert lower([1.0, 1.1, 0.9], [2.0, 2.1, 1.9])
    assert not lower([2.0, 2.1, 1.9], [1.0, 1.1, 0.9])
    assert not lower([1.0, 1.5, 0.5], [1.1, 1.6, 0.6])


def test_one_seed_tells_nothing():
    assert difference([1.0], [2.0, 2.1]) == (pytest.approx(-1.05), math.inf)
    assert not lower([1.0], [200.0])
    assert with_interval([1.0]) == "1.00"
    assert with_interval([1.0, 2.0, 3.0], 1) == "2.0 ± 2.5"
