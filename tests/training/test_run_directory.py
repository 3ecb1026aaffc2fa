import json
import os
import signal
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from zipfile import ZipFile

import pytest

from keras_vae.files.keras_file import MEMBERS
from keras_vae.presets import get_preset
from keras_vae.training.position import Position, add_position
from keras_vae.training.run_directory import Run, RunConfig, RunInUseError, difference, stalled

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


def test_files_of_others_in_the_folders_of_a_run_are_kept(tmp_path):
    run = Run.create(tmp_path, CONFIG)
    theirs = [
        run.pictures / "wedding.jpg",
        run.pictures / "epoch_best.png",
        run.tensorboard / "notes.txt",
        run.last.parent / "of-another-day.keras",
    ]
    for file in theirs:
        file.parent.mkdir(exist_ok=True)
        file.write_text("mine")
    Run.create(tmp_path, CONFIG, overwrite=True)
    assert all(file.read_text() == "mine" for file in theirs)


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("text", ['{"model_type": "bert"}', "[]"])
def test_the_configuration_of_another_program_is_no_run(tmp_path, text, overwrite):
    run, picture = Run(tmp_path), tmp_path / "pictures" / "epoch_001.png"
    picture.parent.mkdir()
    for file in (run.config_file, picture, tmp_path / ".draft-01.txt"):
        file.write_text(text)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for refused in (
        lambda: run.check_free(overwrite=overwrite),
        lambda: Run.create(tmp_path, CONFIG, overwrite=overwrite),
        run.check_unused,
        run.lock().__enter__,
    ):
        with pytest.raises(FileExistsError, match=r"config\.json must be that of a run\. Received"):
            refused()
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_run_whose_configuration_is_damaged_can_be_overwritten(tmp_path):
    run = Run.create(tmp_path, CONFIG)
    log = run.tensorboard / "train" / "events.out.tfevents.1"
    log.parent.mkdir(parents=True)
    log.write_text("old")
    run.config_file.write_text(run.config_file.read_text()[:-9])
    with pytest.raises(FileExistsError, match="`overwrite=True`"):
        Run.create(tmp_path, CONFIG)
    with run.lock():
        assert Run.create(tmp_path, CONFIG, overwrite=True).config() == CONFIG
    assert not log.exists()


FILES = (
    "history.csv",
    "metrics.json",
    "checkpoints/best.keras",
    "checkpoints/last.keras",
    "pictures/epoch_001_samples.png",
)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_a_run_would_overwrite_is_kept_also_without_a_configuration(tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(FileExistsError, match=rf"Received: .*{name}, .* `overwrite=True`"):
        Run.create(tmp_path, CONFIG)
    assert (tmp_path / name).read_text() == "mine"
    assert not Run(tmp_path).config_file.exists()


def test_drafts_of_others_are_kept(tmp_path):
    run = Run.create(tmp_path / "run", CONFIG)
    theirs = [tmp_path / ".draft-01.txt", run.path / "sub" / ".draft-01.txt"]
    for draft in theirs:
        draft.parent.mkdir(exist_ok=True)
        draft.write_text("half")
    for folder in (tmp_path, run.path):
        with Run(folder).lock():
            pass
    assert all(draft.exists() for draft in theirs)


def test_what_differs_from_a_runs_images_is_the_count_or_the_digest():
    images = SimpleNamespace(counts={"train": 8}, digest=lambda: "a")
    unread = SimpleNamespace(counts={"train": 8}, digest=lambda: pytest.fail("images were read"))
    same, fewer = {"counts": {"train": 8}, "digest": "a"}, {"counts": {"train": 7}, "digest": "a"}
    assert difference(same, images) is None
    assert difference({**same, "digest": "b"}, images) == "digest"
    assert difference({**same, "digest": "b"}, unread, read=False) is None
    assert difference(fewer, unread) == difference(fewer, unread, read=False) == "counts"
    for unknown in ({}, {"counts": None, "digest": None}):
        assert difference(unknown, unread) is None


def test_history_is_read_as_written(tmp_path):
    run = Run.create(tmp_path, CONFIG)
    assert run.history() == []
    rows = [{"epoch": 1.0, "loss": 2.5}, {"epoch": 2.0, "loss": 1.0 / 3}]
    run.write_history(rows)
    assert run.history() == rows


def test_extending_a_run_changes_its_epochs_alone_and_writes_nothing(tmp_path):
    run = Run.create(tmp_path, CONFIG)
    before = run.config_file.read_bytes()
    assert run.extended(epochs=99).preset == CONFIG.preset.override(epochs=99)
    assert run.extended(epochs=None) == run.config()
    assert run.config_file.read_bytes() == before


@pytest.mark.parametrize("patience", [3, None])
def test_a_training_that_has_ended_early_takes_no_more_epochs(tmp_path, patience):
    run = Run.create(tmp_path, replace(CONFIG, early_stop=patience))
    rows = [{"epoch": epoch, "loss": 1.0, "val_loss": 5.0 + epoch} for epoch in range(5)]
    for name in ("last", "best"):
        with ZipFile(getattr(run, name), "w") as archive:
            for member in MEMBERS:
                archive.writestr(member, "{}")
            add_position(archive, Position(4, history=rows))
    more = CONFIG.preset.epochs + 1
    assert run.extended(epochs=CONFIG.preset.epochs) == run.config()  # as typed again
    if patience is None:
        assert run.extended(epochs=more).preset.epochs == more
        return
    said = rf"`epochs` must be left out: .* ended after 4 epochs, .* for 3\. Received: {more}\."
    with pytest.raises(ValueError, match=said):
        run.extended(epochs=more)


@pytest.mark.parametrize(
    ("annealing", "validated", "best"),
    [("linear", True, 1), ("linear", False, 2), ("constant", False, 1)],
)
def test_an_annealed_training_loss_chooses_no_epoch(tmp_path, annealing, validated, best):
    """It counts the KL divergence of the first epochs less: they would win."""
    steps = 9 if annealing == "linear" else None
    preset = get_preset("mnist").override(annealing=annealing, annealing_steps=steps)
    run = Run.create(tmp_path, RunConfig(preset, "mnist"))
    losses = {1: 100.0, 2: 120.0}
    rows = [{"epoch": epoch, "loss": loss} for epoch, loss in losses.items()]
    if validated:
        rows = [{**row, "val_loss": row["loss"]} for row in rows]
    assert run.best_of(rows) == best
    stopping = RunConfig(preset, "mnist", early_stop=1)
    with nullcontext() if best == 1 else pytest.raises(ValueError, match="split, annealing"):
        stopping.check(validated)


def test_a_training_stalls_when_its_loss_no_longer_falls():
    rows = [{"epoch": epoch, "loss": loss} for epoch, loss in enumerate([1.0, 3.0, 2.0, 2.0, 4.0])]
    assert [stalled(rows[:count], 2) for count in range(6)] == [False] * 5 + [True]
    assert not stalled(rows, None)


def test_a_folder_without_a_run_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no run directory: it has no config\.json"):
        Run.open(tmp_path)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("epoch,loss\n1,2.5\n2,", 3),  # cut
        ("epoch,loss\n1,2.5\n2,x\n", 3),
        ("epoch,loss\n1,2.5\n3,2.0\n", 3),  # a lost row
        ("loss\n2.5\n", 2),
        ("epoch,loss\n1,2.5\n\x00\xff,1\n", 3),
    ],
)
def test_a_damaged_history_names_the_line(tmp_path, text, line):
    run = Run.create(tmp_path, CONFIG)
    run.history_file.write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=rf"history\.csv is damaged in line {line}\.$"):
        run.history()


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", '{"seed": 1}', "\xff"])
def test_a_damaged_configuration_is_one_line(tmp_path, text):
    run = Run.create(tmp_path, CONFIG)
    run.config_file.write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=r"^[^\n]*config\.json is [^\n]*$"):
        run.config()


