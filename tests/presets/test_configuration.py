import json
import math
import re
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, dataclass, field, fields
from typing import Annotated, get_args, get_origin, get_type_hints

import pytest

from keras_vae.evaluation import Settings
from keras_vae.presets import (
    ELBO,
    MMD,
    Adversarial,
    Annealing,
    Bernoulli,
    Bound,
    Conv,
    ConvNetwork,
    Cyclical,
    DenseNetwork,
    DeterministicPosterior,
    Distillation,
    Gaussian,
    GaussianPosterior,
    Identity,
    ImportanceWeighted,
    LearnedGaussian,
    Likelihood,
    Linear,
    MeanSquaredError,
    Network,
    Objective,
    OptimalGaussian,
    PCANetwork,
    PCAResidualNetwork,
    Perceptual,
    PositionalGaussian,
    Posterior,
    Preset,
    Prior,
    ResidualNetwork,
    SquaredError,
    StandardNormal,
    Term,
    get_preset,
)
from keras_vae.presets.configuration import Configuration, ConfigurationError, plain, rebuild
from keras_vae.super_resolution.run import UpscalerConfig
from keras_vae.training.run_directory import RunConfig

FAMILIES = (Annealing, Bound, Likelihood, Network, Posterior, Prior, Term)

RANGED = [
    Preset,
    Conv,
    RunConfig,
    UpscalerConfig,
    Settings,
    *(kind for family in FAMILIES for kind in family.kinds.values()),
]

# Texts of which any will do: names, places, and activations, of which Keras knows more than these.
FREE_TEXTS = {
    "name", "source", "dataset", "activation", "embedder", "data_dir", "command", "start_from",
    "by",
}  # fmt: skip

# Values that are not the defaults.
CONFIGURATIONS = [
    Linear(7),
    Cyclical(9),
    ELBO(0.25, Linear(7), 0.01),
    ImportanceWeighted(5, Cyclical(9)),
    Bernoulli(),
    Gaussian(0.3),
    LearnedGaussian(),
    OptimalGaussian(),
    PositionalGaussian(),
    MeanSquaredError(5.0),
    SquaredError(0.07),
    DenseNetwork((9, 8), "elu", spread=True),
    ConvNetwork((Conv(5), Conv(6, 4, 1)), (Conv(5, 2), Conv(None, 3, 1)), "none", "relu"),
    ResidualNetwork((4, 8), (1, 2), 16, kernel=5, patch=2),
    PCANetwork((4, 8), patch=4, pool=2, kernel=5),
    PCAResidualNetwork((4, 8), 4, 2, (3, 5), 2, (2, 1), kernel=5),
    GaussianPosterior("softplus"),
    DeterministicPosterior("log_sigma"),
    StandardNormal(),
    Perceptual(3.0),
    Distillation(4.0),
    MMD(2.0),
    Identity(5.0, "faces.keras", 0.1, 0.2, 0.3),
    Adversarial(6.0, 7, (8, 9), 1, 0.5, 3, 1e-3),
]


@pytest.mark.parametrize("value", CONFIGURATIONS, ids=repr)
def test_a_configuration_survives_json(value):
    (family,) = (family for family in FAMILIES if isinstance(value, family))
    values = json.loads(json.dumps(plain(value)))
    assert values["kind"] == value.kind
    again = family.from_dict(values)
    assert again == value
    assert type(again) is type(value)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_knows_its_kinds_by_name_and_no_others(family):
    assert family.kinds
    for name, kind in family.kinds.items():
        assert kind.kind == name
        assert issubclass(kind, family)
        assert kind.__name__ in {each.__name__ for each in family.__subclasses__()}


@pytest.mark.parametrize(
    "kind",
    [
        kind
        for family in FAMILIES
        if family is not Annealing  # a weight that grows is no object
        for kind in family.kinds.values()
    ],
    ids=lambda kind: kind.__name__,
)
def test_what_a_kind_builds_exists(kind):
    assert callable(kind.implementation(kind))  # it uses the class alone


@pytest.mark.parametrize("family", FAMILIES)
def test_an_unknown_kind_is_refused_with_the_known(family):
    known = ", ".join(family.kinds)
    with pytest.raises(ValueError, match=rf"`kind` must be one of {known}\. Received: 'qqqq'\."):
        family.from_dict({"kind": "qqqq"})


