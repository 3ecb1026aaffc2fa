"""Conditional models: as many labels as the images have, and statistics of labelled batches."""

from dataclasses import replace

import numpy as np
import pytest

from keras_vae.datasets import ImageDataset
from keras_vae.presets import get_preset
from keras_vae.training import trainer
from keras_vae.training.conditioning import conditioned
from keras_vae.training.run_directory import Run, RunConfig, read_json

CONDITIONAL = get_preset("digits").override(conditional=True)


def with_labels(digits, labels, **changes):
    """Digits with labels that take these values in turn."""
    return replace(digits, labels=np.resize(labels, len(digits.images)), **changes)


def test_there_are_as_many_classes_as_labels_or_names(digits):
    assert conditioned(CONDITIONAL, digits).classes == 10
    few = with_labels(digits, [0, 2], label_names=("a", "b", "c", "d"))
    assert conditioned(CONDITIONAL, few).classes == 4
    assert conditioned(replace(CONDITIONAL, classes=12), digits).classes == 12
    assert conditioned(get_preset("digits"), digits).classes is None


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, -1], "labels 0, 1, 2, …. Received: -1"),
        ([1990, 2005], "1, 2, …. Received: 2 labels up to 2,005 in 'digits'"),
        (np.arange(30), "at most 12 labels, as many as the model. Received: 30"),
    ],
)
def test_labels_that_do_not_fit_are_refused(digits, labels, message):
    with pytest.raises(ValueError, match=message):
        conditioned(replace(CONDITIONAL, classes=12), with_labels(digits, labels))


def test_images_without_labels_are_refused(digits):
    bare = replace(digits, labels=None)
    signs = np.ones((len(digits.images), 1), np.int8)
    attributed = replace(bare, attributes=signs, attribute_names=("Dark",))
    for dataset, message in (
        (bare, r"labels, such as a folder for each class.*'digits', which has none\."),
        (attributed, "which has none, only attributes"),
    ):
        with pytest.raises(ValueError, match=message):
            conditioned(CONDITIONAL, dataset)


def test_unconditional_models_have_no_labels():
    assert replace(CONDITIONAL, classes=3).override(conditional=False).classes is None


@pytest.mark.slow
def test_a_network_with_batch_normalization_trains_and_resumes(photos, tmp_path):
    labels = np.arange(64) % 3
    partition = np.repeat([0, 1], [48, 16]).astype(np.int8)
    few = ImageDataset("photos", photos[:64], partition, labels=labels)
    small = {"filters": (8, 8), "latent_dim": 4, "batch_size": 16}
    preset = get_preset("celeba").override(**small, epochs=1, conditional=True)
    run = trainer.train(RunConfig(preset, "photos"), few, tmp_path / "run")
    assert run.config().preset.classes == 3
    resumed = trainer.resume(run, few, config=run.extended(epochs=2))
    assert {"mse_of_mean", "loss"} <= set(read_json(Run.open(resumed.path).metrics_file)["train"])


def test_a_set_whose_folders_are_no_labels_is_refused_with_the_reason(digits):
    notes = ["a.txt is used", "no labels: 1 of 9 images is in no class folder: cover.png"]
    stray = replace(digits, labels=None, provenance={"account": {"notes": notes}})
    message = r"which has none: 1 of 9 images is in no class folder: cover\.png\.$"
    with pytest.raises(ValueError, match=message):
        conditioned(CONDITIONAL, stray)
