import math
import time

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import multivariate_normal

from keras_vae.evaluation import likelihood
from keras_vae.evaluation.checkpoint import Checkpoint
from keras_vae.evaluation.likelihood import (
    EVIDENCE,
    FITTED,
    RECONSTRUCTION,
    VARIANCE,
    sample_weights,
    summarize,
)
from keras_vae.export.mixture import Mixture
from keras_vae.latent_space.priors import GaussianMixturePrior
from keras_vae.presets import get_preset

rng = np.random.default_rng(0)

PIXELS, LATENT, SIGMA = 6, 2, 0.2


class LinearGaussian:
    """x = Wz + b + σε, z ~ N(0, I): a model whose log p(x) and posterior are known."""

    image_shape = (2, 3, 1)
    latent_dim = LATENT

    def __init__(self):
        self.weights = rng.normal(scale=0.15, size=(PIXELS, LATENT))
        self.offset = np.full(PIXELS, 0.5)
        z = rng.normal(size=(60, LATENT))
        x = z @ self.weights.T + self.offset + SIGMA * rng.normal(size=(60, PIXELS))
        self.images = np.rint(255 * x.clip(0, 1)).astype(np.uint8).reshape(-1, 2, 3, 1)
        self.calls = 0
        self.prior = None  # a fitted one

    def has_prior(self, name):
        """What `SavedModel.has_prior` returns."""
        return name == "normal" or self.prior is not None

    @property
    def vectors(self):
        """The images as vectors in [0, 1]."""
        return self.images.reshape(-1, PIXELS) / 255

    def log_evidence(self, mean=0.0, scale=np.eye(LATENT)):  # noqa: B008
        """The exact log p(x), z ~ N(mean, scale scaleᵀ)."""
        factor = self.weights @ scale
        covariance = factor @ factor.T + SIGMA**2 * np.eye(PIXELS)
        center = self.offset + self.weights @ (np.zeros(LATENT) + mean)
        return multivariate_normal(center, covariance).logpdf(self.vectors)

    def posterior(self, widened=1.0):
        """The exact posterior where W's columns are orthogonal; else the mean-field one."""
        precision = np.eye(LATENT) + self.weights.T @ self.weights / SIGMA**2
        mean = np.linalg.solve(
            precision, self.weights.T @ (self.vectors - self.offset).T / SIGMA**2
        ).T
        log_var = np.log(widened / np.diag(precision)) * np.ones_like(mean)
        return mean.astype(np.float32), log_var.astype(np.float32)

    def endpoint(self, name):
        """What `SavedModel.endpoint` returns."""
        if name == "log_prior_gmm":
            mixture = Mixture(self.prior)

            def log_prior(z):
                flat = mixture.log_prob(tf.reshape(z, (-1, LATENT)))
                return {"log_prior": tf.reshape(flat, tf.shape(z)[:2])}

            return log_prior
        assert name == "log_likelihood"

        def log_likelihood(image, z):
            tf.py_function(self.count, [], [])
            x = tf.reshape(tf.cast(image, tf.float32) / 255.0, (-1, 1, PIXELS))
            mean = tf.linalg.matmul(z, self.weights.T.astype(np.float32)) + 0.5
            square = tf.reduce_sum(tf.square((x - mean) / SIGMA), axis=-1)
            nats = -0.5 * (square + PIXELS * math.log(2 * math.pi * SIGMA**2))
            return {"log_likelihood": nats}

        return log_likelihood

    def count(self):
        """Count a call."""
        self.calls += 1


@pytest.fixture
def model():
    return LinearGaussian()


def test_log_p_of_a_linear_gaussian_model_is_met_within_two_standard_errors(model):
    weights = sample_weights(model, model.images, model.posterior(1.5), 2000)
    error = math.sqrt(weights[:, VARIANCE].sum()) / len(weights)
    assert error < 0.005
    difference = weights[:, EVIDENCE].mean() - model.log_evidence().mean()
    assert abs(difference) < 2 * error


def repeated(model, times, samples, widened):
    """The weights of every image, `times` over with other noise: [times, N, 3]."""
    images = np.tile(model.images, (times, 1, 1, 1))
    posterior = [np.tile(array, (times, 1)) for array in model.posterior(widened)]
    return sample_weights(model, images, posterior, samples).reshape(times, -1, 4)


def test_the_monte_carlo_error_is_the_standard_deviation_over_samples(model):
    runs = repeated(model, times=30, samples=200, widened=1.5)
    scatter = runs[..., EVIDENCE].var(axis=0, ddof=1).mean()
    assert runs[..., VARIANCE].mean() == pytest.approx(scatter, rel=0.15)


