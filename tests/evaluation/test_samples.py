import numpy as np
import pytest
import scipy.linalg

from keras_vae.datasets.preprocessing import Preprocessing
from keras_vae.evaluation.extractors import Extractor
from keras_vae.evaluation.samples import (
    compare_features,
    fid,
    frechet_distance,
    kid,
    polynomial_mmd,
)


def gaussian(count, dimension=8, shift=0.0, seed=0):
    return np.random.default_rng(seed).standard_normal((count, dimension)) + shift


def test_fid_is_the_closed_form():
    rng = np.random.default_rng(0)
    x = rng.gamma(2.0, size=(300, 12)) @ rng.standard_normal((12, 12))
    y = rng.gamma(3.0, size=(200, 12)) @ rng.standard_normal((12, 12))
    covariances = [np.cov(values.T) for values in (x, y)]
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1]).real
    shift = np.square(x.mean(axis=0) - y.mean(axis=0)).sum()
    expected = shift + np.trace(covariances[0] + covariances[1] - 2 * root)
    assert fid(x, y) == pytest.approx(expected, rel=1e-9)
    assert fid(y, x) == pytest.approx(expected, rel=1e-9)


def test_fid_of_one_gaussian_falls_to_0_with_the_count():
    distances = [
        np.mean([fid(gaussian(n, seed=s), gaussian(n, seed=s + 100)) for s in range(5)])
        for n in (100, 400, 1600)
    ]
    assert distances[0] > 3 * distances[1] > 9 * distances[2] > 0  # ∝ 1 / n
    assert distances[2] < 0.05


def test_fid_of_the_same_features_is_0():
    x = gaussian(50, 80)  # fewer images than features: singular covariances
    assert fid(x, x) == pytest.approx(0.0, abs=1e-4)


def test_fid_of_a_shift_is_its_square():
    x = gaussian(500)
    assert fid(x, x + 0.7) == pytest.approx(8 * 0.49, rel=1e-9)


def test_frechet_distance_of_diagonal_covariances():
    sigma_1, sigma_2 = np.array([1.0, 2.0, 0.0]), np.array([3.0, 0.5, 0.0])
    distance = frechet_distance(
        np.zeros(3), np.diag(sigma_1**2), np.array([0.0, 0.0, 2.0]), np.diag(sigma_2**2)
    )
    assert distance == pytest.approx(4.0 + np.square(sigma_1 - sigma_2).sum())


def test_mmd_is_the_double_loop():
    x, y = gaussian(7, 5, seed=1), gaussian(7, 5, shift=0.5, seed=2)

    def kernel(a, b):
        return (a @ b / 5 + 1) ** 3

    within = sum(
        kernel(values[i], values[j]) / 42
        for values in (x, y)
        for i in range(7)
        for j in range(7)
        if i != j
    )
    across = sum(kernel(a, b) for a in x for b in y) / 49
    assert polynomial_mmd(x, y) == pytest.approx(within - 2 * across, rel=1e-12)


def test_kid_is_unbiased_and_its_error_is_honest():
    """Of equal distributions, over repeats: 0 on average, and as far off as the error says."""
    estimates = np.array(
        [kid(gaussian(200, seed=s), gaussian(300, seed=s + 1000)) for s in range(60)]
    )
    mean, error = estimates.T
    spread = mean.std()
    assert abs(mean.mean()) < 3 * spread / np.sqrt(60)
    assert np.sqrt(np.mean(error**2)) == pytest.approx(spread, rel=0.3)


def test_kid_separates_different_distributions():
    mean, error = kid(gaussian(500), gaussian(500, shift=0.3, seed=1))
    assert mean > 3 * error > 0
    exact, _ = kid(gaussian(10_000), gaussian(10_000, shift=0.3, seed=1))
    assert mean == pytest.approx(exact, abs=3 * error)


def test_kid_does_not_depend_on_the_order_of_images():
    """Sets sorted by class are mixed before they are cut into subsets."""
    x = np.sort(gaussian(400), axis=0)
    mean, error = kid(x, x[::-1])
    assert abs(mean) < 3 * error


def test_kid_needs_a_few_images():
    with pytest.raises(ValueError, match="19 generated and 50 real"):
        kid(gaussian(19), gaussian(50))


def test_quality_says_of_what_it_is():
    rng = np.random.default_rng(0)
    dark = rng.integers(0, 100, (40, 4, 4, 3), np.uint8)
    light = rng.integers(100, 200, (60, 4, 4, 3), np.uint8)
    mean_colour = Extractor(
        "mean colour", Preprocessing(None, low=0.0, high=1.0), lambda images: images
    )
    quality = compare_features(mean_colour(dark), mean_colour(light), mean_colour)
    assert quality.fid == pytest.approx(3 * (100 / 255) ** 2, rel=0.05)
    assert quality.kid > 5 * quality.kid_error
    assert (quality.count, quality.real_count) == (40, 60)
    assert quality.extractor == "mean colour"
    assert quality.preprocessing == "pixels in [0, 1]"
