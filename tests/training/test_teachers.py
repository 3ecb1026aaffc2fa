import os
from pathlib import Path

import numpy as np
import pytest

from keras_vae.datasets import classifiers, load_dataset
from keras_vae.presets import get_preset
from keras_vae.training.teachers import find_teacher

PRESET = get_preset("digits").override(hidden=(16,), latent_dim=2)
OBJECTIVE = PRESET.override(perceptual_weight=1.0, distillation_weight=1.0).objective


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(classifiers, "MOST_STEPS", 11)


def cached(folder):
    return [path.name for path in (Path(folder) / "classifiers").glob("*.keras")]


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_the_classifier_is_kept_in_the_cache_of_its_data_set(tmp_path, monkeypatch):
    dataset = load_dataset("digits", cache_dir=tmp_path / "elsewhere")
    usual = cached(os.environ["KVAE_CACHE"])
    teacher = find_teacher(OBJECTIVE, dataset)
    assert len(cached(tmp_path / "elsewhere")) == 1
    assert cached(os.environ["KVAE_CACHE"]) == usual
    monkeypatch.setattr(classifiers, "train_classifier", None)  # it is found again
    again = find_teacher(OBJECTIVE, dataset)
    for wanted, received in zip(
        teacher.classifier.get_weights(), again.classifier.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(received, wanted)


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_a_data_set_of_the_usual_cache_has_its_classifier_there(tmp_path, monkeypatch):
    monkeypatch.setenv("KVAE_CACHE", str(tmp_path))
    dataset = load_dataset("digits")
    classifiers.find_classifier(dataset, classifiers.Recipe((8, 8), seed=1))
    monkeypatch.setattr(classifiers, "train_classifier", None)
    find_teacher(OBJECTIVE, dataset)
    assert len(cached(tmp_path)) == 1


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_a_teacher_knows_the_layers_and_the_rates_of_its_labels(tmp_path):
    dataset = load_dataset("digits", cache_dir=tmp_path)
    teacher = find_teacher(OBJECTIVE, dataset)
    assert teacher.exclusive
    labels = dataset.labels[dataset.indices("train")]
    np.testing.assert_allclose(teacher.rates, np.bincount(labels, minlength=10) / len(labels))
    assert teacher.classifier.output_shape == (None, 10)
    for name in teacher.maps:
        assert len(teacher.classifier.get_layer(name).output.shape) == 4


def test_an_objective_without_a_teacher_asks_for_no_classifier(digits, monkeypatch):
    monkeypatch.setattr(classifiers, "find_classifier", None)
    assert find_teacher(PRESET.objective, digits) is None
    assert find_teacher(PRESET.override(mmd_weight=1.0).objective, digits) is None
