"""A save that is killed, or fails, at every operation of the disk: the state before is intact."""

import errno
import math
import os
import shutil

import keras
import numpy as np
import pytest

from keras_vae.files import disk
from keras_vae.files.atomic import write_folder
from keras_vae.presets import get_preset
from keras_vae.training.callbacks import RunWriter
from keras_vae.training.position import Position
from keras_vae.training.run_directory import Run, RunConfig

OPERATIONS = ("synchronize", "replace", "place_new", "keep", "rename_folder")


class Killed(BaseException):
    """The process ends here."""


class FaultyDisk:
    """Fails at one operation: writing of a draft, synchronizing, linking and renaming.

    A killed process does nothing afterwards: no draft is removed. A draft that is being written is
    cut to its half. With an error of the system, such as a full disk, the process goes on.

    Args:
        monkeypatch: pytest's.
        at: Number of the operation that fails, from 0.
        error: The error; None: the process is killed.
    """

    def __init__(self, monkeypatch, at, error=None):
        self.at, self.error, self.count, self.dead = at, error, 0, False
        for name in OPERATIONS:
            monkeypatch.setattr(disk, name, self.wrapped(getattr(disk, name)))
        for name in ("unlink", "rmdir"):
            monkeypatch.setattr(os, name, self.alive(getattr(os, name)))
        monkeypatch.setattr(shutil, "rmtree", self.alive(shutil.rmtree))

    def fail(self):
        if self.error is None:
            self.dead = True
            raise Killed
        raise OSError(self.error, os.strerror(self.error))

    def step(self):
        if self.dead:
            raise Killed
        self.count += 1
        if self.count == self.at + 1:
            self.fail()

    def wrapped(self, operation):
        def call(*arguments):
            self.step()
            return operation(*arguments)

        return call

    def alive(self, operation):
        def call(*arguments, **options):
            if self.dead:
                raise Killed
            return operation(*arguments, **options)

        return call

    def writing(self, write):
        """Wrap what writes a draft."""

        def call(path, *arguments, **options):
            write(path, *arguments, **options)
            try:
                self.step()
            except BaseException:
                with open(path, "r+b") as file:
                    file.truncate(os.path.getsize(path) // 2)
                raise

        return call


@pytest.fixture(scope="module")
def new(tmp_path_factory):
    """A run that has not begun."""
    return Run.create(tmp_path_factory.mktemp("run"), RunConfig(get_preset("mnist"), "grey"))


@pytest.fixture(scope="module")
def run(new, tmp_path_factory):
    """A run of an epoch, of a model whose weight is the epoch's number."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    shutil.copytree(new.path, folder)
    begin(Run(folder), Position())
    return Run(folder)


def begin(run, position, disk_of=lambda model: None, **options):
    """Write a step of the epoch after a position, and the epoch, better than those before."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile("sgd", "mse")
    model.optimizer.build(model.trainable_variables)
    disk_of(model)
    with run.lock():
        writer = RunWriter(run, position, pictures=lambda *_: {}, **{"every": 0.0, **options})
        writer.set_model(model)
        writer.set_params({"epochs": 9, "steps": 2})
        epoch = position.epoch
        model.set_weights([np.full((1, 1), float(position.epochs_begun))])
        writer.on_train_begin()
        model.set_weights([np.full((1, 1), epoch + 1.0)])
        writer.on_epoch_begin(epoch)
        writer.on_train_batch_end(0)
        writer.on_epoch_end(epoch, {"loss": 10.0 - epoch})


def weight(file):
    return keras.models.load_model(file).get_weights()[0].item()


def check(run):
    """Check that a run can be resumed, at one of its states, and that no draft would remain."""
    with run.lock():
        pass
    files = {path.name for path in run.path.rglob("*") if path.is_file()}
    assert files <= {"config.json", "history.csv", "last.keras", "best.keras", ".lock"}
    position = run.position()
    if position is None:  # it begins again
        assert "best.keras" not in files
        return
    run.restore_history(position)
    assert len(position.history) >= position.epoch
    assert [row["epoch"] for row in run.history()] == [row["epoch"] for row in position.history]
    assert weight(run.last) == position.epochs_begun
    if position.history:
        assert weight(run.best) in (position.epoch, position.epoch + 1)  # at least as good


def copies(run, tmp_path):
    """Copies of a run, one for each operation of the disk that the next epoch takes."""
    number = 0
    while True:
        copy = tmp_path / str(number)
        shutil.copytree(run.path, copy)
        yield number, Run(copy)
        number += 1


SLOW = pytest.mark.slow
FAULTS = [
    pytest.param(None, id="killed"),
    pytest.param(errno.ENOSPC, id="disk full", marks=SLOW),
    pytest.param(errno.EIO, id="disk broken", marks=SLOW),
]


@pytest.mark.parametrize("error", FAULTS)
@pytest.mark.parametrize("state", ["new", "initialized", "run"])
def test_a_save_that_fails_at_any_operation_leaves_a_run_that_can_be_resumed(
    request, tmp_path, state, error
):
    """In a short first epoch, in that of an initialized model, which is also epoch 0, and later."""
    run = request.getfixturevalue("run" if state == "run" else "new")
    options = {
        "new": {"every": math.inf},
        "initialized": {"first_losses": lambda best: {"loss": 20.0}},
    }
    failures = 0
    for number, copy in copies(run, tmp_path):
        with pytest.MonkeyPatch.context() as patch:
            faulty = FaultyDisk(patch, number, error)

            def faulty_writing(model, faulty=faulty):
                model.save = faulty.writing(model.save)

            try:
                position = copy.position() or Position()
                begin(copy, position, faulty_writing, **options.get(state, {}))
            except (Killed, OSError):
                failures += 1
            else:
                assert failures == faulty.count == number > 15
                break
        check(copy)


def test_an_export_that_is_killed_at_any_operation_leaves_the_versions_before(tmp_path):
    def fill(draft):
        draft.mkdir()
        for name in ("saved_model.pb", "variables.index"):
            (draft / name).write_text("text")

    folder, failures = tmp_path / "model", 0
    write_folder(lambda: folder / "1", fill)
    for number in range(20):
        with pytest.MonkeyPatch.context() as patch:
            faulty = FaultyDisk(patch, number)
            try:
                write_folder(lambda: folder / "2", fill)
            except Killed:
                failures += 1
        versions = {path.name for path in folder.glob("[0-9]*")}
        assert versions >= {"1"}
        for version in versions:
            assert len([*(folder / version).iterdir()]) == 2
        if "2" in versions:
            break
    assert failures >= faulty.count - 1 > 3
