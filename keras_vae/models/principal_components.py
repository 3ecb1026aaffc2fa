"""Principal components of images, as the linear VAE that they are the optimum of. Arrays only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PrincipalComponents:
    """A linear encoder and decoder: probabilistic PCA (Tipping and Bishop 1999).

    The encoder is the posterior of their section 3.3, in axes where its aggregate over the images
    has covariance I. The decoder is the linear regression of the pixels' logits on z_mean.

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
    def of(cls, pixels: np.ndarray, logits: np.ndarray, latent_dim: int) -> PrincipalComponents:
        """Compute the components.

        Args:
            pixels: Input of the encoder, float32 [N, D].
            logits: Targets of the decoder, float32 [N, D].
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
        encoder_kernel = pca.components_.T * (np.sqrt(np.maximum(variance - noise, 0.0)) / variance)
        z_mean = (pixels - pca.mean_) @ encoder_kernel
        centre = logits.mean(axis=0)
        # z_mean is white, so that covariances are the regression's coefficients.
        decoder_kernel = z_mean.T @ (logits - centre) / len(pixels)
        bias, log_variance = -pca.mean_ @ encoder_kernel, np.log(noise / variance)
        arrays = (encoder_kernel, bias, log_variance, decoder_kernel, centre)
        return cls(*(np.asarray(array, np.float32) for array in arrays))
