import json
import math
from dataclasses import FrozenInstanceError, dataclass, replace

import pytest

from keras_vae.presets import (
    ELBO,
    MMD,
    PRESETS,
    Conv,
    Cyclical,
    DeterministicPosterior,
    Distillation,
    GaussianPosterior,
    ImportanceWeighted,
    Linear,
    Objective,
    Perceptual,
    Preset,
    SquaredError,
    Term,
    get_preset,
)


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_a_preset_survives_json(preset):
    assert Preset.from_dict(json.loads(json.dumps(preset.to_dict()))) == preset


def test_override_reaches_every_level():
    preset = get_preset("celeba").override(
        latent_dim=7,
        beta=0.5,
        image_size=(64, 48),
        upsampling="nearest",
        posterior_scale="softplus",
        epochs=None,
    )
    assert preset.latent_dim == 7
    assert preset.objective.bound == ELBO(0.5)
    assert preset.posterior == GaussianPosterior("softplus")
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


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"filters": 8}, r"`filters` must be a list\. Received: 8\."),
        ({"filters": []}, r"`filters` must have at least one value\. Received: \(\)\."),
        ({"kernels": [3, 3, 3, 0]}, r"`kernels` must be at least 1\. Received: 0\."),
    ],
)
def test_filters_kernels_and_strides_that_cannot_be_are_refused_by_their_names(changes, message):
    with pytest.raises(ValueError, match=message):
        get_preset("celeba").override(**changes)


def test_override_chooses_kinds_and_keeps_the_values_that_both_have():
    preset = get_preset("mnist-zhao-mlp").override(likelihood="gaussian", stochastic=False)
    assert preset.objective.likelihood.values() == {"variance": 0.05}
    assert preset.posterior == DeterministicPosterior("softplus")
    assert not preset.stochastic
    assert preset.override(stochastic=True).posterior == GaussianPosterior("softplus")
    annealed = get_preset("mnist").override(annealing="cyclical", annealing_steps=7, beta=2.0)
    assert annealed.objective.bound == ELBO(2.0, Cyclical(7))
    assert annealed.override(annealing="linear").objective.bound == ELBO(2.0, Linear(7))
    assert annealed.override(annealing="constant").objective.bound == ELBO(2.0)
    tighter = get_preset("mnist-iwae").override(importance_samples=5)
    assert tighter.objective.bound == ImportanceWeighted(5, Linear(50_000))
    assert tighter.override(importance_samples=1) == get_preset("mnist-iwae")


def test_numbers_of_a_kind_may_come_before_the_kind():
    preset = get_preset("digits").override(variance=0.3, likelihood="squared_error")
    assert preset.objective == Objective(SquaredError(0.3))
    annealed = get_preset("digits").override(annealing_steps=7, annealing="linear")
    assert annealed.objective.bound == ELBO(annealing=Linear(7))


def test_terms_have_one_weight_each_and_go_at_0():
    preset = get_preset("digits").override(mmd_weight=2.0, perceptual_weight=3.0)
    assert preset.objective.terms == (Perceptual(3.0), MMD(2.0))
    assert preset.objective.term("mmd") == MMD(2.0)
    assert preset.objective.term("distillation") is None
    assert preset.objective.needs_teacher
    changed = preset.override(mmd_weight=4.0, perceptual_weight=0.0, distillation_weight=1.0)
    assert changed.objective.terms == (Distillation(1.0), MMD(4.0))
    assert not get_preset("digits").override(mmd_weight=0.0).objective.terms


def test_another_weight_leaves_a_terms_other_values_unchanged(monkeypatch):
    monkeypatch.setattr(Term, "kinds", dict(Term.kinds))

    @dataclass(frozen=True)
    class Gram(Term, kind="gram"):
        weight: float
        layers: int = 1

    preset = get_preset("digits")
    preset = replace(preset, objective=replace(preset.objective, terms=(Gram(2.0, layers=5),)))
    changed = preset.override(gram_weight=3.0, mmd_weight=1.0)
    assert changed.objective.terms == (MMD(1.0), Gram(3.0, layers=5))


