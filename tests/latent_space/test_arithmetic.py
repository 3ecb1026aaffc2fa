import itertools
import math
from statistics import NormalDist

import numpy as np
import pytest

from keras_vae.latent_space.arithmetic import (
    gaussian_quantiles,
    interpolate,
    kl_per_dimension,
    morph,
    most_active,
    plane,
    traverse,
)


def test_morph_is_linear():
    rng = np.random.default_rng(1)
    z, directions = rng.normal(size=(4, 5)), rng.normal(size=(2, 5))
    np.testing.assert_array_equal(morph(z, directions, np.zeros(2)), z)
    moved = morph(z, directions, np.array([2.0, -0.5]))
    np.testing.assert_allclose(moved, z + 2 * directions[0] - 0.5 * directions[1])
    back = morph(moved, directions, np.array([-2.0, 0.5]))
    np.testing.assert_allclose(back, z)
    np.testing.assert_allclose(morph(z, directions[0], 2.0), z + 2 * directions[0])


def test_morph_keeps_the_type_and_counts_the_strengths():
    z = np.zeros((1, 3), np.float32)
    assert morph(z, np.ones((1, 3)), np.ones(1)).dtype == np.float32
    with pytest.raises(ValueError, match="2 directions"):
        morph(z, np.ones((2, 3)), np.ones(3))


def ends(seed=0, dims=200):
    return np.random.default_rng(seed).normal(size=(2, dims)).astype(np.float32)


def angle(a, b):
    cosine = a @ b / (np.linalg.norm(a) * np.linalg.norm(b))
    return math.acos(np.clip(cosine, -1, 1))


@pytest.mark.parametrize("method", ["linear", "spherical"])
@pytest.mark.parametrize("seed", range(5))
def test_interpolation_meets_both_ends_exactly(method, seed):
    a, b = ends(seed)
    path = interpolate(a, 3 * b, 7, method)
    assert path.dtype == np.float32
    np.testing.assert_array_equal(path[0], a)
    np.testing.assert_array_equal(path[-1], 3 * b)


def test_linear_interpolation_is_the_chord():
    a, b = ends()
    path = interpolate(a, b, 5)
    np.testing.assert_allclose(path, a + np.linspace(0, 1, 5)[:, None] * (b - a), atol=1e-6)


def test_spherical_interpolation_of_equal_lengths_is_shoemakes():
    a, b = ends()
    b *= np.linalg.norm(a) / np.linalg.norm(b)
    omega, t = angle(a, b), np.linspace(0, 1, 9)[:, None]
    expected = (np.sin((1 - t) * omega) * a + np.sin(t * omega) * b) / np.sin(omega)
    np.testing.assert_allclose(interpolate(a, b, 9, "spherical"), expected, atol=1e-5)


def test_spherical_interpolation_keeps_the_length_and_turns_evenly():
    a, b = ends(1)
    b *= np.linalg.norm(a) / np.linalg.norm(b)
    path = interpolate(a, b, 5, "spherical").astype(float)
    np.testing.assert_allclose(np.linalg.norm(path, axis=1), np.linalg.norm(a), rtol=1e-6)
    turns = [angle(first, second) for first, second in itertools.pairwise(path)]
    np.testing.assert_allclose(turns, angle(a, b) / 4, rtol=1e-4)
    assert angle(a, path[2]) == pytest.approx(angle(a, b) / 2, rel=1e-5)
    assert np.linalg.norm(interpolate(a, b, 3)[1]) < 0.8 * np.linalg.norm(a)  # the chord does not


def test_spherical_interpolation_of_unequal_lengths_goes_evenly_between_them():
    a, b = ends(2)
    lengths = np.linalg.norm(interpolate(a, 4 * b, 9, "spherical"), axis=1)
    expected = np.linspace(np.linalg.norm(a), 4 * np.linalg.norm(b), 9)
    np.testing.assert_allclose(lengths, expected, rtol=1e-5)


@pytest.mark.parametrize("other", [1.0, 2.5, 0.0, 1 + 1e-7])
def test_spherical_interpolation_of_parallel_ends_is_the_chord(other):
    a, _ = ends()
    path = interpolate(a, np.float32(other) * a, 5, "spherical")
    np.testing.assert_allclose(path, interpolate(a, np.float32(other) * a, 5), atol=1e-6)


