import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from keras_vae.latent_space import priors
from keras_vae.latent_space.priors import (
    GaussianMixturePrior,
    fewest_images,
    fit_prior,
    sample_normal,
)


@pytest.fixture(scope="module")
def planted():
    """Two correlated Gaussians in three dimensions, a quarter and three quarters of the mass."""
    scale = np.array([[[1, 0, 0], [0.5, 0.4, 0], [0, 0, 2]], [[0.3, 0, 0], [0, 1, 0], [0, -1, 1]]])
    means = np.array([[-4, 0, 1], [3, 1, 0]])
    weights = np.array([0.25, 0.75])
    return GaussianMixturePrior(*(part.astype(np.float32) for part in (weights, means, scale)))


def drawn(prior, count, seed=0):
    """Latents of a mixture, float32 [count, L]."""
    rng = np.random.default_rng(seed)
    component = rng.choice(prior.components, count, p=prior.weights)
    epsilon = rng.standard_normal((count, prior.latent_dim), np.float32)
    moved = np.einsum("nij,nj->ni", prior.scale_tril[component], epsilon)
    return prior.means[component] + moved


def test_density_is_scikit_learns(planted):
    z = drawn(planted, 500, seed=2).astype(np.float64)
    mixture = GaussianMixture(3, random_state=0).fit(z)
    scale = np.linalg.cholesky(mixture.covariances_)
    ours = GaussianMixturePrior(mixture.weights_, mixture.means_, scale)
    np.testing.assert_allclose(ours.log_prob(z), mixture.score_samples(z), rtol=1e-9)


def test_fit_finds_what_was_planted(planted):
    fitted = GaussianMixturePrior.fit(drawn(planted, 20_000, seed=3), 2)
    order = np.argsort(fitted.means[:, 0])
    np.testing.assert_allclose(fitted.weights[order], planted.weights, atol=0.01)
    np.testing.assert_allclose(fitted.means[order], planted.means, atol=0.08)
    np.testing.assert_allclose(fitted.scale_tril[order], planted.scale_tril, atol=0.08)
    assert fitted.scale_tril.dtype == np.float32


def test_held_out_latents_choose_the_number_of_components(planted, monkeypatch):
    monkeypatch.setattr(priors, "COMPONENTS", (1, 2, 12))
    z = drawn(planted, 1_000, seed=4)
    seen = []
    fit = fit_prior(z, progress=lambda *step: seen.append(step))
    assert fit.prior.components == 2
    assert (fit.latents, fit.held_out) == (900, 100)
    assert seen == [(0, 15), (1, 15), (3, 15)]
    # Near the entropy of what was planted, and far above N(0, I).
    assert fit.log_prob == pytest.approx(planted.log_prob(z).mean(), abs=0.3)
    standard = -0.5 * np.square(z).sum(axis=1).mean() - 1.5 * np.log(2 * np.pi)
    assert fit.normal_log_prob == pytest.approx(standard, abs=1.5)
    assert fit.log_prob > fit.normal_log_prob + 3


def test_few_latents_are_given_few_components(planted):
    assert fit_prior(drawn(planted, 100)).prior.components == 1  # 90 to fit: no 5 × 20
    assert fit_prior(drawn(planted, 21)) is None
    wide = np.random.default_rng(0).standard_normal((100, 95))
    assert fit_prior(wide) is None  # 90 latents span no covariance of 95 dimensions


@pytest.mark.parametrize("latent_dim", [2, 30])
def test_the_fewest_images_of_a_prior_are_known(latent_dim):
    z = np.random.default_rng(0).normal(size=(fewest_images(latent_dim), latent_dim))
    assert fit_prior(z).prior.components == 1
    assert fit_prior(z[1:]) is None


def test_the_fit_repeats(planted):
    z = drawn(planted, 120, seed=5)  # enough for 5 components
    first, second = fit_prior(z), fit_prior(z)
    np.testing.assert_array_equal(first.prior.scale_tril, second.prior.scale_tril)
    assert first.facts() == second.facts()


def test_a_file_has_the_covariances_of_a_fit_in_float16(planted, tmp_path):
    fitted = GaussianMixturePrior.fit(drawn(planted, 500), 2)
    for name, prior, stored in (("fit", fitted, np.float16), ("own", planted, np.float32)):
        prior.save(tmp_path / f"{name}.npz")
        assert np.load(tmp_path / f"{name}.npz")["scale_tril"].dtype == stored
        loaded = GaussianMixturePrior.load(tmp_path / f"{name}.npz")
        assert loaded.scale_tril.dtype == np.float32
        np.testing.assert_array_equal(loaded.sample([3, 4, 5]), prior.sample([3, 4, 5]))


def test_covariances_beyond_float16_stay_what_they_are(planted):
    z = drawn(planted, 500).astype(np.float64) * 1e6
    fitted = GaussianMixturePrior.fit(z, 1)
    np.testing.assert_allclose(np.std(fitted.sample(range(2000)), 0), np.std(z, 0), rtol=0.1)
    assert fitted.stored_scale_tril.dtype == np.float32


@pytest.mark.parametrize("shape", [(3, 3, 4), (2, 4, 4), (3, 4)])
def test_shapes_must_fit(shape):
    with pytest.raises(ValueError, match=r"\[K\], \[K, L\] and \[K, L, L\]"):
        GaussianMixturePrior(np.ones(3) / 3, np.zeros((3, 4)), np.zeros(shape))


def test_a_temperature_beyond_float32_is_refused_without_a_warning(recwarn):
    with pytest.raises(ValueError, match="`temperature` must be finite"):
        sample_normal([1], 2, 1e300)
    assert not recwarn.list


@pytest.mark.parametrize(
    ("name", "value"),
    [("weights", 1e300), ("weights", -1), ("means", np.nan), ("scale_tril", 1e39)],
)
def test_numbers_that_no_prior_has_are_refused_by_name(name, value, tmp_path, recwarn):
    arrays = {"weights": np.ones(1), "means": np.zeros((1, 2)), "scale_tril": np.eye(2)[None]}
    GaussianMixturePrior(**arrays)
    np.savez(tmp_path / "prior.npz", **arrays | {name: np.full_like(arrays[name], value)})
    with pytest.raises(ValueError, match=rf"prior\.npz holds no fitted prior: `{name}` must be"):
        GaussianMixturePrior.load(tmp_path / "prior.npz")
    assert not recwarn.list
