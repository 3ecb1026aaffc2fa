import json
import re
from pathlib import Path

import pytest

from keras_vae.experiments import EXPERIMENTS, get_experiment, report
from keras_vae.experiments.claims import CLAIMS
from keras_vae.experiments.report import write_report
from keras_vae.experiments.workspace import Workspace
from keras_vae.files.atomic import OutputGroup


def plant(folder):
    import numpy as np

    experiment, workspace = get_experiment("autoencoder-vs-vae"), Workspace(folder)
    rng = np.random.default_rng(0)
    for cell in experiment.cells():
        wide = not cell.overrides["stochastic"]
        row = {"code_spread": 9.25 if wide else 1.0, "prior_coverage": 0.41 if wide else 0.95}
        arrays = {
            "z_mean": rng.normal(size=(50, 2)),
            "labels": np.arange(50) % 10,
            "samples": rng.integers(0, 255, (40, 28, 28, 1), dtype=np.uint8),
        }
        facts = {"cell": cell.key, "cpu_seconds": 60.0, "tensorflow": "2.0"}
        workspace.save(cell, {**facts, **cell.settings(), **row}, arrays)


@pytest.mark.parametrize("results", ["runs", "docs/reproduction"])
def test_the_page_has_every_claim_and_links_existing_files(tmp_path, results):
    plant(tmp_path / results)
    page = write_report(tmp_path / results, tmp_path / "docs" / "reproduction.md")
    text = page.read_text("utf-8")
    for claim in CLAIMS:
        assert re.search(rf"^\| {claim} \|", text, re.MULTILINE), claim
    assert text.count("not measured yet") == len(CLAIMS) - 1
    assert "`kvae experiment autoencoder-vs-vae`" in text
    assert "spread 9.25 ± 0.00" in text
    assert "6 minutes of one core, TensorFlow 2.0." in text
    links = re.findall(r"\]\((?!#)([^)]+)\)", text)
    assert len(links) == 4  # the table and three figures
    assert all((page.parent / link).is_file() for link in links)


def test_the_page_is_written_again_without_the_cells(tmp_path):
    plant(tmp_path / "runs")
    page = tmp_path / "reproduction.md"
    first = write_report(tmp_path / "runs", page).read_text("utf-8")
    assert write_report(tmp_path / "nothing", page, overwrite=True).read_text("utf-8") == first


@pytest.mark.parametrize("name", ["table", "figure"])
def test_files_beside_the_page_are_overwritten_only_with_overwrite(tmp_path, name):
    plant(tmp_path / "runs")
    file = tmp_path / "page" / "autoencoder-vs-vae" / {"table": "results.csv"}.get(name, "vae.png")
    file.parent.mkdir(parents=True)
    file.write_text("mine")
    with pytest.raises(FileExistsError, match=f"{file.name} exists"):
        write_report(tmp_path / "runs", tmp_path / "page.md")
    assert file.read_text() == "mine"
    assert [*file.parent.iterdir()] == [file]
    write_report(tmp_path / "runs", tmp_path / "page.md", overwrite=True)
    assert file.read_bytes() != b"mine"


def test_a_page_that_cannot_be_placed_leaves_no_tables(tmp_path, monkeypatch):
    plant(tmp_path / "runs")
    monkeypatch.setattr(report, "_page", lambda *_: pytest.fail("the page fails"))
    with pytest.raises(pytest.fail.Exception):
        write_report(tmp_path / "runs", tmp_path / "page.md")
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


@pytest.mark.parametrize("name", ["page", "-", ".md"])
def test_a_page_without_a_suffix_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    plant(tmp_path / "runs")
    with pytest.raises(ValueError, match=rf"`page` must be .* suffix.*Received: {name}\.$"):
        write_report(tmp_path / "runs", Path(name))
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_an_unfinished_experiment_is_not_reported(tmp_path):
    plant(tmp_path / "runs")
    next((tmp_path / "runs" / "cells").glob("*.json")).unlink()
    text = write_report(tmp_path / "runs", tmp_path / "page.md").read_text("utf-8")
    assert text.count("not measured yet") == len(CLAIMS)


REPRODUCTION = Path(__file__).parents[2] / "docs" / "reproduction"


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_published_verdicts_and_tables_are_what_the_code_makes_of_the_cells(name, tmp_path):
    experiment = get_experiment(name)
    results = experiment.results(Workspace(REPRODUCTION))
    assert results.complete  # no published cell is lost, whatever has changed its key
    with OutputGroup() as group:
        files = {file.name: file for file in experiment.write(results, tmp_path, group)}
    there = REPRODUCTION / name
    assert {file.name for file in there.iterdir()} == set(files)
    for text in ("results.csv", "verdicts.json"):
        assert files[text].read_text() == (there / text).read_text()
    verdicts = json.loads(files["verdicts.json"].read_text())["verdicts"]
    assert {verdict["claim"] for verdict in verdicts} == set(experiment.claims)
    shown = {figure for verdict in verdicts for figure in verdict["figures"]}
    assert shown == {file for file in files if file.endswith(".png")}
