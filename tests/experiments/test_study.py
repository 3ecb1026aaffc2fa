import json
import pickle
import shutil

import numpy as np
import pytest

from keras_vae.experiments.cell import Study
from keras_vae.experiments.fitting import fit_cell
from keras_vae.export.saved_model import export_model
from keras_vae.presets import get_preset
from keras_vae.training import trainer as training
from keras_vae.training.run_directory import RunConfig

MEASURES = ("coverage", "latents", "samples")


@pytest.fixture(scope="module")
def model(tmp_path_factory, digits):
    """A small model of scikit-learn's digits, exported."""
    preset = get_preset("digits").override(latent_dim=2, epochs=1, hidden=(16,))
    vae = training.new_vae(RunConfig(preset, "digits"), digits)
    folder = tmp_path_factory.mktemp("models") / "small"
    export_model(vae, folder, metadata={"preset": preset.to_dict()})
    return vae, folder


@pytest.mark.slow
def test_a_study_measures_what_is_there_and_trains_nothing(model, workspace):
    vae, folder = model
    study = Study(str(folder), MEASURES)
    shares = []
    row, arrays = fit_cell(study, workspace, shares.append)
    assert shares == [0, 1 / 3, 2 / 3]
    assert row["cell"] == study.key
    assert row["dataset"] == "digits"
    assert "epochs" not in row
    assert row["cpu_seconds"] > 0
    dataset = workspace.dataset(study)
    held_out = np.array(dataset.images[dataset.indices("test")])
    np.testing.assert_allclose(arrays["z_mean"], vae.encode(held_out).mode(), rtol=1e-4, atol=1e-5)
    assert arrays["samples"].shape == (40, 8, 8, 1)


def test_the_key_follows_from_weights_and_measures(model, tmp_path):
    _, folder = model
    key = Study(str(folder), MEASURES).key
    assert key.startswith("small_study_")
    assert Study(str(folder), MEASURES[:2]).key != key
    other = shutil.copytree(folder, tmp_path / "small")
    assert Study(str(other), MEASURES).key == key
    (weights,) = other.glob("1/variables/variables.data-*")
    weights.write_bytes(weights.read_bytes()[::-1])
    assert Study(str(other), MEASURES).key != key


def test_the_key_follows_from_the_evaluation_where_its_card_is_read(model, tmp_path):
    other = shutil.copytree(model[1], tmp_path / "small")
    told, plain = Study(str(other), ("card",)), Study(str(other), MEASURES)
    keys = set()
    evaluation = other / "1" / "assets.extra" / "evaluation.json"
    unmoved = plain.key
    for mse in (0.02, 0.01):
        likelihood = {"nll": 80.0, "nll_error": 0.1, "importance_samples": 10}
        evaluation.write_text(json.dumps({"likelihood": likelihood, "pixels": {"mse": mse}}))
        keys.add(told.key)
        assert plain.key == unmoved
    assert len(keys) == 2


def test_nothing_of_it_can_be_changed(model):
    study = Study(str(model[1]), MEASURES)
    assert study.override(epochs=1) is study
    assert pickle.loads(pickle.dumps(study)) == study  # it travels to a worker
    assert study.work > 0
