"""Principal components of images, as the linear VAE that they are the optimum of. Arrays only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PrincipalComponents:
    """A linear encoder and decoder: probabilistic PCA (Tipping and Bishop 1999).

    The encoder is the posterior of their section 3.3, in axes where its aggregate over the images
    has covariance I. The decoder is the linear regression of the pixels' logits on its draws.

    Attributes:
        reading: Kernel of z_mean, float32 [D, L].
        reading_bias: Its bias, float32 [L].
        log_variance: log σ² of every posterior, float32 [L].
        writing: Kernel of the logits, float32 [L, D].
        writing_bias: Their bias, float32 [D].
    """

    reading: np.ndarray
    reading_bias: np.ndarray
    log_variance: np.ndarray
    writing: np.ndarray
    writing_bias: np.ndarray

    @classmethod
    def of(cls, pixels: np.ndarray, logits: np.ndarray, latent_dim: int) -> PrincipalComponents:
        """Compute the components.

        Args:
            pixels: What the encoder reads, float32 [N, D].
            logits: What the decoder shall write, float32 [N, D].
            latent_dim: L.

        Raises:
            ValueError: If L is not smaller than both N and D.
        """
        if latent_dim >= min(pixels.shape):
            raise ValueError(
                f"`latent_dim` must be smaller than the number of images and of their pixels, "
                f"{pixels.shape[0]} and {pixels.shape[1]}. Received: {latent_dim}."
            )
        from sklearn.decomposition import PCA

        pca = PCA(latent_dim, svd_solver="covariance_eigh").fit(pixels)
        # W = U (Λ − σ²)^½, and the posterior's mean Λ⁻¹ Wᵀ (x − μ), its covariance σ² Λ⁻¹.
        variance, noise = pca.explained_variance_, pca.noise_variance_
        reading = pca.components_.T * (np.sqrt(np.maximum(variance - noise, 0.0)) / variance)
        z_mean = (pixels - pca.mean_) @ reading
        centre = logits.mean(axis=0)
        # The draws are white, so that covariances are the regression's coefficients.
        writing = z_mean.T @ (logits - centre) / len(pixels)
        arrays = (reading, -pca.mean_ @ reading, np.log(noise / variance), writing, centre)
        return cls(*(np.asarray(array, np.float32) for array in arrays))
