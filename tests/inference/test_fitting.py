from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from keras_vae.datasets import ImageDataset
from keras_vae.inference import model as model_module
from keras_vae.inference.fitting import fingerprint, fit_attributes, versioned_name
from keras_vae.latent_space.attributes import Attributes


def test_fit_sees_the_training_split_alone(colour_model, photos, monkeypatch):
    partition = np.arange(60) % 3
    labels = np.where(np.random.default_rng(0).random((60, 2)) < 0.5, 1, -1).astype(np.int8)
    dataset = ImageDataset("tiles", photos[:60], partition.astype(np.int8), labels, ("a", "b"))
    monkeypatch.setattr(model_module.Model, "batch", 8)
    seen = []

    @contextmanager
    def stages(name):
        yield lambda *done: seen.append((name, *done))

    fitted = fit_attributes(colour_model, dataset, stages=stages)
    train = partition == 0
    z_mean, _ = colour_model.encode(photos[:60][train])
    present = labels[train].T > 0
    expected = [z_mean[each].mean(axis=0) - z_mean[~each].mean(axis=0) for each in present]
    np.testing.assert_allclose(fitted.directions, expected, atol=1e-5)
    assert seen[:3] == [("Encoding (train)", done, 20) for done in (8, 16, 20)]
    assert seen[-2:] == [("Fitting", 1, 2), ("Fitting", 2, 2)]
    assert fitted.scores.shape == (2, 3)  # on the validation split


def test_directions_know_their_model(colour_model, photos, tmp_path):
    labels = np.where(np.arange(12) % 2, 1, -1).astype(np.int8)[:, None]
    dataset = ImageDataset("tiles", photos[:12], np.zeros(12, np.int8), labels, ("odd",))
    fit_attributes(colour_model, dataset).save(tmp_path / "d.npz")
    loaded = Attributes.load(tmp_path / "d.npz")
    assert (loaded.model, loaded.fingerprint) == ("colour/1", fingerprint(colour_model))
    assert versioned_name(colour_model) == "colour/1"


def test_a_fingerprint_is_that_of_the_training_not_of_the_export(colour_model):
    def with_facts(**facts):
        return replace(colour_model, metadata={**colour_model.metadata, **facts})

    own = fingerprint(colour_model)
    assert own == fingerprint(with_facts(versions={"keras_vae": "99"}, name="renamed"))
    others = with_facts(seed=7), with_facts(metrics={"test": {"mse": 0.25}})
    assert len({own, *map(fingerprint, others)}) == 3


def test_fit_needs_attributes(colour_model, photos):
    dataset = ImageDataset("tiles", photos[:4], np.zeros(4, np.int8))
    with pytest.raises(ValueError, match="'tiles', 4 training images, 0 attributes"):
        fit_attributes(colour_model, dataset)
