import numpy as np
import pytest

from keras_vae.experiments.coverage import code_spread, prior_coverage

CODES = np.random.default_rng(5).standard_normal((2000, 2))


def test_draws_of_the_prior_cover_it():
    assert prior_coverage(CODES) == pytest.approx(0.99, abs=0.01)


def test_codes_that_leave_the_prior_cover_less():
    half = CODES[CODES[:, 0] > 0]
    assert 0.5 < prior_coverage(half) < 0.7  # codes at the border cover a little beyond it
    assert prior_coverage(CODES + 20) == 0.0
    assert prior_coverage(CODES * 0.1) < 0.3


def test_wide_codes_with_gaps_cover_less():
    assert prior_coverage(CODES * 30) < 0.5


def test_spread_is_that_of_a_coordinate_wherever_the_codes_lie():
    assert code_spread(CODES * [3.0, 4.0] + 7) == pytest.approx(np.sqrt(12.5), rel=0.05)
