"""What every term of the loss promises: one list, run through for each."""

import json
from dataclasses import fields
from inspect import signature

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae import losses, presets
from keras_vae.losses import LossTerm
from keras_vae.models.vae import VAE

SMALL = presets.get_preset("digits").override(hidden=(16,), latent_dim=3)

# Values that are not the defaults.
TERMS = {
    "elbo": presets.ELBO(0.25, presets.Linear(100), 0.05),
    "importance_weighted": presets.ImportanceWeighted(4, presets.Cyclical(100)),
    "perceptual": presets.Perceptual(3.0),
    "distillation": presets.Distillation(5.0),
    "mmd": presets.MMD(2.0),
    "identity": presets.Identity(7.0, start=20, shift=0.1, scale=0.2, features=0.5),
    "texture": presets.Texture(0.5, start=20, sigma=0.7, window=2.0),
    "adversarial": presets.Adversarial(
        11.0,
        start=20,
        filters=(4, 8),
        gamma=0.5,
        interval=3,
        learning_rate=1e-3,
        features=0.5,
        detail=0.8,
    ),
}

NETWORKS = {"embedder", "filters", "patch"}  # what a kind builds a network by

every_term = pytest.mark.parametrize("kind", TERMS)


def test_no_kind_is_left_out():
    assert set(TERMS) == set(presets.Term.kinds) | set(presets.Bound.kinds)


@pytest.mark.parametrize("kind", ["identity", "texture", "adversarial"])
def test_a_kind_and_its_class_have_the_same_numbers_by_default(kind):
    configuration = presets.Term.kinds[kind]
    arguments = signature(getattr(losses, configuration.__name__)).parameters
    defaults = {each.name: each.default for each in fields(configuration)}
    numbers = {name: each for name, each in defaults.items() if isinstance(each, int | float)}
    own = numbers.keys() - NETWORKS
    assert own
    assert {name: arguments[name].default for name in own} == {name: numbers[name] for name in own}


@pytest.fixture(scope="module")
def built(untrained_teacher):
    """Make the terms of a kind, and a VAE with no other loss."""
    teacher = untrained_teacher((8, 8, 1))

    def make(kind):
        keras.utils.set_random_seed(1)
        configuration = TERMS[kind]
        if kind in presets.Bound.kinds:
            terms = configuration.build()
        else:
            context = {"latent_dim": 3, "image_shape": (8, 8, 1), "dtype": None, "seed": 2}
            terms = [configuration.build(teacher=teacher, **context)]
        for weight in [weight for term in terms for weight in term.trainable_weights]:
            weight.assign_add(np.full(weight.shape, 0.1))  # a kernel that is zero passes nothing on
        parts = VAE.from_preset(SMALL, seed=0)
        vae = VAE(parts.posterior, parts.prior, parts.likelihood, terms)
        vae.build((None, 8, 8, 1))
        return terms, vae

    return make


def forward_of(vae, digits, step=30):
    return vae.forward(digits.images[:6], training=True, step=tf.constant(step))


@every_term
def test_its_value_is_one_finite_number_for_each_image(kind, built, digits):
    terms, vae = built(kind)
    forward = forward_of(vae, digits)
    for term in terms:
        value = term(forward)
        assert (value.shape, value.dtype) == ((6,), tf.float32)
        assert np.isfinite(value).all()


@every_term
def test_it_logs_one_number_for_each_image_under_the_names_that_it_lists(kind, built, digits):
    terms, vae = built(kind)
    forward = forward_of(vae, digits)
    for term in terms:
        before = set(forward.logs)
        term(forward)
        assert set(forward.logs) - before == set(term.logged)
        for name in term.logged:
            assert name.endswith("_loss")
            assert forward.logs[name].shape == (6,)
    assert set(vae.loss_of(forward)) == {"loss", *forward.logs, "mse"}