@pytest.mark.parametrize(
    ("name", "changes", "kinds"),
    [
        ("mnist", {"filters": [8]}, "its network is dense"),
        ("celeba", {"hidden": [8]}, "its network is convolutional"),
        ("mnist-best", {"strides": [2, 2, 2]}, "its network is residual"),
        ("digits", {"variance": 3.0}, "its likelihood optimal_gaussian"),
        ("digits", {"weight": 5.0}, "its likelihood optimal_gaussian"),
        ("digits", {"annealing_steps": 7}, "its annealing constant"),
        ("mnist", {"depth": 3}, "its network is dense"),
        ("mnist", {"kl_weight": 3}, "its bound elbo"),
    ],
)
def test_what_no_kind_at_hand_has_is_refused_with_the_kinds(name, changes, kinds):
    refused = list(changes)[-1]
    with pytest.raises(
        ValueError,
        match=rf"`{refused}` cannot be changed in preset '{name}'.*{kinds}.*such a value",
    ):
        get_preset(name).override(**changes)


def test_all_that_is_refused_is_named_at_once():
    changes = {"weight": 5.0, "latent_dim": 3, "variance": 3.0, "annealing_steps": 7}
    with pytest.raises(
        ValueError,
        match=r"^`weight`, `variance`, `annealing_steps` cannot be changed in preset 'digits': its "
        r"network is dense, its likelihood optimal_gaussian, its bound elbo, its annealing "
        r"constant, and none of them has such values\. `weight` needs "
        r"`likelihood=mean_squared_error`\. `variance` needs `likelihood=gaussian` or "
        r"`likelihood=squared_error`\. "
        r"`annealing_steps` needs `annealing=linear` or `annealing=cyclical`\.$",
    ):
        get_preset("digits").override(**changes)


@pytest.mark.parametrize("kind", ["texture", "adversarial", "identity"])
def test_a_number_of_a_term_that_is_not_there_names_its_weight(kind):
    with pytest.raises(
        ValueError, match=rf"such a value\. `{kind}_start` needs `{kind}_weight`\.$"
    ):
        get_preset("mnist").override(**{f"{kind}_start": 10})
    with pytest.raises(ValueError, match=r"such a value\.$"):
        get_preset("mnist").override(**{f"{kind}_color": 10})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"likelihood": "gaus"}, r"`likelihood` must be one of bernoulli, gaussian.*'gaus'\."),
        ({"annealing": "cosine"}, r"`annealing` must be one of constant, linear.*'cosine'\."),
        ({"annealing": "linear"}, r"`annealing_steps` must be positive. Received: 0\."),
        (
            {"annealing": "linear", "annealing_steps": -1},
            r"`annealing_steps` must be at least 0. Received: -1\.",
        ),
        ({"stochastic": "no"}, r"`stochastic` must be true or false\. Received: 'no'\."),
        ({"conditional": "false"}, r"`conditional` must be true or false"),
        ({"random_flip": "no"}, r"`random_flip` must be true or false"),
        ({"activation": 5}, r"`activation` must be a text\. Received: 5\."),
        ({"output": "relu"}, r"`output` must be one of sigmoid, tanh, linear\. Received: 'relu'\."),
        ({"decay": "linear"}, r"`decay` must be one of constant, cosine\. Received: 'linear'\."),
        ({"decay": 5}, r"`decay` must be one of constant, cosine\. Received: 5\."),
        ({"binarization": "fixed"}, r"`binarization` must be one of none, static, dynamic, thresh"),
        ({"posterior_scale": "sigma"}, r"`posterior_scale` must be one of log_variance, log_sig"),
        ({"latent_dim": True}, r"`latent_dim` must be an integer\. Received: True\."),
        ({"image_size": (32, 32, 3)}, r"`image_size` must be a list of 2\. Received: \(32, 32"),
        ({"image_size": 32}, r"`image_size` must be a list\. Received: 32\."),
        ({"image_size": (32, 0)}, r"`image_size` must be at least 1\. Received: 0\."),
        ({"image_size": [32.0, 32]}, r"`image_size` must be an integer\. Received: 32\.0\."),
        ({"image_shape": (32, 32)}, r"`image_shape` must be a list of 3\. Received: \(32, 32\)\."),
        ({"hidden": 64}, r"`hidden` must be a list\. Received: 64\."),
        ({"importance_samples": 0}, r"`importance_samples` must be at least 1. Received: 0\."),
    ],
)
def test_a_kind_or_number_that_cannot_be_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        get_preset("mnist").override(**changes)


