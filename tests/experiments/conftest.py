"""Fixtures of the experiments' tests: small cells on scikit-learn's digits, planted results."""

from __future__ import annotations

import pytest

from keras_vae.experiments.cell import Training
from keras_vae.experiments.results import Results
from keras_vae.experiments.store import Store
from keras_vae.experiments.workplace import Workplace


@pytest.fixture
def small_cells():
    """Cells of a few seconds each, by their latent."""

    def make(*latents, **options):
        changes = {"hidden": (16,), "epochs": 2}
        return [
            Training("digits", {**changes, "latent_dim": latent}, **options) for latent in latents
        ]

    return make


@pytest.fixture
def place(tmp_path):
    """An empty store."""
    return Workplace(Store(tmp_path / "cells"))


@pytest.fixture
def planted(tmp_path):
    """Make results of an experiment's cells whose numbers a function gives."""

    def make(cells, numbers, arrays=None):
        store = Store(tmp_path / "planted")
        for cell in cells:
            facts = {"cell": cell.key, **cell.settings(), "cpu_seconds": 60.0, "tensorflow": "2"}
            store.save(cell, {**facts, **numbers(cell)}, arrays(cell) if arrays else {})
        return Results.read(store, cells)

    return make
