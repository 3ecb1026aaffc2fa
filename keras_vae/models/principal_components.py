"""Principal components of images, as the linear VAE that they are the optimum of. Arrays only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sklearn.decomposition import PCA

LEAST_VARIANCE = 1e-6  # of a component: less than a level of a single pixel


@dataclass(frozen=True)
class PrincipalComponents:
    """A linear encoder and decoder: probabilistic PCA (Tipping and Bishop 1999).

    The encoder is the posterior of their section 3.3, in axes where its aggregate over the images
    has covariance I. The decoder is the linear regression of the pixels' logits on z, sampled from
    it.

    Attributes:
        encoder_kernel: Kernel of z_mean, float32 [D, L].
        encoder_bias: Its bias, float32 [L].
        log_variance: log σ² of every posterior, float32 [L].
        decoder_kernel: Kernel of the logits, float32 [L, D].
        decoder_bias: Their bias, float32 [D].
    """

    encoder_kernel: np.ndarray
    encoder_bias: np.ndarray
    log_variance: np.ndarray
    decoder_kernel: np.ndarray
    decoder_bias: np.ndarray

    @classmethod
    def of(
        cls,
        pixels: np.ndarray,
        logits: np.ndarray,
        latent_dim: int,
        noise: float | None = None,
    ) -> PrincipalComponents:
        """Compute the components.

        Args:
            pixels: Input of the encoder, float32 [N, D].
            logits: Targets of the decoder, float32 [N, D].
            latent_dim: L.
            noise: σ², the variance of a Gaussian p(x|z). None: that which maximizes the likelihood
                of the images, which must be many: components explain few images almost exactly, and
                N ≤ L images exactly. With a given σ², latents without a component begin as N(0, I),
                unused by the decoder.

        Raises:
            ValueError: If L is not smaller than both N and D, and `noise` is None; or if there is
                only one image.
        """
        if noise is None:
            return cls._of_many(pixels, logits, latent_dim)
        count = min(latent_dim, len(pixels) - 1, pixels.shape[1] - 1)
        if count < 1:
            raise ValueError(f"`pixels` must be of at least 2 images. Received: {len(pixels)}.")
        return cls._of_pca(fit_pca(pixels, count), noise, pixels, logits)._padded(latent_dim)

    @classmethod
    def _of_many(
        cls, pixels: np.ndarray, logits: np.ndarray, latent_dim: int
    ) -> PrincipalComponents:
        if latent_dim >= min(pixels.shape):
            raise ValueError(
                f"`latent_dim` must be smaller than the number of images and of their pixels, "
                f"{pixels.shape[0]} and {pixels.shape[1]}. Received: {latent_dim}."
            )
        from sklearn.decomposition import PCA

        pca = PCA(latent_dim, svd_solver="covariance_eigh").fit(pixels)
        return cls._of_pca(pca, pca.noise_variance_, pixels, logits)

    @classmethod
    def _of_pca(
        cls, pca: PCA, noise: float, pixels: np.ndarray, logits: np.ndarray
    ) -> PrincipalComponents:
        # W = U (Λ − σ²)^½, and the posterior's mean Λ⁻¹ Wᵀ (x − μ), its covariance σ² Λ⁻¹.
        variance = np.maximum(pca.explained_variance_, LEAST_VARIANCE)
        encoder_kernel = pca.components_.T * (np.sqrt(np.maximum(variance - noise, 0.0)) / variance)
        z_mean = (pixels - pca.mean_) @ encoder_kernel
        centre = logits.mean(axis=0)
        # z is white, and its noise says nothing of the logits: so their covariances with z_mean are
        # the regression's coefficients.
        decoder_kernel = z_mean.T @ (logits - centre) / len(pixels)
        bias, log_variance = -pca.mean_ @ encoder_kernel, np.log(np.minimum(noise / variance, 1.0))
        arrays = (encoder_kernel, bias, log_variance, decoder_kernel, centre)
        return cls(*(np.asarray(array, np.float32) for array in arrays))

    def _padded(self, latent_dim: int) -> PrincipalComponents:
        """Add latents without a component."""
        missing = latent_dim - len(self.log_variance)
        return PrincipalComponents(
            np.pad(self.encoder_kernel, ((0, 0), (0, missing))),
            np.pad(self.encoder_bias, (0, missing)),
            np.pad(self.log_variance, (0, missing)),
            np.pad(self.decoder_kernel, ((0, missing), (0, 0))),
            self.decoder_bias,
        )


def fit_pca(pixels: np.ndarray, count: int) -> PCA:
    """Fit scikit-learn's PCA, by its fastest method for the shape; the same at each call.

    Args:
        pixels: float32 [N, D].
        count: Number of components, smaller than N and at most D.
    """
    from sklearn.decomposition import PCA

    return PCA(count, random_state=0).fit(pixels)
