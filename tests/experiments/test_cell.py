from dataclasses import replace

import pytest

from keras_vae import presets
from keras_vae.experiments.cell import Training

CELL = Training("mnist", {"hidden": (512, 256), "latent_dim": 3})


@pytest.mark.parametrize(
    "other",
    [
        CELL.override(latent_dim=5),
        CELL.override(epochs=1),
        replace(CELL, seed=1),
        replace(CELL, dataset="fashion_mnist"),
        replace(CELL, limit=100),
        replace(CELL, tolerance=0.01),
        replace(CELL, watch="test"),
        replace(CELL, measures=("losses", "batch")),
    ],
    ids=["latent", "epochs", "seed", "dataset", "limit", "tolerance", "watch", "measures"],
)
def test_a_changed_setting_makes_another_cell(other):
    assert other.key != CELL.key


def test_the_key_follows_from_the_numbers_and_not_from_who_gives_them(monkeypatch):
    named = replace(CELL, dataset="mnist")
    key = CELL.key
    assert named.key == key
    preset = presets.PRESETS["mnist"]
    monkeypatch.setitem(presets.PRESETS, "mnist", replace(preset, source="Reworded"))
    assert named.key == key
    monkeypatch.setitem(presets.PRESETS, "mnist", replace(preset, learning_rate=1.0))
    assert named.key != key


def test_the_key_can_be_read_and_can_be_a_file_name():
    assert CELL.key.startswith("mnist_hidden-512-256_latent_dim-3_seed-0_")
    assert set(CELL.key) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-.")


def test_settings_are_scalars_and_leave_out_what_is_not_set():
    assert replace(CELL, seed=2, tolerance=0.01).settings() == {
        "preset": "mnist",
        "dataset": "mnist",
        "tolerance": 0.01,
        "hidden": "512-256",
        "latent_dim": 3,
        "seed": 2,
    }


def test_overrides_add_up():
    assert CELL.override(latent_dim=5).resolved == CELL.resolved.override(latent_dim=5)


def test_what_is_left_open_overrides_nothing():
    few = replace(CELL, overrides={"epochs": 5})
    assert few.override(epochs=None) == few
