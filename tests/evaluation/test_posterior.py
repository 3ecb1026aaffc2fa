import numpy as np
import pytest

from keras_vae.evaluation.posterior import (
    active_units,
    collapse_warning,
    measure_posterior,
    remedies,
    squared_mmd,
)
from keras_vae.latent_space.arithmetic import kl_per_dimension
from keras_vae.presets import PRESETS, get_preset

rng = np.random.default_rng(0)
PRESET = get_preset("mnist")


@pytest.mark.parametrize("dim", [2, 50])
def test_samples_from_the_prior_are_at_distance_0(dim):
    scores = []
    for seed in range(20):
        mmd, error = squared_mmd(np.random.default_rng(seed).normal(size=(400, dim)))
        scores.append(mmd / error)
    assert abs(np.mean(scores)) < 3 / np.sqrt(20)  # unbiased
    assert np.max(np.abs(scores)) < 4


@pytest.mark.parametrize("scale", [1.0, 0.5, 2.0])
def test_other_samples_are_not(scale):
    shift = 0.5 if scale == 1.0 else 0.0
    mmd, error = squared_mmd(shift + scale * rng.normal(size=(1000, 10)))
    assert mmd > 8 * error


def test_the_means_under_the_prior_are_those_of_many_samples():
    z = 0.3 + 1.2 * rng.normal(size=(300, 3))
    prior = rng.normal(size=(1500, 3))

    def kernel(a, b):
        return np.exp(-np.square(a[:, None] - b[None]).sum(axis=-1) / (2 * 3))

    def others(matrix):
        return (matrix.sum() - np.trace(matrix)) / (len(matrix) * (len(matrix) - 1))

    expected = others(kernel(z, z)) + others(kernel(prior, prior)) - 2 * kernel(z, prior).mean()
    assert squared_mmd(z)[0] == pytest.approx(expected, abs=0.01)


def test_the_error_is_the_scatter_of_the_estimate():
    found = [
        squared_mmd(0.3 + np.random.default_rng(seed).normal(size=(300, 4))) for seed in range(60)
    ]
    values, errors = np.array(found).T
    assert errors.mean() == pytest.approx(values.std(ddof=1), rel=0.25)


def test_one_sample_has_no_distance():
    assert np.isnan(squared_mmd(np.zeros((1, 3)))).all()


def test_planted_active_units_are_counted():
    z_mean = rng.normal(size=(2000, 5)) * np.sqrt([1.0, 0.02, 0.005, 0.0, 0.5]) + 3.0
    assert active_units(z_mean) == 3


def test_kl_is_0_at_the_prior_and_kept_by_dimension():
    z_mean, z_log_var = np.array([[0.0, 2.0, 0.0]]), np.array([[0.0, 0.0, np.log(0.25)]])
    expected = [[0.0, 2.0, 0.5 * (0.25 - 1 - np.log(0.25))]]
    np.testing.assert_allclose(kl_per_dimension(z_mean, z_log_var), expected, rtol=1e-9)


def test_a_healthy_posterior():
    """z_mean ~ N(0, 1 − s²) and σ = s: together they are the prior."""
    s = 0.3
    z_mean = rng.normal(scale=np.sqrt(1 - s**2), size=(4000, 6))
    found = measure_posterior(z_mean, np.full_like(z_mean, 2 * np.log(s)), PRESET)
    assert (found.active_units, found.warning, found.mmd_samples) == (6, None, 3000)
    assert abs(found.mmd) < 4 * found.mmd_error
    assert np.mean(found.kl_per_dimension) == pytest.approx(-np.log(s), rel=0.02)


def test_collapse_is_reported_with_the_settings_that_help():
    collapsed = np.zeros((100, 10))
    collapsed[:, 0] = rng.normal(size=100)
    warning = measure_posterior(collapsed, np.zeros_like(collapsed), PRESET).warning
    assert "9 of 10 dimensions are inactive" in warning
    assert warning.endswith(
        "Train with `free_bits=0.1`, or `annealing='linear'` and `annealing_steps=2000`, or "
        "`beta=0.5`."
    )
    turned = PRESET.override(free_bits=0.1, annealing="linear", annealing_steps=100)
    assert collapse_warning(1, 10, turned).endswith("Train with `beta=0.5`.")
    assert "`weight=4000.0`" in collapse_warning(1, 10, get_preset("celeba-foster"))
    assert collapse_warning(5, 10, PRESET) is None


TIGHTER = get_preset("mnist-iwae").override(importance_samples=5)


@pytest.mark.parametrize(
    "preset",
    [
        *PRESETS.values(),
        TIGHTER,
        TIGHTER.override(annealing="constant"),
        TIGHTER.override(likelihood="mean_squared_error"),
    ],
)
def test_a_preset_takes_each_setting_that_is_recommended(preset):
    for changes in remedies(preset):
        assert preset.override(**changes) != preset


def test_settings_that_the_bound_does_not_have_are_not_recommended():
    assert collapse_warning(1, 10, TIGHTER).endswith("is at most 0.01).")
    assert remedies(TIGHTER.override(annealing="constant")) == [
        {"annealing": "linear", "annealing_steps": 2_000}
    ]