@pytest.mark.parametrize(
    ("changes", "received"),
    [
        ({"beta": 4.0}, "beta=4"),
        ({"free_bits": 0.1}, r"free_bits=0\.1"),
        ({"beta": 4.0, "free_bits": 0.1}, r"beta=4, free_bits=0\.1"),
        ({"stochastic": False}, "stochastic=False"),
        ({"mmd_weight": 2.0}, "mmd_weight=2"),
        (
            {"mmd_weight": 2.0, "distillation_weight": 0.5},
            r"distillation_weight=0\.5, mmd_weight=2",
        ),
    ],
)
def test_the_importance_weighted_bound_leaves_nothing_out_in_silence(changes, received):
    preset = get_preset("mnist").override(**changes)
    message = rf"`importance_samples` must be 1 .* Received: 5 with {received}\."
    with pytest.raises(ValueError, match=message):
        preset.override(importance_samples=5)
    with pytest.raises(ValueError, match=message):
        get_preset("mnist").override(importance_samples=5, **changes)
    if not {"beta", "free_bits"} & set(changes):
        with pytest.raises(ValueError, match=message):
            get_preset("mnist").override(importance_samples=5).override(**changes)


def test_changes_that_agree_with_each_other_are_applied_in_any_order():
    plain = {"beta": 1.0, "perceptual_weight": 0, "distillation_weight": 0, "mmd_weight": 0}
    annealed = {"annealing": "linear", "annealing_steps": 7, "free_bits": 0.0}
    changes = {"importance_samples": 5, **plain, **annealed}
    for ordered in (changes, dict(reversed(changes.items()))):
        preset = get_preset("celeba64").override(**ordered)
        assert preset.objective.bound == ImportanceWeighted(5, Linear(7))
        assert not preset.objective.terms
    back = preset.override(beta=4.0, mmd_weight=2.0, importance_samples=1)
    assert back.objective.bound == ELBO(4.0, Linear(7))


@pytest.mark.parametrize("name", ["beta", "free_bits"])
def test_the_importance_weighted_bound_has_neither_beta_nor_free_bits(name):
    preset = get_preset("mnist").override(importance_samples=5)
    with pytest.raises(
        ValueError, match=rf"`{name}` cannot be changed .*its bound importance_weighted.*such a"
    ):
        preset.override(**{name: 1.0, "importance_samples": 10})


@pytest.mark.parametrize("output", ["linear", "tanh"])
@pytest.mark.parametrize("name", ["mnist", "own-images"])
def test_another_output_than_a_sigmoid_contradicts_a_bernoulli_likelihood(name, output):
    message = rf"`output` must be 'sigmoid' for a Bernoulli .*Received: '{output}'\. .*'gaussian'\."
    preset = get_preset(name).override(likelihood="bernoulli")
    assert preset.output == "sigmoid"
    with pytest.raises(ValueError, match=message):
        preset.override(output=output)
    with pytest.raises(ValueError, match=message):
        get_preset(name).override(output=output, likelihood="bernoulli")
    with pytest.raises(ValueError, match=message):
        replace(preset, output=output).check()


@pytest.mark.parametrize("name", ["mnist", "celeba", "celeba64", "mnist-best"])
def test_a_network_of_a_newer_version_is_refused_by_the_field(name):
    values = get_preset(name).to_dict()
    values["network"]["gating"] = "tanh"
    with pytest.raises(
        ValueError, match=r"`\w+Network` must have the fields .*upgrade\. Received: 'gating'\."
    ):
        Preset.from_dict(values)


