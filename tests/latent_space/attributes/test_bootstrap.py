import numpy as np
import pytest

from keras_vae.latent_space.attributes import Attributes, contributions, cosines
from keras_vae.latent_space.attributes.comparison import standard_errors
from keras_vae.latent_space.attributes.fitting import bootstrap_multipliers


def test_intervals_cover_the_true_products_nine_times_in_ten():
    rng = np.random.default_rng(0)
    shifts = rng.normal(size=(2, 4))
    dot, cosine = (shifts @ shifts.T)[0, 1], cosines(shifts)[0, 1]
    covered = []
    for _ in range(100):
        labels = rng.random((400, 2)) < 0.4
        z = rng.normal(size=(400, 4)) + labels @ shifts
        fitted = Attributes.fit(z, labels, ("a", "b"))
        (entry,) = contributions(fitted, "a")
        low, high = entry.dot_interval
        covered.append((low <= dot <= high, entry.cosine_interval[0] <= cosine))
        assert low < entry.dot < high
        assert high - low < 3  # wide enough to say something, |dot| being of the order of 1
    assert (np.mean(covered, axis=0) >= 0.9).all()


@pytest.mark.parametrize("method", ["mean", "logistic"])
@pytest.mark.parametrize("balance", [(), ("b",)])
def test_one_matrix_product_agrees_with_fitting_again_and_again(method, balance):
    rng = np.random.default_rng(1)
    labels = rng.random((600, 2)) < [0.3, 0.5]
    z = rng.normal(size=(600, 3)) @ rng.normal(size=(3, 3)) + labels @ rng.normal(size=(2, 3))
    options = {"method": method, "balance": balance}
    fitted = Attributes.fit(z, labels, ("a", "b"), **options)
    again = []
    for _ in range(60):
        rows = rng.integers(0, 600, 600)
        again.append(Attributes.fit(z[rows], labels[rows], ("a", "b"), **options).directions)
    dot_errors, cosine_errors = standard_errors(np.array(again))
    np.testing.assert_allclose(fitted.dot_errors, dot_errors, rtol=0.3)
    assert fitted.cosine_errors[0, 1] == pytest.approx(cosine_errors[0, 1], rel=0.3)


def test_a_direction_is_always_along_itself(study):
    z, labels, _ = study
    fitted = Attributes.fit(z, labels, ("Male", "Smiling", "Young"))
    np.testing.assert_array_equal(np.diag(fitted.cosine_errors), 0)
    np.testing.assert_allclose(fitted.dot_errors, fitted.dot_errors.T, rtol=1e-4)
    assert (np.diag(fitted.dot_errors) > 0).all()


def test_an_image_is_resampled_once_on_average():
    multipliers = bootstrap_multipliers(1000, resamples=500)
    assert multipliers.shape == (500, 1000)
    assert multipliers.mean() == pytest.approx(0, abs=0.01)
    assert multipliers.var() == pytest.approx(1, abs=0.01)
    assert multipliers.min() == -1
