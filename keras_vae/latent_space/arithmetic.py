"""Arithmetic of latents: morphs, interpolations, traversals, planes. Arrays only."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

METHODS = ("linear", "spherical")  # of interpolation
SMALLEST_ANGLE = 1e-6  # radians; below it an arc equals its chord in float32


def morph(z: np.ndarray, directions: np.ndarray, strengths: np.ndarray) -> np.ndarray:
    """Move latents along directions: z' = z + Σ strength · Δ (Foster 2023; Jiang 2024, 5.3).

    Args:
        z: Latents, [..., L].
        directions: One Δ [L], or several [A, L], whose moves add up.
        strengths: n of each direction, [A], or one n for a single Δ.

    Returns:
        z', of the shape and type of z.

    Raises:
        ValueError: If there are not as many strengths as directions.

    Example:
        >>> morph(np.zeros(2), np.array([1.0, 3.0]), np.array(2.0)).tolist()
        [2.0, 6.0]
    """
    directions, strengths = np.atleast_2d(directions), np.atleast_1d(strengths)
    if strengths.shape != (len(directions),):
        raise ValueError(
            f"`strengths` must have one value for each of {len(directions)} directions. "
            f"Received shape: {list(strengths.shape)}."
        )
    return (z + strengths @ directions).astype(np.asarray(z).dtype)


def interpolate(a: np.ndarray, b: np.ndarray, steps: int, method: str = "linear") -> np.ndarray:
    """Interpolate from one latent to another in even steps; both ends are exact.

    "linear" is the chord (1 − t) a + t b. In many dimensions it passes nearer to 0 than samples
    from the prior ever come, so "spherical" turns the direction along a great circle at constant
    speed (slerp: Shoemake 1985; for latents White 2016), while the length goes evenly from ‖a‖ to
    ‖b‖. If the ends have one length, this is Shoemake's formula; if they point the same way, or one
    of them is 0, it is the chord.

    Args:
        a: Latent at t = 0, [L].
        b: Latent at t = 1, [L].
        steps: Number of latents, with both ends; at least 2.
        method: "linear" or "spherical".

    Returns:
        Latents, [steps, L], of the type of a.

    Raises:
        ValueError: If there are fewer than 2 steps, the method is unknown, or "spherical" is asked
            to go between opposite directions, which no shortest arc joins.

    Example:
        >>> interpolate(np.array([0.0, 2.0]), np.array([2.0, 0.0]), steps=3).tolist()
        [[0.0, 2.0], [1.0, 1.0], [2.0, 0.0]]
    """
    if steps < 2:
        raise ValueError(f"`steps` must be at least 2, for the two ends. Received: {steps}.")
    if method not in METHODS:
        raise ValueError(f"`method` must be one of {', '.join(METHODS)}. Received: {method!r}.")
    start, end = np.asarray(a, np.float64), np.asarray(b, np.float64)
    t = np.linspace(0.0, 1.0, steps)[:, np.newaxis]
    path = _chord(start, end, t) if method == "linear" else _arc(start, end, t)
    return path.astype(np.asarray(a).dtype)


def traverse(z: np.ndarray, dims: Sequence[int], values: Sequence[float]) -> np.ndarray:
    """Set one dimension at a time to each value, the others kept (Higgins et al. 2017).

    Args:
        z: The latent whose other dimensions are kept, [L].
        dims: D dimensions.
        values: V values of z itself: prior standard deviations.

    Returns:
        Latents, [D, V, L].

    Raises:
        ValueError: If z has no such dimension.

    Example:
        >>> traverse(np.zeros(200), dims=[3, 7], values=[-2.0, 0.0, 2.0]).shape
        (2, 3, 200)
    """
    check_dims(dims, len(z))
    moved = np.tile(z, (len(dims), len(values), 1))
    for row, dim in zip(moved, dims, strict=True):
        row[:, dim] = values
    return moved


def plane(
    origin: np.ndarray, u: np.ndarray, v: np.ndarray, xs: Sequence[float], ys: Sequence[float]
) -> np.ndarray:
    """Lay a grid of points on the plane through a latent: origin + x u + y v.

    Args:
        origin: Latent at x = y = 0, [L].
        u: Direction of x, [L].
        v: Direction of y, [L].
        xs: X values of x.
        ys: Y values of y.

    Returns:
        Latents, [Y, X, L], of the type of the origin.

    Example:
        >>> u, v = np.eye(200)[:2]
        >>> plane(np.zeros(200), u, v, xs=[-1, 0, 1], ys=[0, 1]).shape
        (2, 3, 200)
    """
    x, y = (np.asarray(values)[:, np.newaxis] for values in (xs, ys))
    points = origin + (y * v)[:, np.newaxis] + (x * u)[np.newaxis]
    return points.astype(np.asarray(origin).dtype)


def gaussian_quantiles(count: int) -> np.ndarray:
    """Return values of N(0, 1) that are evenly spread in probability: Φ⁻¹((i + ½) / count).

    Decoded on a plane of two latents they show the manifold as the prior sees it (Kingma & Welling
    2013, appendix D).

    Args:
        count: How many; at least 1.

    Returns:
        Increasing values, [count].

    Raises:
        ValueError: If `count` is less than 1.

    Example:
        >>> gaussian_quantiles(3).round(2).tolist()
        [-0.97, 0.0, 0.97]
    """
    if count < 1:
        raise ValueError(f"`count` must be at least 1. Received: {count}.")
    return np.array([NormalDist().inv_cdf((i + 0.5) / count) for i in range(count)])


def sample_posterior(z_mean: np.ndarray, z_log_var: np.ndarray, seed: int = 0) -> np.ndarray:
    """Sample z ~ q(z|x), one for each image.

    Args:
        z_mean: float [N, L].
        z_log_var: float [N, L].
        seed: Seed of the noise.

    Returns:
        z, of the type of z_mean, [N, L].

    Example:
        >>> sample_posterior(np.zeros((4, 20)), np.zeros((4, 20)), seed=1).shape
        (4, 20)
    """
    noise = np.random.default_rng(seed).standard_normal(z_mean.shape, np.float32)
    return z_mean + np.exp(0.5 * z_log_var) * noise


def kl_per_dimension(z_mean: np.ndarray, z_log_var: np.ndarray) -> np.ndarray:
    """Compute KL(q(z|x) ‖ N(0, 1)) of each dimension, in nats (Kingma & Welling 2013, appendix B).

    Args:
        z_mean: [..., L].
        z_log_var: [..., L].

    Returns:
        Nats, float64 [..., L].

    Example:
        >>> kl_per_dimension(np.array([1.0, 0.0]), np.zeros(2)).tolist()
        [0.5, 0.0]
    """
    mean, log_var = np.asarray(z_mean, np.float64), np.asarray(z_log_var, np.float64)
    return 0.5 * (np.square(mean) + np.exp(log_var) - 1.0 - log_var)


def most_active(kl: Sequence[float], count: int) -> tuple[int, ...]:
    """Return the dimensions of the largest KL, the largest first.

    Args:
        kl: Nats of each dimension, [L].
        count: How many; a latent of fewer dimensions gives all of them.

    Example:
        >>> most_active([0.1, 4.5, 0.7], count=2)
        (1, 2)
    """
    return tuple(np.argsort(-np.asarray(kl), kind="stable")[:count].tolist())


def check_dims(dims: Sequence[int], latent_dim: int) -> None:
    """Check that a latent has some dimensions.

    Raises:
        ValueError: If there are any.
    """
    missing = [dim for dim in dims if not 0 <= dim < latent_dim]
    if missing:
        raise ValueError(f"`dims` must be in 0 … {latent_dim - 1}. Received: {missing[0]}.")


def _chord(start: np.ndarray, end: np.ndarray, t: np.ndarray) -> np.ndarray:
    return (1 - t) * start + t * end


def _arc(start: np.ndarray, end: np.ndarray, t: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm([start, end], axis=1)
    if not lengths.all():
        return _chord(start, end, t)
    unit_start, unit_end = start / lengths[0], end / lengths[1]
    if np.linalg.norm(unit_start - unit_end) < SMALLEST_ANGLE:
        return _chord(start, end, t)
    if np.linalg.norm(unit_start + unit_end) < SMALLEST_ANGLE:
        raise ValueError(
            "`a` and `b` must not point in opposite directions: no shortest arc joins them. "
            'Use the method "linear".'
        )
    # As scipy.spatial.geometric_slerp, which the commands without TensorFlow would import alone.
    angle = 2 * np.arctan2(
        np.linalg.norm(unit_start - unit_end), np.linalg.norm(unit_start + unit_end)
    )
    arc = np.sin((1 - t) * angle) * unit_start + np.sin(t * angle) * unit_end
    return _chord(*lengths, t) * arc / np.sin(angle)