def test_a_kind_that_is_missing_is_refused():
    with pytest.raises(ValueError, match=r"`kind` must be one of .*Received: None\."):
        Likelihood.from_dict({"variance": 0.3})


def test_an_unknown_field_is_refused_with_those_of_the_kind():
    with pytest.raises(
        ValueError, match=r"`Gaussian` must have the fields variance;.*upgrade.*'mean', 'skew'\."
    ):
        Likelihood.from_dict({"kind": "gaussian", "variance": 1.0, "mean": 0.5, "skew": 1})
    with pytest.raises(ValueError, match=r"`Bernoulli` must have the fields \(none\);"):
        Likelihood.from_dict({"kind": "bernoulli", "variance": 1.0})


def test_a_kind_inside_another_is_rebuilt_or_refused_likewise():
    bound = {"kind": "elbo", "beta": 2.0, "annealing": {"kind": "linear", "steps": 3}}
    assert Bound.from_dict(bound) == ELBO(2.0, Linear(3))
    bound["annealing"]["kind"] = "cosine"
    with pytest.raises(ValueError, match=r"constant, linear, cyclical.*'cosine'"):
        Bound.from_dict(bound)


def test_other_data_classes_are_rebuilt_with_the_kinds_in_them():
    objective = Objective(Gaussian(0.3), ELBO(2.0, Linear(3)), (MMD(2.0), Perceptual(1.0)))
    values = json.loads(json.dumps(plain(objective)))
    assert "kind" not in values
    assert [each["kind"] for each in values["terms"]] == ["mmd", "perceptual"]
    assert rebuild(Objective, values) == objective


def test_fields_that_are_left_out_have_their_defaults():
    assert Bound.from_dict({"kind": "elbo"}) == ELBO()
    assert rebuild(Objective, {"likelihood": {"kind": "bernoulli"}}) == Objective(Bernoulli())


def test_another_kind_takes_the_values_that_both_have():
    assert SquaredError(0.3).switched("gaussian", "likelihood") == Gaussian(0.3)
    assert SquaredError(0.3).switched("bernoulli", "likelihood") == Bernoulli()
    assert Bernoulli().switched("gaussian", "likelihood") == Gaussian()
    posterior = GaussianPosterior("softplus").switched("deterministic", "stochastic")
    assert posterior == DeterministicPosterior("softplus")


def test_the_kind_at_hand_keeps_all_its_values():
    value = SquaredError(0.3)
    assert value.switched("squared_error", "likelihood") is value


def test_another_kind_that_is_unknown_is_refused_by_the_argument():
    with pytest.raises(ValueError, match=r"`likelihood` must be one of bernoulli, .*'bernouli'\."):
        Gaussian().switched("bernouli", "likelihood")


