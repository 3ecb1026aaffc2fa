import json

import pytest

from keras_vae.presets import get_preset
from keras_vae.training.run_directory import Run, RunConfig

CONFIG = RunConfig(
    get_preset("celeba-perriu").override(latent_dim=9),
    "celeba",
    data_dir="somewhere",
    limit=500,
    seed=11,
    precision="mixed_bfloat16",
    strategy="single",
    early_stop=3,
    provenance={"counts": {"train": 500}},
)


def test_a_run_keeps_everything_that_repeats_it(tmp_path):
    Run.create(tmp_path / "run", CONFIG)
    assert Run.open(tmp_path / "run").config() == CONFIG
    versions = json.loads((tmp_path / "run" / "config.json").read_text())["versions"]
    assert {"tensorflow", "keras", "numpy", "keras-vae", "python"} <= set(versions)


def test_a_run_is_not_overwritten_by_accident(tmp_path):
    run = Run.create(tmp_path, CONFIG)
    run.write_history([{"epoch": 1, "loss": 2.0}])
    with pytest.raises(FileExistsError, match=r"`resume=.*overwrite=True"):
        Run.create(tmp_path, CONFIG)
    assert Run.create(tmp_path, CONFIG, overwrite=True).history() == []


def test_nothing_of_the_run_before_is_left_where_one_is_overwritten(tmp_path):
    run = Run.create(tmp_path, CONFIG)
    left = [
        run.pictures / "epoch_030_samples.png",
        run.tensorboard / "train" / "events.out.tfevents.1",
        run.last,
        run.best,
        run.history_file,
        run.metrics_file,
    ]
    for file in left:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("old")
    (tmp_path / "notes.txt").write_text("mine")
    Run.create(tmp_path, CONFIG, overwrite=True)
    assert not [file for file in left if file.exists()]
    assert (tmp_path / "notes.txt").exists()


def test_pictures_of_a_folder_that_held_no_run_are_kept(tmp_path):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "holiday.jpg").write_text("mine")
    Run.create(tmp_path, CONFIG, overwrite=True)
    assert (tmp_path / "pictures" / "holiday.jpg").exists()


def test_history_is_read_as_written(tmp_path):
    run = Run.create(tmp_path, CONFIG)
    assert run.history() == []
    rows = [{"epoch": 1.0, "loss": 2.5}, {"epoch": 2.0, "loss": 1.0 / 3}]
    run.write_history(rows)
    assert run.history() == rows


def test_extending_a_run_changes_its_epochs_alone(tmp_path):
    run = Run.create(tmp_path, CONFIG)
    assert run.extend(epochs=99).preset == CONFIG.preset.override(epochs=99)
    assert run.extend(epochs=None) == run.config()
    assert run.config().seed == CONFIG.seed


def test_a_folder_without_a_run_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no run directory: it has no config\.json"):
        Run.open(tmp_path)
