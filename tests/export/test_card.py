import pytest

from keras_vae.export.card import model_card
from keras_vae.presets import get_preset

COUNTS = {"train": 80, "validation": 10, "test": 10}


def facts(*attributes, data=None, **changes):
    """What `model.json` says of a model of somebody's own pictures."""
    own = {"dataset": None, "title": "flowers", "homepage": None, "split": "drawn"}
    return {
        "name": "flowers",
        "preset": get_preset("celeba").to_dict(),
        "objective": {"reconstruction": "Gaussian", "unit": "nats"},
        "image_shape": [32, 32, 3],
        "latent_dim": 200,
        "attribute_names": list(attributes),
        "data": {**own, "counts": COUNTS, **(data or {})},
        "epochs": {"trained": 3, "exported": 2},
        "metrics": {},
        "command": None,
        "precision": "float32",
        "seed": 0,
        "versions": {"keras_vae": "0.1.0", "tensorflow": "2", "keras": "3"},
        **changes,
    }


@pytest.mark.parametrize("attributes", [(), ("Red", "Smiling")])
def test_only_celebas_card_speaks_of_celebrities(attributes):
    """Whatever the preset was made for, and whether or not there are attributes."""
    own = model_card(facts(*attributes))
    faces = model_card(facts(*attributes, data={"dataset": "celeba"}))
    for text in ("celebrities", "light-skinned", "non-commercial", "to judge or to identify"):
        assert text not in own
        assert text in faces.replace("\n  ", " ")
    assert "like those of its training set" in own
    assert ("The attribute directions contain" in faces) == bool(attributes)
    assert ("paid raters" in faces) == bool(attributes)


@pytest.mark.parametrize(
    ("attributes", "option"),
    [
        (("Red", "Smiling"), "--attr Smiling`"),
        (("Red", "Blue"), "--attr Red`"),
        (("Dark red",), "--attr 'Dark red'`"),
    ],
)
def test_the_morph_that_is_shown_is_by_an_attribute_of_the_model(attributes, option):
    assert f"`kvae morph IMG --model flowers {option}" in model_card(facts(*attributes))
    assert "kvae morph" not in model_card(facts())


def test_what_is_not_known_is_left_out():
    card = model_card(facts())
    assert "None" not in card
    assert "- Data: flowers, 80 train, 10 validation, 10 test images; split: drawn.\n" in card
    unknown = dict.fromkeys(("dataset", "title", "homepage", "split", "counts"))
    card = model_card(facts(data=unknown))
    assert "None" not in card
    assert "- Data: not stated.\n" in card
    described = model_card(facts(data={"homepage": "https://example.org"}))
    assert "split: drawn. https://example.org\n" in described


LOSSES = dict.fromkeys(
    ("loss", "reconstruction_loss", "kl_loss", "mse", "mse_of_mean", "bits_per_dimension"), 1.0
)


@pytest.mark.parametrize(
    ("counts", "metrics", "split"),
    [
        (COUNTS, {}, "validation"),
        ({**COUNTS, "validation": 0}, {}, "training"),
        (None, {"train": LOSSES, "validation": LOSSES}, "validation"),
        (None, {}, "training"),
    ],
)
def test_the_weights_are_those_of_the_loss_that_was_watched(counts, metrics, split):
    card = model_card(facts(data={"counts": counts}, metrics=metrics))
    assert f"weights of the lowest {split} loss: epoch 2 of 3." in card


def test_without_an_evaluation_the_card_shows_the_metrics_of_the_training():
    bits = {**LOSSES, "mse": 0.25}
    none = {name: value for name, value in bits.items() if name != "bits_per_dimension"}
    card = model_card(facts(metrics={"train": bits, "test": none}))
    assert "| train | 1.00 | 1.00 | 1.00 | 0.25000 | 1.00000 | 1.000 |\n" in card
    assert "| test | 1.00 | 1.00 | 1.00 | 0.25000 | 1.00000 | – |\n" in card