def test_log_p_under_a_fitted_prior_is_met_within_two_standard_errors(model):
    means, scales = rng.normal(size=(2, LATENT)), np.array([[[0.5, 0], [0.3, 0.8]], np.eye(2)])
    weights = np.array([0.3, 0.7])
    model.prior = GaussianMixturePrior(
        *(part.astype(np.float32) for part in (weights, means, scales))
    )
    each = [model.log_evidence(*part) for part in zip(means, scales, strict=True)]
    expected = np.logaddexp.reduce(np.log(weights)[:, None] + each)
    runs = repeated(model, times=30, samples=1000, widened=3.0)[..., FITTED]
    error = runs.std(axis=0, ddof=1) / math.sqrt(30)
    assert error.mean() < 0.02
    assert np.sqrt(np.mean(((runs.mean(axis=0) - expected) / error) ** 2)) < 2


def test_a_fitted_prior_equal_to_the_normal_one_changes_nothing(model):
    one = GaussianMixturePrior(
        np.ones(1, np.float32), np.zeros((1, LATENT), np.float32), np.eye(LATENT, dtype="f4")[None]
    )
    model.prior = one
    weights = sample_weights(model, model.images, model.posterior(1.5), 50)
    np.testing.assert_allclose(weights[:, FITTED], weights[:, EVIDENCE], rtol=1e-5)


def test_a_model_without_a_fitted_prior_has_no_such_number(model):
    weights = sample_weights(model, model.images, model.posterior(), 5)
    assert np.isnan(weights[:, FITTED]).all()
    found = summarize(weights, KL.repeat(30), 5, get_preset("mnist"))
    assert found.nll_fitted_prior is None


def test_the_exact_posterior_needs_one_sample(model):
    model.weights[:3, 1] = model.weights[3:, 0] = 0.0  # orthogonal columns: it factorises
    weights = sample_weights(model, model.images, model.posterior(), 2)
    np.testing.assert_allclose(weights[:, EVIDENCE], model.log_evidence(), atol=1e-4)
    assert weights[:, VARIANCE].max() < 1e-8


def test_the_bound_tightens_with_more_samples(model):
    bounds = [
        repeated(model, times=5, samples=samples, widened=3.0)[..., EVIDENCE].mean()
        for samples in (1, 4, 16, 256)
    ]
    assert bounds == sorted(bounds)
    assert bounds[0] < bounds[-1] - 0.3
    assert bounds[-1] == pytest.approx(model.log_evidence().mean(), abs=0.02)


@pytest.mark.parametrize("chunk", [1, 1500, 10**6])
def test_what_is_decoded_at_once_changes_nothing(model, monkeypatch, chunk):
    expected = sample_weights(model, model.images, model.posterior(), 250)
    monkeypatch.setattr(likelihood, "CHUNK", chunk)
    received = sample_weights(model, model.images, model.posterior(), 250)
    np.testing.assert_allclose(received, expected, rtol=1e-5, atol=1e-6)


def test_an_images_noise_is_its_own(model):
    rows = np.array([3, 17, 40])
    whole = sample_weights(model, model.images, model.posterior(), 30, seed=5)
    part = [array[rows] for array in model.posterior()]
    some = sample_weights(model, model.images[rows], part, 30, seed=5, keys=rows)
    np.testing.assert_allclose(some, whole[rows], rtol=1e-5)
    other = sample_weights(model, model.images[rows], part, 30, seed=6, keys=rows)
    assert np.abs(other - some).min(axis=0)[EVIDENCE] > 1e-6


@pytest.mark.parametrize(("samples", "sizes"), [(1, [1]), (100, [100]), (101, [51, 50])])
def test_blocks_hold_every_sample_once(samples, sizes):
    np.testing.assert_array_equal(likelihood._block_sizes(samples), sizes)


def test_samples_beyond_the_number_have_no_weight(model):
    """101 samples in two blocks of 51: the mean is over 101, not over 102."""
    weights = sample_weights(model, model.images, model.posterior(), 101)
    table = np.concatenate([_block(model, 0), _block(model, 1)[:, :-1]], axis=1)
    np.testing.assert_allclose(-weights[:, RECONSTRUCTION], table.mean(axis=1), rtol=1e-5)


def _block(model, number, size=51):
    """The log p(x|z) of a block's samples, made by hand."""
    mean, log_var = model.posterior()
    seeds = [[0, (image << 32) + number] for image in range(len(mean))]
    noise = [
        tf.random.stateless_normal([size, LATENT], tf.constant(seed, tf.int64), alg="philox")
        for seed in seeds
    ]
    z = mean[:, None] + np.exp(0.5 * log_var)[:, None] * np.stack(noise)
    return model.endpoint("log_likelihood")(model.images, z)["log_likelihood"].numpy()


