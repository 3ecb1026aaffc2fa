import numpy as np
import pytest
import tensorflow as tf
from scipy import stats
from scipy.special import expit

from keras_vae.losses import objectives
from keras_vae.training.distribution import make_strategy

rng = np.random.default_rng(0)
IMAGE = rng.random((3, 4, 5, 2), dtype=np.float32)
MEAN = rng.uniform(0.05, 0.95, IMAGE.shape).astype("float32")


def pixel_sum(values):
    return values.sum(axis=(1, 2, 3))


def test_bernoulli_is_scipys_for_binary_pixels():
    bits, logits = (IMAGE > 0.5).astype("float32"), 4 * MEAN - 2
    expected = -pixel_sum(stats.bernoulli.logpmf(bits.astype(int), expit(logits)))
    np.testing.assert_allclose(objectives.bernoulli_nll(bits, logits), expected, rtol=1e-5)


def test_bernoulli_stays_finite_where_probabilities_round_to_one():
    loss = objectives.bernoulli_nll(tf.zeros((1, 1, 1, 1)), tf.fill((1, 1, 1, 1), 200.0))
    np.testing.assert_allclose(loss, [200.0])


@pytest.mark.parametrize("variance", [0.05, 1.0, 3.0])
def test_gaussian_is_scipys(variance):
    expected = -pixel_sum(stats.norm.logpdf(IMAGE, MEAN, np.sqrt(variance)))
    received = objectives.gaussian_nll(IMAGE, MEAN, variance)
    np.testing.assert_allclose(received, expected, rtol=1e-4)


@pytest.mark.parametrize("log_scale", [-4.0, -2.0, 0.0])
def test_discretised_logistic_is_a_distribution_over_grey_levels(log_scale):
    levels = (np.arange(256, dtype="float32") / 255).reshape(-1, 1, 1, 1)
    nll = objectives.discretized_logistic_nll(levels, np.full_like(levels, 0.3), log_scale)
    np.testing.assert_allclose(np.exp(-nll).sum(), 1.0, rtol=1e-4)


def test_discretised_logistic_is_scipys_in_the_middle():
    levels = np.array([60, 128, 190], "float32").reshape(-1, 1, 1, 1) / 255
    scale, half = np.exp(-3.0), 0.5 / 255
    upper = stats.logistic.cdf(levels + half, 0.4, scale)
    lower = stats.logistic.cdf(levels - half, 0.4, scale)
    received = objectives.discretized_logistic_nll(levels, np.full_like(levels, 0.4), -3.0)
    np.testing.assert_allclose(received, -np.log(upper - lower).ravel(), rtol=1e-3)


def test_kl_is_zero_at_the_prior_and_positive_elsewhere():
    assert np.all(objectives.kl_divergence(tf.zeros((2, 3)), tf.zeros((2, 3))) == 0)
    mean = rng.normal(size=(100, 5)).astype("float32")
    log_var = rng.normal(size=(100, 5)).astype("float32")
    assert np.all(objectives.kl_divergence(mean, log_var) > 0)


def test_kl_equals_its_monte_carlo_estimate():
    mean, log_var = np.array([[0.5, -1.0]], "float32"), np.array([[-1.0, 0.3]], "float32")
    z = mean + np.exp(log_var / 2) * rng.normal(size=(200_000, 2)).astype("float32")
    estimate = objectives.log_normal(z, mean, log_var) - objectives.log_normal(z, 0.0, 0.0)
    exact = np.sum(objectives.kl_divergence(mean, log_var))
    error = 4 * np.std(estimate) / np.sqrt(len(z))
    np.testing.assert_allclose(np.mean(estimate), exact, atol=error)


def test_log_normal_is_scipys():
    z, mean, log_var = rng.normal(size=(3, 6, 4)).astype("float32")
    expected = stats.norm.logpdf(z, mean, np.exp(log_var / 2)).sum(axis=-1)
    np.testing.assert_allclose(objectives.log_normal(z, mean, log_var), expected, rtol=1e-4)


