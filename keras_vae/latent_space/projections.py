"""Projections of latents to two dimensions, for plots. Arrays only.

UMAP comes from umap-learn, in the extra `[umap]`; the rest from scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np

from .labels import dimension_label

FEWEST = 10  # latents, for neighbourhoods


Projection = tuple[np.ndarray, tuple[str, str]]  # points [N, 2], labels of the two axes


def project(z: np.ndarray, method: str, *, seed: int = 0) -> Projection:
    """Project latents to two dimensions.

    Args:
        z: Latents (z_mean of some images), [N, L], N ≥ 10, L ≥ 2.
        method: One of `METHODS`.
        seed: Seed of UMAP and t-SNE.

    Returns:
        Points, float [N, 2], and labels of the two axes.

    Raises:
        ImportError: See `check_method`.
        ValueError: If the method is unknown, or there are too few latents or dimensions.
    """
    check_method(method)
    z = np.asarray(z, np.float64)
    if z.ndim != 2 or len(z) < FEWEST or z.shape[1] < 2:
        raise ValueError(
            f"`z` must have shape [N, L] with N ≥ {FEWEST} and L ≥ 2. Received: {list(z.shape)}."
        )
    return METHODS[method](z, seed)


def check_method(method: str) -> None:
    """Check that a method can be used; cheap, to call before long work.

    Raises:
        ImportError: If it is UMAP and umap-learn is not installed.
        ValueError: If there is no method of that name.
    """
    if method not in METHODS:
        raise ValueError(f"`method` must be one of {', '.join(METHODS)}. Received: {method!r}.")
    if method == "umap" and find_spec("umap") is None:
        raise ImportError(
            "UMAP needs umap-learn, which is not installed: pip install 'keras-vae[umap]'. "
            "The methods pca and tsne of `kvae latent-map` work without it."
        )


def _umap(z: np.ndarray, seed: int) -> Projection:
    """Uniform manifold approximation and projection (McInnes, Healy and Melville 2018)."""
    from umap import UMAP

    neighbours = min(15, len(z) - 1)
    # One job, as a seed demands: several would race, and give another map each time.
    reducer = UMAP(n_neighbors=neighbours, random_state=seed, n_jobs=1)
    return reducer.fit_transform(z), ("UMAP 1", "UMAP 2")


def _pca(z: np.ndarray, seed: int) -> Projection:
    """Principal components, with the share of the variance that each explains."""
    from sklearn.decomposition import PCA

    pca = PCA(n_components=2, svd_solver="full")  # exact, hence without the seed
    points = pca.fit_transform(z)
    first, second = (
        f"PC {number} ({share:.1%} of the variance)"
        for number, share in enumerate(pca.explained_variance_ratio_, start=1)
    )
    return points, (first, second)


def _tsne(z: np.ndarray, seed: int) -> Projection:
    """t-distributed stochastic neighbour embedding (van der Maaten and Hinton 2008)."""
    from sklearn.manifold import TSNE

    perplexity = min(30.0, (len(z) - 1) / 3)
    reducer = TSNE(perplexity=perplexity, init="pca", random_state=seed, n_jobs=-1)
    return reducer.fit_transform(z), ("t-SNE 1", "t-SNE 2")


def _most_active(z: np.ndarray, seed: int) -> Projection:
    """The two dimensions whose means vary most over the images (Burda et al. 2015, section 5).

    For a latent of two dimensions, this is the latent itself.
    """
    first, second = np.sort(np.argsort(-z.var(axis=0), kind="stable")[:2])
    return z[:, [first, second]], (dimension_label(first), dimension_label(second))


METHODS: dict[str, Callable[[np.ndarray, int], Projection]] = {
    "umap": _umap,
    "pca": _pca,
    "tsne": _tsne,
    "none": _most_active,
}
