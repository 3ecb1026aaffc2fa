import os
from dataclasses import replace
from pathlib import Path

import pytest

from keras_vae.datasets import classifiers, load_dataset
from keras_vae.presets import get_preset
from keras_vae.training.run_directory import RunConfig
from keras_vae.training.teachers import guides_of

PRESET = get_preset("digits").override(hidden=(16,), latent_dim=2)
GUIDED = RunConfig(PRESET.override(perceptual_weight=1.0, distillation_weight=1.0), "digits")


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(classifiers, "MOST_STEPS", 11)


def kept(folder):
    return [path.name for path in (Path(folder) / "classifiers").glob("*.keras")]


@pytest.mark.usefixtures("quick")
def test_the_classifier_is_kept_in_the_cache_of_its_data_set(tmp_path, monkeypatch):
    dataset = load_dataset("digits", cache_dir=tmp_path / "elsewhere")
    usual = kept(os.environ["KVAE_CACHE"])
    guides = guides_of(GUIDED, dataset, None)()
    assert set(guides) == {"perception", "distillation"}
    assert len(kept(tmp_path / "elsewhere")) == 1
    assert kept(os.environ["KVAE_CACHE"]) == usual
    monkeypatch.setattr(classifiers, "train_classifier", None)  # it is found again
    guides_of(GUIDED, dataset, None)


@pytest.mark.usefixtures("quick")
def test_a_data_set_of_the_usual_cache_has_its_classifier_there(tmp_path, monkeypatch):
    monkeypatch.setenv("KVAE_CACHE", str(tmp_path))
    dataset = load_dataset("digits")
    classifiers.find_classifier(dataset, classifiers.Recipe((8, 8), seed=1))
    monkeypatch.setattr(classifiers, "train_classifier", None)
    guides_of(GUIDED, dataset, None)
    assert len(kept(tmp_path)) == 1


def test_an_objective_without_guides_asks_for_no_classifier(digits, monkeypatch):
    monkeypatch.setattr(classifiers, "find_classifier", None)
    assert guides_of(replace(GUIDED, preset=PRESET), digits, None)() == {}