def test_a_copy_has_another_value_and_none_where_there_is_no_such_field():
    value = Gaussian(0.3)
    assert value.overridden("variance", 2.0) == Gaussian(2.0)
    assert value.overridden("weight", 2.0) is None
    assert value == Gaussian(0.3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Conv(0), "`filters` must be at least 1. Received: 0."),
        (lambda: Conv(8, kernel=2.5), "`kernel` must be an integer. Received: 2.5."),
        (lambda: DenseNetwork((9, -8)), "`hidden` must be at least 1. Received: -8."),
        (lambda: DenseNetwork(("9",)), "`hidden` must be an integer. Received: '9'."),
        (
            lambda: ConvNetwork((), (Conv(),)),
            "`encoder` must have at least one value. Received: ().",
        ),
        (lambda: PCANetwork((), 4, 2), "`filters` must have at least one value. Received: ()."),
        (lambda: PCANetwork((4,), 0, 2), "`patch` must be at least 1. Received: 0."),
        (lambda: Gaussian(0.0), "`variance` must be more than 0 and finite. Received: 0.0."),
        (lambda: ELBO(math.nan), "`beta` must be at least 0 and finite. Received: nan."),
        (lambda: ELBO("4"), "`beta` must be a number. Received: '4'."),
        (lambda: Linear(-3), "`annealing_steps` must be at least 0. Received: -3."),
        (lambda: ImportanceWeighted(0), "`importance_samples` must be at least 1. Received: 0."),
        (lambda: MMD(math.inf), "`mmd_weight` must be at least 0 and finite. Received: inf."),
        (lambda: Identity(1.0, shift=1.0), "`identity_shift` must be at least 0 and below 1."),
        (
            lambda: Adversarial(1.0, gamma=-1.0),
            "`adversarial_gamma` must be at least 0 and finite.",
        ),
        (lambda: Linear(None), "`annealing_steps` must be an integer. Received: None."),
        (
            lambda: PCANetwork((4,), 1, 1, normalization="layer"),
            "`normalization` must be one of none, batch, instance. Received: 'layer'.",
        ),
        (
            lambda: ResidualNetwork((4,), (1,), 8, upsampling="bilinear"),
            "`upsampling` must be one of transposed, nearest. Received: 'bilinear'.",
        ),
        (
            lambda: DeterministicPosterior("sigma"),
            "`posterior_scale` must be one of log_variance, log_sigma, softplus. "
            "Received: 'sigma'.",
        ),
        (
            lambda: RunConfig(get_preset("mnist"), "mnist", strategy="tpu"),
            "`strategy` must be one of auto, single, mirrored, multiworker. Received: 'tpu'.",
        ),
        (
            lambda: UpscalerConfig("celeba", precision="auto"),
            "`precision` must be one of float32, mixed_bfloat16, mixed_float16. Received: 'auto'.",
        ),
        (lambda: Settings(split="dev"), "`split` must be one of train, validation, test."),
        (lambda: Settings(binarization="fixed"), "`binarization` must be one of none, static,"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_value_out_of_its_range_is_refused_by_the_name_of_its_argument(make, message):
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        make()


def test_a_number_out_of_its_range_is_located_in_a_file():
    with pytest.raises(ConfigurationError) as caught:
        rebuild(Objective, {"likelihood": {"kind": "gaussian", "variance": -1.0}})
    assert caught.value.keys == ("likelihood", "variance")


@pytest.mark.parametrize("kind", RANGED, ids=lambda kind: kind.__name__)
def test_each_number_has_a_range(kind):
    hints = get_type_hints(kind, include_extras=True)
    assert not {field.name for field in fields(kind) if unlimited(hints[field.name])}


def unlimited(hint):
    """Whether a field holds numbers of which any will do."""
    if get_origin(hint) is Annotated:
        return False
    return hint in (int, float) or any(map(unlimited, get_args(hint)))


@pytest.mark.parametrize("kind", RANGED, ids=lambda kind: kind.__name__)
def test_each_text_has_a_choice_or_is_free(kind):
    hints = get_type_hints(kind, include_extras=True)
    assert {field.name for field in fields(kind) if any_text(hints[field.name])} <= FREE_TEXTS


def any_text(hint):
    """Whether a field holds texts of which any will do."""
    if get_origin(hint) in (Annotated, Mapping):
        return False
    return hint is str or any(map(any_text, get_args(hint)))


def test_a_configuration_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        Gaussian().variance = 2.0


class Sauce(Configuration):
    """A family of kinds, of which nobody else knows."""


@dataclass(frozen=True)
class Pesto(Sauce, kind="pesto", builds="collections.OrderedDict"):
    """A kind."""

    leaves: int = 3
    nuts: tuple[Conv, ...] = field(default_factory=tuple)


def test_a_family_of_your_own_has_a_registry_of_its_own():
    assert Sauce.kinds == {"pesto": Pesto}
    assert "pesto" not in Likelihood.kinds


def test_a_kind_is_not_replaced_by_another_class_of_its_name():
    with pytest.raises(ValueError, match=r"`kind` must be a new one.* 'pesto', which .*Pesto is"):

        class Other(Sauce, kind="pesto", builds="collections.OrderedDict"):
            """Another."""

    assert Sauce.kinds["pesto"] is Pesto


def test_it_builds_what_it_names_from_its_fields():
    assert Pesto(leaves=7).build([("salt", 1)]) == {"salt": 1, "leaves": 7, "nuts": ()}


def test_a_tuple_of_data_classes_is_rebuilt():
    pesto = Pesto(nuts=(Conv(3), Conv(None, 1, 1)))
    assert Sauce.from_dict(json.loads(json.dumps(plain(pesto)))) == pesto
    assert [each.name for each in fields(pesto)] == ["leaves", "nuts"]