def test_a_run_has_one_writer(tmp_path):
    run = Run.create(tmp_path / "run", CONFIG)
    draft = run.last.with_name(".draft-0123.keras")
    draft.write_text("of a killed process")
    with run.lock():
        assert not draft.exists()
        with (
            pytest.raises(RunInUseError, match=rf"in use: process {os.getpid()} on "),
            Run(run.path).lock(),
        ):
            pass
        with pytest.raises(RunInUseError):
            Run(run.path).check_unused()
    run.check_unused()


def test_a_file_that_another_process_just_removes_is_no_error(tmp_path, monkeypatch):
    run = Run.create(tmp_path, CONFIG)
    run._holder_file.write_text("{}")
    stat = Path.stat

    def removed_afterwards(path, **options):
        found = stat(path, **options)
        if path == run._holder_file:
            path.unlink()
        return found

    monkeypatch.setattr(Path, "stat", removed_afterwards)
    run.check_unused()


def test_the_lock_of_a_killed_process_is_free(tmp_path):
    run = Run.create(tmp_path / "run", CONFIG)
    script = (
        "import os, signal, sys\n"
        "from keras_vae.training.run_directory import Run\n"
        "with Run(sys.argv[1]).lock():\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    command = [sys.executable, "-c", script, str(run.path)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == -signal.SIGKILL
    assert (run.path / ".lock.json").exists()
    with run.lock():
        pass
    assert not (run.path / ".lock.json").exists()


def test_a_training_that_never_began_leaves_no_folder(tmp_path):
    with pytest.raises(KeyError), Run(tmp_path / "new" / "run").lock():
        raise KeyError
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("epoch", ["inf", "nan", "2", "x", ""])
def test_a_history_with_an_epoch_that_is_none_is_refused_with_the_line(tmp_path, epoch):
    run = Run(tmp_path)
    run.history_file.write_text(f"epoch,loss\n1,2.0\n{epoch},3.0\n4,5.0\n")
    with pytest.raises(ValueError, match=r"history\.csv is damaged in line [34]\."):
        run.history()


def test_a_history_that_is_a_named_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "history.csv")
    with pytest.raises(ValueError, match=r"history\.csv must be a regular file"):
        Run(tmp_path).history()


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
@pytest.mark.parametrize(
    "name", ["config_file", "history_file", "metrics_file", "last", "best", "_holder_file"]
)
def test_a_file_that_cannot_be_written_is_refused_before_anything_is(tmp_path, make, name):
    run = Run.create(tmp_path, CONFIG)
    file = getattr(run, name)
    file.unlink(missing_ok=True)
    make(file)
    before = {*tmp_path.rglob("*")}
    for refused in (run.check_unused, run.lock().__enter__):
        with pytest.raises(OSError, match=rf"{file.name} must be a regular file\. Received: a "):
            refused()
    assert {*tmp_path.rglob("*")} == before


@pytest.mark.parametrize("name", ["checkpoints", "pictures", "tensorboard"])
def test_a_folder_that_is_a_file_is_refused_before_anything_is_written(tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(NotADirectoryError, match=rf"{name} must be a folder\. Received: a file"):
        Run(tmp_path).check_unused()
    with pytest.raises(NotADirectoryError), Run(tmp_path).lock():
        pass
    assert list(tmp_path.iterdir()) == [tmp_path / name]
