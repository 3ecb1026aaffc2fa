import io
from pathlib import Path
from types import SimpleNamespace

import pytest
from tqdm import tqdm

from keras_vae.cli import training
from keras_vae.cli.training import RunOptions, report_position, training_bar
from keras_vae.training.position import Position

ROWS = ({"epoch": 1, "loss": 1.0}, {"epoch": 2, "loss": 2.0})


def options(name):
    return RunOptions(None, name, None, Path("saved_models"), 10, None, False, False)


def test_a_model_has_the_runs_name_unless_it_has_its_own(empty_folder):
    assert options("faces").model_directory(Path("runs/a")) == Path("saved_models/faces")
    assert options(None).model_directory(Path("runs/a")) == Path("saved_models/a")
    Path("latest").symlink_to("runs/a")
    assert options(None).model_directory(Path("latest")) == Path("saved_models/latest")
    assert options(None).model_directory(Path()) == Path("saved_models", empty_folder.name)


@pytest.mark.parametrize(
    ("position", "epochs", "patience", "said"),
    [
        (Position(0), 3, None, "after 0 epochs"),
        (Position(1, 1200, 5000, ROWS[:1]), 3, 1, "after 1 epoch and 1,200 of 5,000 steps"),
        (Position(2, history=ROWS), 3, None, "after 2 epochs"),
        (Position(2, history=ROWS), 3, 1, "after 2 epochs: the training has ended"),
        (Position(2, history=ROWS), 2, None, "after 2 epochs: the training has ended"),
    ],
)
def test_it_is_printed_where_a_run_is_resumed(capsys, position, epochs, patience, said):
    report_position(SimpleNamespace(position=lambda: position), epochs, patience)
    assert capsys.readouterr().out == f"Resumed  {said}\n"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b"])
def test_a_models_name_is_not_a_path(name):
    with pytest.raises(ValueError, match="`name` of a model must be"):
        options(name).model_directory(Path("runs/a"))


def test_the_bar_says_that_a_validation_goes_on(monkeypatch):
    terminal = io.StringIO()
    shown = {"disable": False, "file": terminal}
    monkeypatch.setattr(training, "tqdm", lambda **options: tqdm(**{**options, **shown}))
    monkeypatch.setattr(training, "REDRAW", -1.0)
    bar = training_bar(16, lambda logs, prefix: "loss 1")
    bar.set_params({"epochs": 1, "steps": 2})
    bar.on_epoch_begin(0)
    for step in range(2):
        bar.on_train_batch_end(step)
    assert "validation" not in terminal.getvalue()
    bar.on_test_begin()
    bar.on_test_batch_end(0)
    assert "validation, step 1" in terminal.getvalue()
    bar.on_test_batch_end(1)
    assert "validation, step 2" in terminal.getvalue()
    bar.close()
    bar.on_test_batch_end(2)  # a later validation, of no training
