from dataclasses import replace

import keras
import numpy as np
import pytest
from PIL import Image

from keras_vae.datasets import ImageDataset
from keras_vae.files.photos import prepare
from keras_vae.super_resolution.pairs import Pairs
from keras_vae.super_resolution.run import UpscalerConfig, UpscalerRun
from keras_vae.super_resolution.training import new_network, resume, train
from keras_vae.training.position import read_position
from keras_vae.training.run_directory import Run, RunConfig

CONFIG = UpscalerConfig("tiles", size=(8, 8), depth=4, filters=16, epochs=2, batch_size=8)


def pairs_of(tiles, partition):
    """Tiles shrunk to 8×8 and to 24×24."""
    sizes = [
        np.stack([prepare(Image.fromarray(tile), (side, side)) for tile in tiles])
        for side in (8, 24)
    ]
    return Pairs(*(ImageDataset("tiles", images, partition) for images in sizes), 3)


@pytest.fixture(scope="module")
def pairs(photos):
    """Sixteen tiles to train on, eight to validate."""
    return pairs_of(photos[200:224], np.repeat([0, 1], [16, 8]).astype(np.int8))


@pytest.mark.slow
def test_training_beats_what_it_started_from(photos, tmp_path):
    """Eight images, shown over and over again."""
    pairs = pairs_of(np.tile(photos[200:208], (24, 1, 1, 1)), np.zeros(192, np.int8))
    config = replace(CONFIG, epochs=4, batch_size=4, learning_rate=3e-3)
    run = train(config, pairs, tmp_path / "run")
    history = run.history()
    assert [row["epoch"] for row in history] == [1, 2, 3, 4]
    assert history[-1]["psnr"] > history[-1]["bicubic_psnr"] + 0.8
    assert len({round(row["bicubic_psnr"], 3) for row in history}) == 1
    assert Image.open(run.pictures / "epoch_004.png").width > 8 * 24


@pytest.mark.slow
def test_a_run_that_was_stopped_within_an_epoch_is_an_uninterrupted_one(pairs, tmp_path):
    class Stop(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if batch == 1 and len(stopped.history()) == 1:
                raise KeyboardInterrupt

    whole, stopped = train(CONFIG, pairs, tmp_path / "whole"), UpscalerRun(tmp_path / "stopped")
    with pytest.raises(KeyboardInterrupt):
        train(CONFIG, pairs, stopped.path, callbacks=[Stop()], save_every=0.0)
    position = read_position(stopped.last)
    assert (position.epoch, position.step, position.steps) == (1, 1, 2)
    resume(stopped, pairs)
    assert stopped.history_file.read_bytes() == whole.history_file.read_bytes()
    for ours, theirs in zip(
        *(keras.models.load_model(run.last, compile=False).weights for run in (whole, stopped)),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.slow
def test_a_run_stopped_in_its_first_epoch_starts_again(pairs, tmp_path):
    run = UpscalerRun.create(tmp_path / "run", CONFIG)
    assert len(resume(run, pairs).history()) == 2
    with pytest.raises(FileExistsError, match=r"`resume=.*overwrite=True"):
        train(CONFIG, pairs, tmp_path / "run")


def test_a_run_does_not_go_on_with_other_images(pairs, tmp_path):
    provenance = {"counts": {"train": 9, "validation": 9, "test": 9}}
    run = UpscalerRun.create(tmp_path, replace(CONFIG, provenance=provenance))
    with pytest.raises(ValueError, match=r"started with.*Received: 16 train"):
        resume(run, pairs)


def test_the_rate_falls_to_zero_at_the_last_step():
    rate = new_network(replace(CONFIG, epochs=3), steps=5).optimizer._learning_rate
    assert float(rate(0)) == pytest.approx(CONFIG.learning_rate)
    assert float(rate(15)) == pytest.approx(0)


def test_the_configuration_comes_back(tmp_path):
    config = replace(CONFIG, limit=5, provenance={"counts": {"train": 5}})
    assert UpscalerRun.create(tmp_path / "run", config).config() == config


def test_a_run_of_another_kind_is_refused(tmp_path):
    from keras_vae.presets import get_preset

    Run.create(tmp_path / "vae", RunConfig(get_preset("mnist"), "mnist"))
    with pytest.raises(ValueError, match="not that of an upscaler's run"):
        UpscalerRun.open(tmp_path / "vae").config()
