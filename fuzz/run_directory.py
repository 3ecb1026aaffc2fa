"""The run directory of a training: configuration, history, position."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator

import numpy as np

from keras_vae.files.keras_file import MEMBERS
from keras_vae.presets import get_preset
from keras_vae.presets.configuration import plain
from keras_vae.training.position import ARRAYS, POSITION
from keras_vae.training.run_directory import Run, RunConfig

from . import scratch
from .members import packed, unpacked

HAS_MEMBERS = True
NAME = "a-run"
FILES = ("config.json", "history.csv", "checkpoints/last.keras", "checkpoints/best.keras")


def seeds() -> Iterator[bytes]:
    """Yield a run of one epoch and a half."""
    config = json.dumps(plain(RunConfig(preset=get_preset("digits"), dataset="digits"))).encode()
    history = b"epoch,loss,val_loss\n1,3.5,4.5\n2,3.0,4.0\n"
    arrays = io.BytesIO()
    np.savez(arrays, metrics_0=np.ones(2), generators_0=np.arange(3))
    rows = [{"epoch": 1, "loss": 3.5, "val_loss": 4.5}]
    position = {"epoch": 1, "step": 2, "steps": 4, "history": rows}
    position |= {"metrics": 1, "generators": 1, "averages": 0}
    last = packed(
        {
            **dict.fromkeys(sorted(MEMBERS), b"{}"),
            POSITION: json.dumps(position).encode(),
            ARRAYS: arrays.getvalue(),
        }
    )
    yield packed(dict(zip(FILES, (config, history, last, last), strict=True)))
    yield packed({FILES[0]: config})
    yield packed({FILES[0]: b"preset: {name: digits}\ndataset: *a\nseed: 1e-3\n"})


def read(content: bytes) -> None:
    """Read all that a resumed training reads, other than Keras's own part of a checkpoint."""
    path = scratch.folder() / NAME
    shutil.rmtree(path, ignore_errors=True)
    (path / FILES[2]).parent.mkdir(parents=True)
    members = unpacked(content)
    for name in FILES:
        if name in members:
            (path / name).write_bytes(members[name])
    errors = []
    run = Run(path)
    for use in (run.config, run.history, run.best_weights, run.position, run.extended):
        try:
            use()
        except ValueError as error:
            errors.append(error)
    if errors:
        raise errors[0]
    run.restore_history(run.position())
