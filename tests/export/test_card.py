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
    assert "answers any other with the nearest it knows" in own
    assert ("its\n  directions carry" in faces) == bool(attributes)


@pytest.mark.parametrize(
    ("attributes", "option"),
    [
        (("Red", "Smiling"), "--attr Smiling`"),
        (("Red", "Blue"), "--attr Red`"),
        (("Dark red",), "--attr 'Dark red'`"),
    ],
)
def test_the_morph_that_is_shown_is_one_that_the_model_knows(attributes, option):
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


@pytest.mark.parametrize(
    ("counts", "metrics", "split"),
    [
        (COUNTS, {}, "validation"),
        ({**COUNTS, "validation": 0}, {}, "training"),
        (None, {"train": {}, "validation": {"loss": 1.0}}, "validation"),
        (None, {}, "training"),
    ],
)
def test_the_weights_are_those_of_the_loss_that_was_watched(counts, metrics, split, monkeypatch):
    monkeypatch.setattr("keras_vae.export.card._metrics", lambda facts: "")
    card = model_card(facts(data={"counts": counts}, metrics=metrics))
    assert f"weights of the lowest {split} loss: epoch 2 of 3." in card
