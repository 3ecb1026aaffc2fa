import numpy as np
import pytest

from keras_vae.models.principal_components import PrincipalComponents


@pytest.fixture(scope="module")
def pixels():
    """A linear model of three latents and noise of standard deviation 0.1: [4000, 12]."""
    rng = np.random.default_rng(0)
    loadings = rng.standard_normal((3, 12)) * [[3.0], [2.0], [1.0]]
    z = rng.standard_normal((4000, 3))
    noise = 0.1 * rng.standard_normal((4000, 12))
    return (5.0 + z @ loadings + noise).astype(np.float32)


def test_the_posteriors_fill_the_prior(pixels):
    components = PrincipalComponents.of(pixels, pixels, 3)
    z_mean = pixels @ components.encoder_kernel + components.encoder_bias
    covariance = np.cov(z_mean.T) + np.diag(np.exp(components.log_variance))
    np.testing.assert_allclose(covariance, np.eye(3), atol=2e-3)
    np.testing.assert_allclose(z_mean.mean(axis=0), 0.0, atol=1e-4)


def test_a_posterior_is_that_of_the_linear_model(pixels):
    """Bayes by hand: with x = Wz + μ + σε the posterior has precision I + WᵀW/σ²."""
    components = PrincipalComponents.of(pixels, pixels, 3)
    weights, noise = components.decoder_kernel.T, 0.1**2
    precision = np.eye(3) + weights.T @ weights / noise
    np.testing.assert_allclose(
        np.exp(components.log_variance), np.diag(np.linalg.inv(precision)), rtol=0.05
    )
    expected = np.linalg.solve(precision, weights.T @ (pixels - pixels.mean(0)).T / noise).T
    z_mean = pixels @ components.encoder_kernel + components.encoder_bias
    np.testing.assert_allclose(z_mean, expected, atol=0.01)


def test_the_decoder_is_the_least_squares_regression_on_z(pixels):
    logits = np.tanh(pixels / 5.0)
    components = PrincipalComponents.of(pixels, logits, 3)
    rng = np.random.default_rng(1)
    z = pixels @ components.encoder_kernel + components.encoder_bias
    z += np.exp(0.5 * components.log_variance) * rng.standard_normal(z.shape)
    design = np.column_stack([z, np.ones(len(z))])
    fitted, *_ = np.linalg.lstsq(design, logits, rcond=None)
    np.testing.assert_allclose(components.decoder_kernel, fitted[:-1], atol=0.01)
    np.testing.assert_allclose(components.decoder_bias, fitted[-1], atol=0.01)


@pytest.mark.parametrize(("images", "latent_dim"), [(4000, 12), (5, 5)])
def test_as_many_latents_as_images_or_pixels_are_refused(pixels, images, latent_dim):
    few = pixels[:images]
    with pytest.raises(ValueError, match=rf"{images} and 12\. Received: {latent_dim}\."):
        PrincipalComponents.of(few, few, latent_dim)


def test_few_images_may_have_fewer_components_than_latents(pixels):
    few = pixels[:3]
    components = PrincipalComponents.of(few, few, 8, 0.01)
    z_mean = few @ components.encoder_kernel + components.encoder_bias
    np.testing.assert_allclose(z_mean[:, 2:], 0.0, atol=1e-6)
    np.testing.assert_array_equal(components.log_variance[2:], 0.0)  # N(0, I)
    np.testing.assert_array_equal(components.decoder_kernel[2:], 0.0)
    assert np.isfinite(components.encoder_kernel).all()


def test_a_given_noise_is_that_of_the_posteriors(pixels):
    few = pixels[:20]
    components = PrincipalComponents.of(few, few, 3, 0.04)
    largest = np.linalg.eigvalsh(np.cov(few.T))[-3:][::-1]
    np.testing.assert_allclose(np.exp(components.log_variance) * largest, 0.04, rtol=1e-3)


def test_the_noise_of_many_images_is_found(pixels):
    found, given = (PrincipalComponents.of(pixels, pixels, 3, noise) for noise in (None, 0.01))
    np.testing.assert_allclose(found.log_variance, given.log_variance, atol=0.05)


def test_one_image_has_no_components(pixels):
    with pytest.raises(ValueError, match=r"at least 2 images. Received: 1"):
        PrincipalComponents.of(pixels[:1], pixels[:1], 3, 0.01)


def test_images_without_variation_give_finite_weights():
    flat = np.full((20, 12), 0.5, np.float32)
    components = PrincipalComponents.of(flat, flat, 4, 0.01)
    assert all(np.isfinite(array).all() for array in vars(components).values())
