import numpy as np
import pytest

from keras_vae.datasets import ImageDataset
from keras_vae.export.card import card_of, model_card
from keras_vae.export.publishing import publish
from keras_vae.inference import registry as runtime
from keras_vae.presets import get_preset
from keras_vae.training import trainer as training
from keras_vae.training.run_directory import Run, RunConfig

pytestmark = pytest.mark.slow  # trains

PRESET = get_preset("mnist").override(
    image_size=(8, 8), hidden=(64,), latent_dim=4, epochs=15, decay="constant"
)


def ink_in_the_middle(images):
    return images[:, 2:6, 3:5].mean(axis=(1, 2, 3))


@pytest.fixture(scope="module")
def attributed(digits):
    """Digits with two facts that can be seen in them."""
    centre = ink_in_the_middle(digits.images)
    labels = np.stack([centre < np.median(centre), digits.labels == 6], axis=1)
    provenance = {
        "dataset": "digits",
        "title": "Digits",
        "licence": "CC BY 4.0",
        "homepage": "https://example.org",
        "split": "drawn",
        "location": "/home/somebody/digits.npz",
        "counts": {split: digits.count(split) for split in ("train", "validation", "test")},
    }
    return ImageDataset(
        "digits",
        digits.images,
        digits.partition,
        attributes=np.where(labels, 1, -1).astype(np.int8),
        attribute_names=("Hollow", "Six"),
        provenance=provenance,
    )


@pytest.fixture(scope="module")
def run(attributed, tmp_path_factory):
    config = RunConfig(
        PRESET,
        "digits",
        data_dir="/home/somebody",
        command="kvae train digits",
        provenance=attributed.provenance,
    )
    return training.train(config, attributed, tmp_path_factory.mktemp("runs") / "digits")


@pytest.fixture(scope="module")
def model(run, attributed, tmp_path_factory):
    path = publish(run, attributed, tmp_path_factory.mktemp("models") / "digits")
    return runtime.load(path, runtime="tensorflow")


def test_a_morph_goes_where_the_attribute_is(model, attributed):
    z, _ = model.encode(attributed.images[attributed.indices("validation")])
    more = model.decode(z + 2 * model.attributes.direction("Hollow"))
    less = model.decode(z - 2 * model.attributes.direction("Hollow"))
    assert (ink_in_the_middle(more) < ink_in_the_middle(less)).all()


def test_directions_come_from_the_training_split(model, attributed):
    rows = attributed.indices("train")
    z, _ = model.encode(attributed.images[rows])
    hollow = attributed.attributes[rows, 0] > 0
    expected = z[hollow].mean(axis=0) - z[~hollow].mean(axis=0)
    np.testing.assert_allclose(model.attributes.direction("Hollow"), expected, atol=1e-4)


def test_the_fitted_prior_lies_where_the_training_latents_do(model, attributed):
    z, _ = model.encode(attributed.images[attributed.indices("train")])
    _, drawn = model.sample(range(400), prior="gmm")
    np.testing.assert_allclose(drawn.mean(axis=0), z.mean(axis=0), atol=0.25)  # error: 0.05
    facts = model.metadata["fitted_prior"]
    assert facts["latents"] + facts["held_out"] == len(z)
    assert facts["log_prob"] > facts["normal_log_prob"]


def test_the_exported_model_is_the_best_checkpoint(model, run, attributed):
    import keras

    best = keras.models.load_model(run.best)
    images = attributed.images[:9]
    np.testing.assert_allclose(model.encode(images)[0], best.encode(images).mode(), atol=1e-5)


def test_weights_of_float16_halve_the_files_and_give_almost_the_same(
    model, run, attributed, tmp_path
):
    path = publish(run, attributed, tmp_path / "digits", weights="float16")
    small = runtime.load(path, runtime="tensorflow")
    sizes = [
        sum(file.stat().st_size for file in (each / "variables").glob("variables.data-*"))
        for each in (path, model.path)
    ]
    assert sizes[0] < 0.55 * sizes[1]
    images = attributed.images[:50]
    z, expected = (each.encode(images)[0] for each in (small, model))
    assert np.abs(z - expected).max() < 0.02
    assert (z != expected).any()
    lite = runtime.load(path, runtime="lite")
    np.testing.assert_allclose(lite.encode(images)[0], z, atol=1e-4)  # whose weights are the same
    assert small.metadata["weights"] == "float16"
    assert "rounded to float16" in (path.parent / "README.md").read_text()


def test_facts_say_what_was_measured_and_no_path_of_the_machine(model, run):
    facts = model.metadata
    assert facts["metrics"]["test"]["loss"] > 0
    assert facts["licence"] == "CC BY 4.0"
    assert facts["data"]["dataset"] == "digits"
    assert {probe["name"] for probe in facts["attribute_probes"]} == {"Hollow", "Six"}
    assert facts["attribute_probes"][0]["auc"] > 0.9
    assert facts["command"] == "kvae train digits"
    assert "/home/somebody" not in (model.path / "assets.extra" / "model.json").read_text()


def test_the_kl_of_each_dimension_is_that_of_the_validation_split(model, attributed):
    z_mean, z_log_var = model.encode(attributed.images[attributed.indices("validation")])
    kl = 0.5 * (z_mean**2 + np.exp(z_log_var) - 1 - z_log_var)
    np.testing.assert_allclose(model.metadata["kl_per_dimension"], kl.mean(axis=0), atol=1e-3)


def test_the_card_repeats_the_measured_numbers(model):
    card = (model.path.parent / "README.md").read_text()
    assert card == model_card(model.metadata) == card_of(model.path)
    assert f"{model.metadata['metrics']['test']['loss']:.2f}" in card
    assert "CC BY 4.0" in card
    assert "kvae train digits" in card


def test_an_existing_card_is_kept_by_default(model, run, attributed):
    card = model.path.parent / "README.md"
    card.write_text("mine")
    second = publish(run, attributed, model.path.parent)
    assert second.name == str(model.version + 1)
    assert card.read_text() == "mine"
    publish(run, attributed, model.path.parent, overwrite=True)
    assert card.read_text() != "mine"


def test_a_run_without_an_epoch_cannot_be_published(tmp_path, attributed):
    run = Run.create(tmp_path, RunConfig(PRESET, "digits"))
    with pytest.raises(FileNotFoundError, match="no checkpoint yet"):
        publish(run, attributed, tmp_path / "model")