@pytest.mark.parametrize("tilt", [1e-5, 1e-6, 1e-7, 1e-12])
def test_spherical_interpolation_is_smooth_where_the_ends_nearly_agree(tilt):
    a = np.array([1.0, 0.0, 0.0])
    b = np.array([math.cos(tilt), math.sin(tilt), 0.0])
    middle = interpolate(a, b, 3, "spherical")[1]
    np.testing.assert_allclose(middle, [1, tilt / 2, 0], rtol=1e-9, atol=1e-16)


def test_opposite_ends_have_no_shortest_arc():
    a, _ = ends()
    with pytest.raises(ValueError, match="opposite"):
        interpolate(a, -2 * a, 5, "spherical")


def test_wrong_interpolations_are_refused():
    a, b = ends()
    with pytest.raises(ValueError, match=r"at least 2.*Received: 1"):
        interpolate(a, b, 1)
    with pytest.raises(ValueError, match=r"linear, spherical.*'cubic'"):
        interpolate(a, b, 3, "cubic")


def test_traversal_changes_one_dimension_in_each_row():
    z, _ = ends(dims=6)
    points = traverse(z, (4, 1), (-3.0, 0.0, 2.5))
    assert points.shape == (2, 3, 6)
    assert points.dtype == np.float32
    for row, dim in zip(points, (4, 1), strict=True):
        np.testing.assert_array_equal(row[:, dim], [-3.0, 0.0, 2.5])
        others = [place for place in range(6) if place != dim]
        np.testing.assert_array_equal(row[:, others], np.tile(z[others], (3, 1)))


@pytest.mark.parametrize("dim", [-1, 6])
def test_traversal_needs_dimensions_that_there_are(dim):
    with pytest.raises(ValueError, match=rf"0 … 5\. Received: {dim}"):
        traverse(np.zeros(6), (0, dim), (1.0,))


def test_plane_holds_every_combination():
    rng = np.random.default_rng(3)
    origin, u, v = rng.normal(size=(3, 5)).astype(np.float32)
    xs, ys = (-1.0, 0.0, 2.0), (0.5, 0.0)
    points = plane(origin, u, v, xs, ys)
    assert points.shape == (2, 3, 5)
    assert points.dtype == np.float32
    for row, y in enumerate(ys):
        for column, x in enumerate(xs):
            np.testing.assert_allclose(points[row, column], origin + x * u + y * v, atol=1e-6)
    np.testing.assert_array_equal(points[1, 1], origin)


@pytest.mark.parametrize("count", [1, 2, 7, 20])
def test_quantiles_are_evenly_spread_in_probability(count):
    quantiles = gaussian_quantiles(count)
    levels = [NormalDist().cdf(value) for value in quantiles]
    np.testing.assert_allclose(levels, (np.arange(count) + 0.5) / count, atol=1e-12)
    np.testing.assert_allclose(quantiles, -quantiles[::-1], atol=1e-12)


def test_quantiles_are_at_least_one():
    with pytest.raises(ValueError, match="at least 1"):
        gaussian_quantiles(0)


def test_kl_is_0_at_the_prior_and_what_integration_gives_elsewhere():
    assert kl_per_dimension(np.zeros(1), np.zeros(1)) == 0
    mean, log_var = 0.7, -1.2
    q = NormalDist(mean, math.exp(log_var / 2))
    x = np.linspace(-8, 8, 20_001)
    density = np.array([q.pdf(value) for value in x])
    prior = np.array([NormalDist().pdf(value) for value in x])
    terms = density * np.log(np.maximum(density, 1e-300) / prior)
    integral = np.sum(terms) * (x[1] - x[0])
    kl = kl_per_dimension(np.array([mean]), np.array([log_var]))
    np.testing.assert_allclose(kl, integral, rtol=1e-6)


def test_the_most_active_dimensions_come_first():
    kl = [0.1, 3.0, 0.0, 2.0]
    assert most_active(kl, 2) == (1, 3)
    assert most_active(kl, 9) == (1, 3, 0, 2)