@every_term
def test_its_gradients_are_finite_and_reach_the_encoder(kind, built, digits):
    terms, vae = built(kind)
    for step in (0, 30):
        with tf.GradientTape() as tape:
            forward = forward_of(vae, digits, step)
            loss = tf.add_n([tf.reduce_sum(term(forward)) for term in terms])
        gradients = tape.gradient(loss, vae.trainable_variables)
        found = [gradient for gradient in gradients if gradient is not None]
        assert all(np.isfinite(gradient).all() for gradient in found)
        if step >= getattr(TERMS[kind], "start", 0):
            to_encoder = gradients[0]
            assert np.abs(to_encoder).max() > 0


@every_term
def test_its_config_is_plain_data_and_rebuilds_it(kind, built):
    terms, _ = built(kind)
    for term in terms:
        config = term.get_config()
        again = type(term).from_config(json.loads(json.dumps(config)))
        assert type(again) is type(term)
        parts = getattr(term, "PARTS", ())
        own = [{key: each[key] for key in each.keys() - set(parts)} for each in
               (config, again.get_config())]  # fmt: skip
        assert own[0] == own[1]
        assert (again.name, again.weight) == (term.name, term.weight)


@every_term
def test_it_keeps_its_numbers(kind, built):
    terms, _ = built(kind)
    values = TERMS[kind].values()
    weight = values.pop("beta", values.pop("weight", 1.0))
    assert terms[-1].weight == weight
    for name in values.keys() - NETWORKS:
        assert getattr(terms[-1], name) == values[name]


@every_term
def test_a_saved_vae_keeps_it(kind, built, digits, tmp_path):
    _, vae = built(kind)
    vae.save(tmp_path / "vae.keras")
    again = keras.models.load_model(tmp_path / "vae.keras")
    expected, received = (each.loss_of(forward_of(each, digits)) for each in (vae, again))
    for name, values in expected.items():
        np.testing.assert_allclose(received[name], values, rtol=1e-5, err_msg=name)


@every_term
def test_it_trains_nothing_of_its_own_but_what_the_loss_trains(kind, built):
    terms, vae = built(kind)
    trained = {id(each) for each in vae.trainable_variables}
    for term in terms:
        adversary = {id(each) for each in term.adversary_variables}
        assert bool(adversary) == (kind == "adversarial")
        assert not adversary & trained
        assert {id(each) for each in term.trainable_weights} <= trained | adversary


@pytest.mark.parametrize("kind", presets.Term.kinds)
def test_the_weight_scales_the_loss_and_not_what_is_logged(kind, built, digits):
    (term,), vae = built(kind)
    forward = forward_of(vae, digits)
    value = np.asarray(term(forward))
    logged = np.asarray(forward.logs[f"{kind}_loss"])
    np.testing.assert_allclose(value, TERMS[kind].weight * logged, rtol=1e-6)


@keras.saving.register_keras_serializable(package="tests")
class MeanSize(LossTerm):
    """A term of your own: the mean absolute latent."""

    def value(self, forward):
        """Return it, [B]."""
        return tf.reduce_mean(tf.abs(forward.z), axis=-1)


def test_a_term_of_your_own_needs_one_method(digits, tmp_path):
    vae = VAE.from_preset(SMALL, seed=0)
    terms = [*vae.terms, MeanSize(3.0)]
    vae = VAE(vae.posterior, vae.prior, vae.likelihood, terms)
    vae.build((None, 8, 8, 1))
    vae.compile(optimizer="adam", jit_compile=False)
    measured = vae.evaluate(digits.images[:64], verbose=0, return_dict=True)
    total = measured["reconstruction_loss"] + measured["kl_loss"]
    expected = total + 3.0 * measured["meansize_loss"]
    assert measured["loss"] == pytest.approx(expected, rel=1e-5)
    vae.save(tmp_path / "vae.keras")
    again = keras.models.load_model(tmp_path / "vae.keras")
    assert [(term.name, term.weight) for term in again.terms][-1] == ("meansize", 3.0)


def test_a_term_without_a_value_is_not_implemented(digits):
    vae = VAE.from_preset(SMALL, seed=0)
    with pytest.raises(NotImplementedError):
        LossTerm()(vae.forward(digits.images[:2]))


@pytest.mark.parametrize("kind", presets.Term.kinds.values())
def test_a_kind_and_the_term_that_it_builds_have_the_same_public_name(kind):
    assert getattr(losses, kind.__name__) is kind.implementation(kind)
