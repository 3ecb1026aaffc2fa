import json
import math
from dataclasses import FrozenInstanceError

import pytest

from keras_vae.presets import (
    DEFAULT_PRESETS,
    LIKELIHOODS,
    PRESETS,
    Conv,
    Preset,
    default_preset,
    get_preset,
)


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_a_preset_survives_json(preset):
    assert Preset.from_dict(json.loads(json.dumps(preset.to_dict()))) == preset


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_a_preset_names_a_likelihood_that_exists(preset):
    assert preset.objective.likelihood in LIKELIHOODS


def test_every_default_is_a_preset():
    assert set(DEFAULT_PRESETS.values()) <= set(PRESETS)


@pytest.mark.parametrize(
    ("dataset", "preset"),
    [
        ("fashion-mnist", "mnist"),
        ("Fashion_MNIST", "mnist"),
        ("celeba", "celeba"),
        ("a/b", "celeba"),
    ],
)
def test_a_data_set_has_a_preset_however_it_is_spelt(dataset, preset):
    assert default_preset(dataset).name == preset


def test_override_reaches_every_level():
    preset = get_preset("celeba").override(
        latent_dim=7, beta=0.5, image_size=(64, 48), upsampling="nearest", epochs=None
    )
    assert preset.latent_dim == 7
    assert preset.objective.beta == 0.5
    assert preset.image_shape == (64, 48, 3)
    assert preset.network.upsampling == "nearest"
    assert preset.epochs == get_preset("celeba").epochs


def test_override_leaves_the_preset_as_it_was():
    before = get_preset("mnist")
    before.override(latent_dim=2, hidden=[64])
    assert get_preset("mnist") is before
    assert before.latent_dim == 20
    with pytest.raises(FrozenInstanceError):
        before.latent_dim = 2


def test_filters_mirror_the_decoder():
    network = get_preset("celeba").override(filters=[16, 32, 64]).network
    assert network.encoder == (Conv(16), Conv(32), Conv(64))
    assert network.decoder == (Conv(64), Conv(32), Conv(16), Conv(None, stride=1))


def test_kernels_and_strides_go_with_new_filters_in_any_order():
    changes = {"strides": [2, 1], "kernels": [5, 3], "filters": [16, 32]}
    network = get_preset("celeba").override(**changes).network
    assert network.encoder == (Conv(16, 5, 2), Conv(32, 3, 1))
    assert network.decoder == (Conv(32, 3, 1), Conv(16, 5, 2), Conv(None, 3, 1))
    with pytest.raises(ValueError, match="`strides` must have 4 values"):
        get_preset("celeba").override(strides=[2, 2])


@pytest.mark.parametrize(("name", "field"), [("mnist", "filters"), ("celeba", "hidden")])
def test_a_network_refuses_what_it_does_not_have(name, field):
    with pytest.raises(ValueError, match=field):
        get_preset(name).override(**{field: [8]})


def test_an_unknown_preset_is_answered_with_near_ones():
    with pytest.raises(ValueError, match=r"'celeba-periu'\. Did you mean 'celeba-perriu'"):
        get_preset("celeba-periu")
    with pytest.raises(ValueError, match=r"Choose from: mnist, digits, celeba, "):
        get_preset("qqq")


@pytest.mark.parametrize("name", ["mnist", "celeba", "celeba64", "mnist-best"])
def test_a_network_of_a_newer_version_is_refused_by_the_field(name):
    values = get_preset(name).to_dict()
    values["network"]["gating"] = "tanh"
    with pytest.raises(ValueError, match=r"upgrade\. Received: 'gating' beside what \w+Network"):
        Preset.from_dict(values)


def test_only_normalised_likelihoods_with_the_whole_kl_are_in_nats():
    assert get_preset("mnist").loss_unit == "nats"
    assert get_preset("celeba").loss_unit == "nats"
    assert get_preset("celeba-foster").loss_unit == "weighted"
    assert get_preset("mnist").override(beta=2.0).loss_unit == "weighted"
    assert get_preset("mnist").override(free_bits=0.1).loss_unit == "weighted"
    assert get_preset("mnist").override(stochastic=False).loss_unit == "weighted"


def test_the_importance_weighted_bound_is_not_called_the_elbo():
    preset = get_preset("mnist-iwae")
    assert preset.loss_name == "−ELBO"
    assert preset.loss_description == "binary cross-entropy + 1 × KL (nats)"
    tighter = preset.override(importance_samples=50)
    assert (tighter.loss_name, tighter.loss_unit) == ("IWAE bound, k = 50", "nats")
    assert tighter.loss_description.endswith("1 × KL (nats), importance-weighted over k = 50 draws")
    unnormalised = tighter.override(likelihood="squared_error")
    assert (unnormalised.loss_name, unnormalised.loss_unit) == ("loss", "weighted")
    assert "k = 50" in unnormalised.loss_description
    assert get_preset("celeba-foster").loss_name == "loss"


def test_bits_per_dimension_are_those_of_a_level():
    preset = get_preset("digits")  # 64 pixels
    mass = preset.override(likelihood="bernoulli")
    assert mass.bits_per_dimension(64 * math.log(2)) == pytest.approx(1.0)
    # A density of 1 over [0, 1] gives each of its 255 steps 1/255; over [-1, 1], 2/255.
    density = preset.override(likelihood="gaussian")
    assert density.bits_per_dimension(0.0) == pytest.approx(math.log2(255))
    assert density.override(output="tanh").bits_per_dimension(0.0) == pytest.approx(
        math.log2(255) - 1
    )


@pytest.mark.parametrize("changes", [{"likelihood": "squared_error"}, {"stochastic": False}])
def test_there_are_no_bits_without_an_elbo(changes):
    assert get_preset("digits").override(**changes).bits_per_dimension(1.0) is None
