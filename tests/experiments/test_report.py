import re

import pytest

from keras_vae.experiments import get_experiment
from keras_vae.experiments.claims import CLAIMS
from keras_vae.experiments.experiment import store_in
from keras_vae.experiments.report import write_report


def plant(folder):
    import numpy as np

    experiment, store = get_experiment("autoencoder-vs-vae"), store_in(folder)
    rng = np.random.default_rng(0)
    for cell in experiment.cells():
        wide = not cell.overrides["stochastic"]
        row = {"code_spread": 9.25 if wide else 1.0, "prior_coverage": 0.41 if wide else 0.95}
        arrays = {
            "z_mean": rng.normal(size=(50, 2)),
            "labels": np.arange(50) % 10,
            "samples": rng.integers(0, 255, (40, 28, 28, 1), dtype=np.uint8),
        }
        store.save(cell, {"cell": cell.key, **cell.settings(), "cpu_seconds": 60.0, **row}, arrays)


@pytest.mark.parametrize("results", ["runs", "docs/reproduction"])
def test_the_page_tells_every_claim_and_links_what_is_there(tmp_path, results):
    plant(tmp_path / results)
    page = write_report(tmp_path / results, tmp_path / "docs" / "reproduction.md")
    text = page.read_text("utf-8")
    for claim in CLAIMS:
        assert re.search(rf"^\| {claim} \|", text, re.MULTILINE), claim
    assert text.count("not measured yet") == len(CLAIMS) - 1
    assert "`kvae experiment autoencoder-vs-vae`" in text
    assert "spread 9.25 ± 0.00" in text
    links = re.findall(r"\]\((?!#)([^)]+)\)", text)
    assert len(links) == 4  # the table and three figures
    assert all((page.parent / link).is_file() for link in links)


def test_the_page_is_written_again_without_the_cells(tmp_path):
    plant(tmp_path / "runs")
    page = tmp_path / "reproduction.md"
    first = write_report(tmp_path / "runs", page).read_text("utf-8")
    assert write_report(tmp_path / "nothing", page).read_text("utf-8") == first


def test_an_unfinished_experiment_is_not_told(tmp_path):
    plant(tmp_path / "runs")
    next((tmp_path / "runs" / "cells").glob("*.json")).unlink()
    text = write_report(tmp_path / "runs", tmp_path / "page.md").read_text("utf-8")
    assert text.count("not measured yet") == len(CLAIMS)
