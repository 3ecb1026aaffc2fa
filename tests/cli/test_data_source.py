from types import SimpleNamespace

import numpy as np
import pytest

from keras_vae.cli.data_source import DataSource
from keras_vae.datasets import ImageDataset, load_dataset


@pytest.fixture
def loaded(monkeypatch):
    """Record the arguments of `load_dataset`, which returns an empty set."""
    calls = []

    def load(name, **options):
        calls.append(options)
        return ImageDataset(name, np.zeros((1, 8, 8, 3), np.uint8), np.zeros(1, np.int8))

    monkeypatch.setattr("keras_vae.datasets.load_dataset", load)
    return calls


def run_of(**provenance):
    preset = SimpleNamespace(image_shape=(8, 8, 3), resampling="bicubic")
    facts = {"data_dir": None, "dataset": "album", "seed": 0, "limit": None}
    return SimpleNamespace(preset=preset, provenance=provenance, **facts)


def model_of(**data):
    metadata = {"data": data, "preset": {"resampling": "bicubic"}}
    return SimpleNamespace(image_shape=(8, 8, 3), metadata=metadata)


def test_a_set_is_aligned_for_a_run_and_a_model_that_were_trained_on_it_so(loaded):
    DataSource().load_for_run(run_of())
    DataSource().load_for_model(model_of(), "album")
    assert [options["photo_map"] for options in loaded] == [None, None]
    assert {options["resampling"] for options in loaded} == {"bicubic"}
    dataset = DataSource(align_faces=True).load_for_run(run_of())
    assert dataset.provenance["align_faces"] is True
    DataSource().load_for_run(run_of(align_faces=True))
    DataSource().load_for_model(model_of(align_faces=True), "album")
    assert [options["photo_map"].name for options in loaded[2:]] == 3 * ["faces aligned"]


@pytest.mark.parametrize("words", [["train"], ["attributes", "fit"], ["data", "prepare"]])
def test_an_unknown_name_is_the_data_set_and_no_option(kvae, words):
    """Some commands have another parameter that is called `name`."""
    known = "'photoz/' is neither a known data set nor a path that exists. Choose from: mnist, "
    model = ["--model", "grey"] if words == ["attributes", "fit"] else []
    assert str(kvae(*words, "photoz/", *model).exception).startswith(known)


@pytest.mark.usefixtures("photo_files")
def test_a_path_takes_no_folder_of_a_known_set(kvae, tmp_path):
    result = kvae("train", tmp_path, "--preset", "mnist", "--data-dir", tmp_path)
    assert "`--data-dir` must be None where the data set is a path" in str(result.exception)


def test_a_set_that_has_changed_since_the_training_is_said(kvae, tmp_path, monkeypatch):
    from keras_vae.cli import data_source

    said = []
    monkeypatch.setattr(data_source.click, "echo", lambda text, err=False: said.append(text))
    dataset = load_dataset(unsplit(tmp_path / "own.npz", 40))
    before = {**dataset.provenance, "counts": {"train": 16, "validation": 2, "test": 2}}
    data_source._note_split(dataset.provenance | {"counts": dataset.counts}, dataset)
    data_source._note_split({**before, "limit": 16}, dataset)
    data_source._note_split({**before, "title": "other"}, dataset)
    assert not said
    data_source._note_split(before, dataset)
    assert "16 train, 2 validation, 2 test images" in said[0]
    assert "test images may have been trained on" in said[0]


def unsplit(path, count):
    """An .npz of images without a split."""
    np.savez(path, images=np.random.default_rng(0).integers(0, 256, (count, 8, 8, 1), np.uint8))
    return path
