from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from keras_vae.losses import KL, elbo_terms
from keras_vae.losses.elbo import annealed_weight, free_bits_kl
from keras_vae.models.distributions import DiagonalGaussian, StandardNormal
from keras_vae.models.protocols import ForwardPass
from keras_vae.models.sampling import Sampling
from keras_vae.presets import Constant, Cyclical, Linear

ANNEALINGS = {"constant": Constant(), "linear": Linear(100), "cyclical": Cyclical(100)}


def test_free_bits_raise_a_dimension_whose_mean_is_below_them():
    kl = tf.constant([[0.1, 2.0], [0.3, 0.2]])
    np.testing.assert_allclose(free_bits_kl(kl, 0.5), [0.5 + 2.0, 0.5 + 0.2])
    np.testing.assert_allclose(free_bits_kl(kl, 0.0), [2.1, 0.5])


def test_a_dimension_below_its_free_bits_has_no_gradient():
    kl = tf.Variable([[0.1, 2.0], [0.3, 0.2]])
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(free_bits_kl(kl, 0.5))
    np.testing.assert_array_equal(tape.gradient(total, kl), [[0.0, 1.0], [0.0, 1.0]])


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
    received = annealed_weight(tf.constant(step, tf.int64), ANNEALINGS[annealing], 4.0)
    np.testing.assert_allclose(received, weight)


@pytest.mark.parametrize("annealing", ANNEALINGS.values(), ids=ANNEALINGS)
def test_outside_training_the_weight_is_the_final_one(annealing):
    np.testing.assert_allclose(annealed_weight(None, annealing, 4.0), 4.0)


@pytest.mark.parametrize("annealing", [Linear(), Cyclical()])
def test_an_annealing_without_steps_is_refused(annealing):
    with pytest.raises(ValueError, match=r"`annealing_steps` must be positive. Received: 0"):
        annealed_weight(tf.constant(0), annealing, 1.0)


def forward(posterior, prior, **values):
    """A pass that holds what the KL divergence needs, and nothing else."""
    empty = dict.fromkeys(("images", "x", "y", "likelihood"))
    z = posterior.sample() if hasattr(posterior, "sample") else None
    return ForwardPass(**empty, posterior=posterior, prior=prior, z=z, training=True, **values)


@pytest.fixture
def posterior():
    mean, log_var = np.random.default_rng(0).normal(size=(2, 6, 3)).astype("float32")
    return DiagonalGaussian(tf.constant(mean), tf.constant(log_var), Sampling(0))


PRIOR = StandardNormal(6, 3, Sampling(1))


def test_kl_is_weighted_and_logged_without_its_weight(posterior):
    one_pass = forward(posterior, PRIOR, step=tf.constant(50))
    value = KL(0.25, Linear(100))(one_pass)
    np.testing.assert_allclose(value, 0.125 * np.asarray(posterior.kl(PRIOR)), rtol=1e-6)
    np.testing.assert_array_equal(one_pass.logs["kl_loss"], posterior.kl(PRIOR))


def test_free_bits_change_what_is_trained_not_what_is_logged(posterior):
    one_pass = forward(posterior, PRIOR)
    value = KL(2.0, free_bits=50.0)(one_pass)
    np.testing.assert_allclose(value, 2.0 * 3 * 50.0)
    np.testing.assert_array_equal(one_pass.logs["kl_loss"], posterior.kl(PRIOR))


class Unknown:
    """A distribution of which only density and samples are known: N(0, I)."""

    sample, log_prob = PRIOR.sample, PRIOR.log_prob


def test_without_a_closed_form_kl_is_estimated_from_z(posterior):
    one_pass = forward(posterior, Unknown())
    expected = posterior.log_prob(one_pass.z) - PRIOR.log_prob(one_pass.z)
    np.testing.assert_allclose(KL()(one_pass), expected, rtol=1e-6)


@pytest.mark.parametrize("known", [True, False], ids=["the prior", "the posterior"])
def test_free_bits_without_a_closed_form_are_refused(posterior, known):
    unknown = SimpleNamespace(kl=lambda prior: None, log_prob=PRIOR.log_prob, sample=PRIOR.sample)
    one_pass = forward(posterior, Unknown()) if known else forward(unknown, PRIOR)
    with pytest.raises(ValueError, match=r"`free_bits` must be 0 where .* Received: 0.5\."):
        KL(free_bits=0.5)(one_pass)


def test_the_terms_of_the_elbo_are_reconstruction_and_kl():
    reconstruction, kl = elbo_terms(0.5, Linear(7), 0.1)
    assert (reconstruction.name, reconstruction.weight) == ("reconstruction", 1.0)
    assert (kl.name, kl.weight, kl.annealing, kl.free_bits) == ("kl", 0.5, Linear(7), 0.1)
