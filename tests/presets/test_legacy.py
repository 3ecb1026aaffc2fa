"""Presets as version 0.1 wrote them into its models and runs."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from keras_vae.presets import (
    ELBO,
    MMD,
    PRESETS,
    Bernoulli,
    Cyclical,
    DeterministicPosterior,
    DiscretizedLogistic,
    Distillation,
    Gaussian,
    GaussianPosterior,
    ImportanceWeighted,
    LearnedGaussian,
    Linear,
    MeanSquaredError,
    Objective,
    OptimalGaussian,
    Perceptual,
    Preset,
    ResidualNetwork,
    SquaredError,
)

SAVED_MODELS = Path(__file__).parents[2] / "saved_models"

FLAT = {
    "likelihood": "bernoulli",
    "variance": 1.0,
    "weight": 1.0,
    "beta": 1.0,
    "annealing": "constant",
    "annealing_steps": 0,
    "free_bits": 0.0,
    "importance_samples": 1,
    "perceptual_weight": 0.0,
    "distillation_weight": 0.0,
    "mmd_weight": 0.0,
}

MINE = {
    "name": "mine",
    "source": "Mine",
    "dataset": "digits",
    "image_shape": [8, 8, 1],
    "latent_dim": 3,
    "network": {"hidden": [16], "activation": "elu", "spread": True},
    "objective": FLAT,
    "posterior_scale": "softplus",
    "stochastic": True,
    "output": "sigmoid",
}


@pytest.mark.parametrize("name", ["celeba", "celeba64", "mnist", "mnist-best", "mnist-iwae"])
def test_the_preset_of_a_shipped_model_is_todays(name):
    model_json = SAVED_MODELS / name / "1" / "assets.extra" / "model.json"
    stored = Preset.from_dict(json.loads(model_json.read_text())["preset"])
    assert replace(stored, epochs=PRESETS[name].epochs) == PRESETS[name]


@pytest.mark.parametrize(
    ("changes", "likelihood"),
    [
        ({"likelihood": "bernoulli", "variance": 3.0}, Bernoulli()),
        ({"likelihood": "gaussian", "variance": 0.3}, Gaussian(0.3)),
        ({"likelihood": "squared_error", "variance": 0.3, "weight": 4.0}, SquaredError(0.3)),
        ({"likelihood": "mean_squared_error", "weight": 2000.0}, MeanSquaredError(2000.0)),
        ({"likelihood": "optimal_gaussian", "weight": 4.0}, OptimalGaussian()),
        ({"likelihood": "learned_gaussian"}, LearnedGaussian()),
        ({"likelihood": "discretized_logistic"}, DiscretizedLogistic()),
    ],
    ids=lambda value: value["likelihood"] if isinstance(value, dict) else "",
)
def test_a_likelihood_has_the_number_that_its_kind_uses(changes, likelihood):
    preset = Preset.from_dict({**MINE, "objective": {**FLAT, **changes}})
    assert preset.objective == Objective(likelihood)


@pytest.mark.parametrize(
    ("changes", "bound"),
    [
        ({"beta": 4.0, "free_bits": 0.1}, ELBO(4.0, free_bits=0.1)),
        ({"annealing": "linear", "annealing_steps": 7}, ELBO(annealing=Linear(7))),
        ({"annealing": "cyclical", "annealing_steps": 7}, ELBO(annealing=Cyclical(7))),
        ({"annealing_steps": 7}, ELBO()),
        ({"importance_samples": 5}, ImportanceWeighted(5)),
        (
            {"importance_samples": 5, "annealing": "linear", "annealing_steps": 7},
            ImportanceWeighted(5, Linear(7)),
        ),
    ],
    ids=["β", "linear", "cyclical", "steps of none", "samples", "annealed samples"],
)
def test_a_bound_has_what_was_used(changes, bound):
    preset = Preset.from_dict({**MINE, "objective": {**FLAT, **changes}})
    assert preset.objective == Objective(Bernoulli(), bound)


def test_terms_are_those_with_a_weight():
    weights = {"perceptual_weight": 3.0, "distillation_weight": 2.0, "mmd_weight": 1.0}
    preset = Preset.from_dict({**MINE, "objective": {**FLAT, **weights}})
    assert preset.objective.terms == (Perceptual(3.0), Distillation(2.0), MMD(1.0))
    preset = Preset.from_dict({**MINE, "objective": {**FLAT, "mmd_weight": 1.0}})
    assert preset.objective.terms == (MMD(1.0),)


@pytest.mark.parametrize(
    ("stochastic", "posterior"),
    [(True, GaussianPosterior("softplus")), (False, DeterministicPosterior("softplus"))],
)
def test_a_posterior_has_scale_and_noise(stochastic, posterior):
    assert Preset.from_dict({**MINE, "stochastic": stochastic}).posterior == posterior


@pytest.mark.parametrize("name", ["mnist", "celeba", "mnist-best", "celeba64"])
def test_a_network_without_its_kind_is_recognized_by_its_fields(name):
    network = PRESETS[name].to_dict()["network"]
    del network["kind"]
    assert Preset.from_dict({**MINE, "network": network}).network == PRESETS[name].network


def test_an_older_network_may_lack_a_later_field():
    network = {"filters": [4], "blocks": [1], "dense": 8}
    assert Preset.from_dict({**MINE, "network": network}).network == ResidualNetwork((4,), (1,), 8)


def test_it_is_written_in_todays_form():
    values = Preset.from_dict(MINE).to_dict()
    assert values["posterior"] == {"kind": "gaussian", "scale": "softplus"}
    assert values["objective"]["likelihood"] == {"kind": "bernoulli"}
    assert "stochastic" not in values
    assert Preset.from_dict(json.loads(json.dumps(values))) == Preset.from_dict(MINE)


def test_an_unknown_field_is_refused():
    with pytest.raises(ValueError, match=r"`Preset` must have the fields name, .*'optimizer'\."):
        Preset.from_dict({**MINE, "optimizer": "sgd"})
