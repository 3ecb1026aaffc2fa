import numpy as np
import pytest

from keras_vae.latent_space import projections
from keras_vae.latent_space.projections import METHODS, project


def latents(count=200, dims=6, seed=0):
    """Correlated latents, off the origin."""
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(count, dims)) @ rng.normal(size=(dims, dims)) + 3).astype(np.float32)


def two_clouds():
    """Thirty latents here, thirty there, far apart in five dimensions."""
    z = np.random.default_rng(1).normal(size=(60, 5))
    z[30:, 2] += 20
    return z


def assert_apart(points):
    """Every point is nearer to its own cloud's mean than to the other's."""
    means = np.stack([points[:30].mean(axis=0), points[30:].mean(axis=0)])
    distance = np.linalg.norm(points[:, None] - means, axis=2)
    np.testing.assert_array_equal(distance.argmin(axis=1), np.repeat([0, 1], 30))


def test_pca_is_the_singular_value_decomposition():
    z = latents().astype(np.float64)
    left, values, _ = np.linalg.svd(z - z.mean(axis=0), full_matrices=False)
    expected = left[:, :2] * values[:2]
    points, axes = project(z, "pca")
    signs = np.sign((points * expected).sum(axis=0))
    np.testing.assert_allclose(points, expected * signs, atol=1e-9)
    first, second = values[:2] ** 2 / np.sum(values**2)
    assert axes == (
        f"PC 1 ({first:.1%} of the variance)",
        f"PC 2 ({second:.1%} of the variance)",
    )


def test_pca_needs_no_seed():
    z = latents()
    np.testing.assert_array_equal(project(z, "pca", seed=1)[0], project(z, "pca", seed=2)[0])


def test_none_takes_the_two_dimensions_that_vary_most():
    z = np.random.default_rng(0).normal(size=(500, 5)) * (0.1, 3.0, 0.2, 0.5, 2.0)
    z[:, 0] += 100  # a mean is no variance
    points, axes = project(z, "none")
    assert axes == ("z₁", "z₄")
    np.testing.assert_array_equal(points, z[:, [1, 4]])


def test_none_leaves_two_dimensions_as_they_are():
    z = latents(dims=2) * (1, 50)
    points, axes = project(z, "none")
    assert axes == ("z₀", "z₁")
    np.testing.assert_array_equal(points, z)


@pytest.mark.slow
def test_tsne_keeps_clouds_apart_and_follows_its_seed():
    z = two_clouds()
    first, _ = project(z, "tsne", seed=3)
    assert_apart(first)
    np.testing.assert_array_equal(first, project(z, "tsne", seed=3)[0])


@pytest.mark.slow  # umap-learn compiles itself when it is imported
def test_umap_keeps_clouds_apart_and_follows_its_seed():
    pytest.importorskip("umap", reason="umap-learn is an extra")
    z = two_clouds()
    first, _ = project(z, "umap", seed=3)
    assert_apart(first)
    np.testing.assert_array_equal(first, project(z, "umap", seed=3)[0])


def test_without_umap_learn_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(projections, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install 'keras-vae\[umap\]'"):
        project(latents(), "umap")
    assert project(latents(), "pca")[0].shape == (200, 2)


@pytest.mark.parametrize("method", METHODS)
def test_too_few_latents_or_dimensions_are_refused(method, monkeypatch):
    monkeypatch.setattr(projections, "find_spec", lambda name: object())
    for z in (latents(9), latents(50, dims=1), np.zeros(20)):
        with pytest.raises(ValueError, match=r"`z` must have shape \[N, L\] with N ≥ 10"):
            project(z, method)


def test_unknown_method_is_refused():
    with pytest.raises(ValueError, match=r"umap, pca, tsne, none\. Received: 'lda'"):
        project(latents(), "lda")