def test_only_normalized_likelihoods_with_the_whole_kl_are_in_nats():
    assert get_preset("mnist").loss_unit == "nats"
    assert get_preset("celeba").loss_unit == "nats"
    assert get_preset("celeba-foster").loss_unit == "weighted"
    assert get_preset("mnist").override(beta=2.0).loss_unit == "weighted"
    assert get_preset("mnist").override(free_bits=0.1).loss_unit == "weighted"
    assert get_preset("mnist").override(stochastic=False).loss_unit == "weighted"
    assert get_preset("mnist").override(mmd_weight=1.0).loss_unit == "weighted"


def test_the_importance_weighted_bound_is_not_called_the_elbo():
    preset = get_preset("mnist-iwae")
    assert preset.loss_name == "−ELBO"
    assert preset.loss_description == "binary cross-entropy + 1 × KL (nats)"
    tighter = preset.override(importance_samples=50)
    assert (tighter.loss_name, tighter.loss_unit) == ("IWAE bound, k = 50", "nats")
    assert tighter.loss_description.endswith(
        "1 × KL (nats), importance-weighted over k = 50 samples"
    )
    unnormalized = tighter.override(likelihood="squared_error")
    assert (unnormalized.loss_name, unnormalized.loss_unit) == ("loss", "weighted")
    assert "k = 50" in unnormalized.loss_description
    assert get_preset("celeba-foster").loss_name == "loss"


def test_bits_per_dimension_are_those_of_a_level():
    preset = get_preset("digits")  # 64 pixels
    mass = preset.override(likelihood="discretized_logistic")
    assert mass.bits_per_dimension(64 * math.log(2)) == pytest.approx(1.0)
    # A density of 1 over [0, 1] gives each of its 255 steps 1/255; over [-1, 1], 2/255.
    density = preset.override(likelihood="gaussian")
    assert density.bits_per_dimension(0.0) == pytest.approx(math.log2(255))
    assert density.override(output="tanh").bits_per_dimension(0.0) == pytest.approx(
        math.log2(255) - 1
    )


def test_a_bernoulli_likelihood_has_a_mass_only_of_black_and_white_pixels():
    gray = get_preset("digits").override(likelihood="bernoulli")  # 64 pixels
    assert (gray.likelihood_kind, gray.loss_unit) == ("cross-entropy", "nats")
    assert gray.bits_per_dimension(64 * math.log(2)) is None
    binary = gray.override(binarization="static")
    assert binary.likelihood_kind == "mass"
    assert binary.bits_per_dimension(64 * math.log(2)) == pytest.approx(1.0)
    levels = gray.override(likelihood="discretized_logistic")
    assert levels.likelihood_kind == levels.override(binarization="static").likelihood_kind


@pytest.mark.parametrize("changes", [{"likelihood": "squared_error"}, {"stochastic": False}])
def test_there_are_no_bits_without_an_elbo(changes):
    assert get_preset("digits").override(**changes).bits_per_dimension(1.0) is None


def test_the_loss_is_described_with_all_its_terms():
    description = get_preset("celeba64").loss_description
    assert description == (
        "Gaussian, variance at its optimum (Rybkin et al. 2021) + 3000 × perceptual loss "
        "+ 300 × distillation loss + 2 × squared MMD between the aggregate posterior and the prior "
        "+ 8 × KL (weighted)"
    )


def test_the_loss_is_described_with_free_bits_and_without_a_kl_that_is_not_there():
    preset = get_preset("mnist").override(free_bits=0.1)
    assert preset.loss_description == (
        "binary cross-entropy + 1 × KL of at least 0.1 nats a dimension (weighted)"
    )
    plain = preset.override(stochastic=False, mmd_weight=2.0)
    assert plain.loss_description == (
        "binary cross-entropy + 2 × squared MMD between the aggregate posterior and the prior "
        "(weighted)"
    )