EVALUATION = {  # as 0.1 wrote it
    "command": "kvae evaluate flowers flowers",
    "images": 1000,
    "split": "test",
    "data": "flowers",
    "binarization": "none",
    "seed": 7,
    "seconds": 75.4,
    "versions": {"tensorflow": "2", "numpy": "2"},
    "probes": [
        {"name": "Red", "auc": 0.7, "balanced_accuracy": 0.6, "accuracy": 0.5},
        {"name": "Blue", "auc": 0.9, "balanced_accuracy": 0.8, "accuracy": 0.85},
    ],
}


def test_an_evaluation_without_tables_gives_what_was_measured_and_the_probes():
    card = model_card(facts("Red", "Blue"), EVALUATION)
    assert (
        "    kvae evaluate flowers flowers\n\nOn 1,000 images of the test split of flowers" in card
    )
    assert "seed 7; in 75 s with tensorflow 2, numpy 2." in card
    assert "measured on the test split. Mean AUC of 2 attributes: **0.800**.\n" in card
    best, worst = "| Blue | 0.900 | 0.800 | 0.850 |\n", "| Red | 0.700 | 0.600 | 0.500 |\n"
    assert best + worst in card
    assert "###" not in card


def test_tables_and_notes_of_an_evaluation_are_shown():
    tables = {"Likelihood": {"−ELBO (nats)": "1.00 ± 0.10"}, "Posterior": {"active units": "1"}}
    card = model_card(facts(), {**EVALUATION, "tables": tables, "notes": ["A loose bound."]})
    assert "standard errors.\n\nA loose bound.\n\n### Likelihood\n\n| measure | value |\n" in card
    assert "| −ELBO (nats) | 1.00 ± 0.10 |\n\n### Posterior\n" in card


@pytest.mark.parametrize("weight", [0.0, 2.0])
def test_distilled_latents_are_named_beside_the_probes(weight):
    preset = get_preset("celeba").override(distillation_weight=weight).to_dict()
    card = model_card(facts("Red", "Blue", preset=preset), EVALUATION)
    assert ("had a distillation term" in card) == bool(weight)


def test_an_embedder_and_a_critic_are_named_with_what_follows_from_them():
    taught = get_preset("celeba").override(identity_weight=1.0, identity_embedder="dlib")
    judged = taught.override(adversarial_weight=1.0, texture_weight=1.0)
    faces = {"data": {"dataset": "celeba"}}
    plain, known, sharp = (
        model_card(facts("Red", preset=preset.to_dict(), **faces))
        for preset in (get_preset("celeba"), taught, judged)
    )
    origin = "Embedder of the identity loss: dlib's network for face recognition (King 2017, in"
    assert [origin in card for card in (plain, known, sharp)] == [False, True, True]
    begun = get_preset("celeba64").override(network=get_preset("celeba128").network)
    card = model_card(facts("Red", preset=begun.to_dict(), **faces))
    assert "A part of the encoder began as dlib's network for face recognition (King 2017," in card
    assert not any("began as" in card for card in (plain, known, sharp))
    assert ["the model's invention" in card for card in (plain, known, sharp)] == [
        False,
        False,
        True,
    ]
    assert "evidence of what a photo shows (adversarial loss and texture loss).\n" in sharp
    own = get_preset("celeba").override(identity_weight=1.0, identity_embedder="/home/me/own.keras")
    card = model_card(facts(preset=own.to_dict()))
    assert "a network of the trainer's: own.keras." in card
    assert "/home/me" not in card
    assert "weights of the lowest validation loss: epoch 2 of 3" in known
    assert "weights of the last epoch: epoch 2 of 3" in sharp


@pytest.mark.parametrize("evaluation", [None, EVALUATION])
def test_parts_are_separated_by_one_empty_line(evaluation):
    card = model_card(facts("Red", metrics={"train": LOSSES}), evaluation)
    assert "\n\n\n" not in card
    assert card.endswith(".\n")
    for heading in ("## Training", "## Measured", "## Limits and bias"):
        assert f"\n\n{heading}\n\n" in card
