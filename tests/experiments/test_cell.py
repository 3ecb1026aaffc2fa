from dataclasses import replace
from pathlib import Path

import pytest

from keras_vae import presets
from keras_vae.experiments import EXPERIMENTS, get_experiment
from keras_vae.experiments.cell import Study, Training, expand, fingerprint
from keras_vae.experiments.results import Results
from keras_vae.experiments.workspace import Workspace
from keras_vae.presets import get_preset

REPRODUCTION = Path(__file__).parents[2] / "docs" / "reproduction"

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


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_published_cells_have_the_keys_that_the_experiments_give_them(name):
    experiment, workspace = get_experiment(name), Workspace(REPRODUCTION)
    keys = [cell.key for cell in experiment.cells()]
    assert [key for key in keys if not (workspace.cells / f"{key}.json").exists()] == []
    more = [cell.key for cell in experiment.refine(Results.read(workspace, experiment.cells()))]
    assert [key for key in more if not (workspace.cells / f"{key}.json").exists()] == []


def test_every_published_cell_belongs_to_an_experiment():
    workspace = Workspace(REPRODUCTION)
    cells = [
        row["cell"] for name in EXPERIMENTS for row in get_experiment(name).results(workspace).rows
    ]
    assert {file.stem for file in workspace.cells.glob("*.json")} == set(cells)


def test_the_fingerprint_of_a_preset_is_that_of_version_0_1():
    overrides = {"beta": 1e-4, "latent_dim": 32, "epochs": 4}
    assert fingerprint(get_preset("celeba-perriu"), overrides) == {
        "name": "celeba-perriu",
        "source": "",
        "dataset": "celeba",
        "image_shape": [64, 48, 3],
        "latent_dim": 32,
        "network": {
            "encoder": [
                {"filters": filters, **part}
                for filters in (32, 64, 128, 256)
                for part in ({"kernel": 4}, {"stride": 1})
            ],
            "decoder": [
                {"filters": 256, "stride": 1},
                {"filters": 128, "kernel": 4},
                {"filters": 128, "stride": 1},
                {"filters": 64, "kernel": 4},
                {"filters": 64, "stride": 1},
                {"filters": 32, "kernel": 4},
                {"filters": 32, "stride": 1},
                {"filters": None, "kernel": 4},
            ],
            "normalization": "instance",
            "activation": "relu",
        },
        "objective": {"likelihood": "mean_squared_error", "beta": 1e-4},
        "output": "tanh",
        "epochs": 4,
        "random_flip": True,
    }


OTHER = {  # type of a number → another one
    int: lambda value: value + 1,
    float: lambda value: value / 2 + 0.1,
    str: lambda value: "classifier",
    tuple: lambda value: (8,),
}


def test_the_fingerprint_has_every_number_of_every_term():
    base = get_preset("celeba128").override(adversarial_weight=1.0)
    numbers = {
        term.argument(name): OTHER[type(value)](value)
        for term in base.objective.terms
        for name, value in term.values().items()
    }
    same = [name for name, other in numbers.items()
            if fingerprint(base, {name: other}) == fingerprint(base, {})]  # fmt: skip
    assert same == []


def test_a_term_that_an_override_removes_is_not_in_the_fingerprint():
    removed = fingerprint(get_preset("celeba128"), {"identity_weight": 0, "mmd_weight": 0})
    assert not [name for name in removed["objective"] if name.startswith(("identity", "mmd"))]
    added = fingerprint(get_preset("mnist"), {"texture_weight": 2.0})
    assert added["objective"] == {"likelihood": "bernoulli", "texture_weight": 2.0}


def test_an_entry_is_the_product_of_its_grid_and_seeds():
    entry = {"preset": "mnist", "grid": {"latent_dim": [3, 5]}, "overrides": {"epochs": 1}}
    assert expand({**entry, "seeds": [0, 1]}) == [
        Training("mnist", {"latent_dim": latent, "epochs": 1}, seed)
        for latent in (3, 5)
        for seed in (0, 1)
    ]
    assert expand({"model": "celeba", "measures": ["card"]}) == [Study("celeba", ("card",))]
