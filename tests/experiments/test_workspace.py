"""Where an experiment finds its data, and what it makes of real faces."""

import numpy as np
import pytest

from keras_vae import datasets
from keras_vae.experiments.cell import Training
from keras_vae.experiments.fitting import fit_cell
from keras_vae.experiments.workspace import Workspace


def test_one_folder_may_hold_all_data_sets(tmp_path):
    rng = np.random.default_rng(0)
    for name, shape in (("digits", (8, 8)), ("celeba64", (64, 64, 3))):
        np.savez(tmp_path / f"{name}.npz", images=rng.integers(0, 255, (40, *shape), np.uint8))
    (tmp_path / "frey").mkdir()
    frey = rng.integers(0, 255, (30, 28, 20), np.uint8)
    np.savez(tmp_path / "frey" / "frey.npz", images=frey)
    workspace = Workspace(tmp_path / "results", tmp_path, tmp_path / "cache")
    assert workspace.dataset(Training("digits")).images.shape == (40, 8, 8, 1)
    assert workspace.dataset(Training("celeba-perriu")).images.shape == (40, 64, 48, 3)
    frey = Training("mnist", {"image_size": (28, 20)}, dataset="frey")
    assert workspace.dataset(frey).images.shape == (30, 28, 20, 1)


def test_data_is_prepared_once_and_the_progress_is_reported(tmp_path, monkeypatch):
    digits = np.random.default_rng(0).integers(0, 255, (40, 8, 8), np.uint8)
    np.savez(tmp_path / "digits.npz", images=digits)
    workspace = Workspace(tmp_path / "results", tmp_path, tmp_path / "cache")
    calls, opened = [], []
    load = datasets.load_dataset
    monkeypatch.setattr(datasets, "load_dataset", lambda *a, **k: opened.append(a) or load(*a, **k))
    cells = [Training("digits", limit=limit, seed=seed) for limit in (None, 20) for seed in (0, 1)]
    for _ in range(2):
        workspace.prepare(cells, lambda *counts: calls.append(counts))
    assert calls.count((40, 40)) == 1
    assert len(opened) == 2  # once a call, however many cells


@pytest.mark.slow
@pytest.mark.data
def test_real_faces_are_trained_on_and_measured(kvae_data, tmp_path):
    workspace = Workspace(tmp_path, kvae_data)
    cell = Training(
        "celeba-astorga",
        {"filters": (8, 8, 8, 8), "latent_dim": 4, "epochs": 2},
        limit=640,
        measures=("losses", "probes", "smoothness", "groups"),
    )
    row, arrays = fit_cell(cell, workspace)
    assert row["images"] == 2 * 640
    assert row["test_mse_of_mean"] < 0.15
    assert len(arrays["probe_names"]) > 30  # a few attributes are too rare among 640 faces
    assert 0.45 < row["mean_auc"] < 0.9
    assert 0.01 < row["mse_Male"] < 0.15
    assert arrays["interpolations"].shape == (4, 10, 64, 48, 3)
    assert arrays["history_loss"][1] < arrays["history_loss"][0]