def test_an_interrupted_evaluation_resumes(model, tmp_path, monkeypatch):
    monkeypatch.setattr("keras_vae.evaluation.checkpoint.EVERY", 0.0)
    monkeypatch.setattr(likelihood, "CHUNK", PIXELS * 100)  # an image at a time
    expected = sample_weights(model, model.images, model.posterior(), 100)
    whole, model.calls = model.calls, 0

    def interrupted(done, total):
        if done == 20:
            raise KeyboardInterrupt

    checkpoint = Checkpoint(tmp_path / "partial.npz", "key", time.monotonic() - 1000.0)
    arguments = (model, model.images, model.posterior(), 100)
    with pytest.raises(KeyboardInterrupt):
        sample_weights(*arguments, checkpoint=checkpoint, progress=interrupted)
    model.calls, seen = 0, []
    checkpoint = Checkpoint(checkpoint.path, "key")
    resumed = sample_weights(
        *arguments, checkpoint=checkpoint, progress=lambda done, total: seen.append(done)
    )
    np.testing.assert_allclose(resumed, expected, rtol=1e-6)
    assert (whole, model.calls) == (60, 40)
    assert seen == list(range(21, 61))
    assert checkpoint.seconds > 1000
    checkpoint.remove()
    assert not checkpoint.path.exists()


def test_the_checkpoint_of_something_else_is_refused(model, tmp_path, monkeypatch):
    monkeypatch.setattr("keras_vae.evaluation.checkpoint.EVERY", 0.0)
    path = tmp_path / "partial.npz"
    Checkpoint(path, "mine").save(np.zeros((4, 3)))
    assert not Checkpoint(path, "mine").load((4, 3)).any()
    with pytest.raises(ValueError, match="belongs to another evaluation"):
        Checkpoint(path, "yours").load((4, 3))
    path.write_text("no archive")
    with pytest.raises(ValueError, match="not the checkpoint"):
        Checkpoint(path, "mine").load((4, 3))


def test_a_sample_is_required(model):
    with pytest.raises(ValueError, match=r"`samples` must be at least 1\. Received: 0"):
        sample_weights(model, model.images, model.posterior(), 0)


@pytest.mark.slow
def test_the_endpoint_of_an_exported_model_is_what_is_measured(exported, digits):
    model, images = exported(), digits.images[:7]
    z_mean, _ = model.encode(images)
    narrow = np.full_like(z_mean, -60.0)  # every sample is z_mean
    weights = sample_weights(model, images, (z_mean, narrow), 3)
    expected = -model.log_likelihood(images, z_mean[:, None])[:, 0]
    np.testing.assert_allclose(weights[:, RECONSTRUCTION], expected, rtol=1e-5)


WEIGHTS = np.array([[-95.0, 0.25, 80.0, -94.0], [-105.0, 0.25, 90.0, -103.0]])
KL = np.array([20.0, 30.0])


def test_the_summary_adds_up():
    found = summarize(WEIGHTS, KL, 5, get_preset("mnist-iwae"))
    assert found.elbo == found.reconstruction + found.kl == 85.0 + 25.0
    assert found.elbo_error == pytest.approx(10.0)  # of 100 and 120
    assert found.nll == 100.0
    assert found.nll_error == pytest.approx(5.0)
    assert found.nll_monte_carlo_error == pytest.approx(math.sqrt(0.5) / 2)
    assert found.nll_fitted_prior == 98.5
    assert found.nll_bits_per_dimension == pytest.approx(100 / 784 / math.log(2))
    assert found.effective_samples == pytest.approx(2.5)


def test_there_are_no_bits_of_gray_levels_as_probabilities():
    found = summarize(WEIGHTS, KL, 5, get_preset("mnist"))
    assert (found.kind, found.elbo, found.nll) == ("cross-entropy", 110.0, 100.0)
    assert (found.bits_per_dimension, found.nll_bits_per_dimension) == (None, None)


def test_a_weighted_loss_has_no_likelihood():
    preset = get_preset("mnist").override(likelihood="squared_error", beta=0.1)
    found = summarize(WEIGHTS, KL, 5, preset)
    assert found.elbo == pytest.approx(85.0 + 0.1 * 25.0)
    assert (found.kind, found.nll, found.bits_per_dimension) == (None, None, None)


def test_beta_is_no_part_of_the_elbo():
    assert summarize(WEIGHTS, KL, 5, get_preset("mnist").override(beta=4.0)).elbo == 110.0


def test_one_sample_has_no_monte_carlo_error(model):
    weights = sample_weights(model, model.images, model.posterior(), 1)
    found = summarize(weights, KL.repeat(30), 1, get_preset("mnist"))
    assert math.isnan(found.nll_monte_carlo_error)