def test_free_bits_lift_a_dimension_whose_mean_is_below_them():
    kl = tf.constant([[0.1, 2.0], [0.3, 0.2]])
    np.testing.assert_allclose(objectives.free_bits_kl(kl, 0.5), [0.5 + 2.0, 0.5 + 0.2])
    np.testing.assert_allclose(objectives.free_bits_kl(kl, 0.0), [2.1, 0.5])


def test_the_mean_over_replicas_weighs_each_image_alike():
    strategy, count = make_strategy("mirrored"), (3, 0)
    values = rng.random((3, 2), dtype=np.float32)

    @tf.function
    def mean():
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        mine = tf.constant(values)[: tf.gather(tf.constant(count), replica)]
        return objectives.cross_replica_mean(mine)

    for received in strategy.experimental_local_results(strategy.run(mean)):
        np.testing.assert_allclose(received, values.mean(axis=0), rtol=1e-6)


def test_the_importance_weighted_bound_is_the_elbo_at_one_draw_and_tightens_with_more():
    log_weights = rng.normal(scale=2.0, size=(64, 4000)).astype("float32")
    bounds = [
        float(np.mean(objectives.importance_weighted_bound(log_weights[:k]))) for k in (1, 4, 64)
    ]
    np.testing.assert_allclose(bounds[0], -log_weights[0].mean(), atol=1e-5)
    assert bounds[0] > bounds[1] > bounds[2]
    # E[w] = exp(σ²/2): the bound approaches −2 from above.
    assert -2.0 < bounds[2] < -1.7


@pytest.mark.parametrize(
    ("annealing", "step", "weight"),
    [
        ("constant", 0, 4.0),
        ("linear", 0, 0.0),
        ("linear", 25, 1.0),
        ("linear", 500, 4.0),
        ("cyclical", 25, 2.0),
        ("cyclical", 50, 4.0),
        ("cyclical", 99, 4.0),
        ("cyclical", 125, 2.0),
    ],
)
def test_annealing(annealing, step, weight):
    received = objectives.annealed_weight(tf.constant(step, tf.int64), 4.0, annealing, 100)
    np.testing.assert_allclose(received, weight)


def test_annealing_refuses_what_it_does_not_know():
    with pytest.raises(ValueError, match="'cosine'"):
        objectives.annealed_weight(0, 1.0, "cosine", 10)
    with pytest.raises(ValueError, match="annealing_steps"):
        objectives.annealed_weight(0, 1.0, "linear", 0)


def test_the_aggregates_distance_is_that_of_its_first_and_second_moments():
    """Unbiased: the mean over many batches of 8 meets 2‖m‖² + ‖M − I‖² of what they come from."""
    rng = np.random.default_rng(0)
    mean, root = np.array([0.5, -1.0, 0.0]), np.diag([1.5, 1.0, 0.3])
    root[1, 0] = 0.7
    z = mean + rng.standard_normal((4000, 8, 3)) @ root.T
    second = root @ root.T + np.outer(mean, mean)
    expected = 2 * (mean**2).sum() + ((second - np.eye(3)) ** 2).sum()
    batches = [np.mean(objectives.aggregate_mmd(tf.constant(batch, tf.float32))) for batch in z]
    error = np.std(batches) / np.sqrt(len(batches))
    assert np.mean(batches) == pytest.approx(expected, abs=4 * error)


def test_draws_from_the_prior_are_at_no_distance_from_it():
    z = np.random.default_rng(0).standard_normal((5000, 4)).astype(np.float32)
    assert abs(np.mean(objectives.aggregate_mmd(z))) < 0.05


def test_a_distance_of_one_draw_is_a_number():
    assert np.isfinite(objectives.aggregate_mmd(np.ones((1, 4), np.float32))).all()
