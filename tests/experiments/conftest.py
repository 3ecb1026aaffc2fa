"""Fixtures of the experiments' tests: small cells on scikit-learn's digits, planted results."""

from __future__ import annotations

import pytest

from keras_vae.experiments import get_experiment
from keras_vae.experiments.cell import Training
from keras_vae.experiments.results import Results
from keras_vae.experiments.workspace import Workspace


@pytest.fixture(scope="session")
def small_cells():
    """Cells of a few seconds each, by their latent."""

    def make(*latents, **options):
        changes = {"hidden": (16,), "epochs": 2}
        return [
            Training("digits", {**changes, "latent_dim": latent}, **options) for latent in latents
        ]

    return make


@pytest.fixture
def workspace(tmp_path):
    """An empty workspace."""
    return Workspace(tmp_path)


@pytest.fixture
def planted(tmp_path):
    """Make results of cells whose numbers a function gives."""

    def make(cells, numbers, arrays=None):
        workspace = Workspace(tmp_path / "planted")
        for cell in cells:
            facts = {"cell": cell.key, **cell.settings(), "cpu_seconds": 60.0, "tensorflow": "2"}
            workspace.save(cell, {**facts, **numbers(cell)}, arrays(cell) if arrays else {})
        return Results.read(workspace, cells)

    return make


@pytest.fixture
def judged(planted):
    """The verdicts on planted numbers, by claim: cells of the first stage and of the second."""

    def judge(name, numbers, arrays=None):
        experiment = get_experiment(name)
        cells = experiment.cells()
        cells += experiment.refine(planted(cells, numbers, arrays))
        return {each.claim: each for each in experiment.verdicts(planted(cells, numbers, arrays))}

    return judge
