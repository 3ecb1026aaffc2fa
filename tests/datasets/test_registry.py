import numpy as np
import pytest

from keras_vae.datasets import DATASETS, load_dataset


@pytest.mark.parametrize(("name", "near"), [("celebb", "celeba"), ("mnits", "mnist")])
def test_an_unknown_name_is_answered_with_near_ones(name, near):
    with pytest.raises(ValueError, match=f"or a path.*Did you mean .*{near}"):
        load_dataset(name)


def test_a_path_and_a_data_dir_are_one_too_many(tmp_path):
    with pytest.raises(ValueError, match="`data_dir` must be left out"):
        load_dataset(tmp_path, data_dir=tmp_path)


def test_a_data_dir_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"`data_dir` must exist. Received: .*nowhere"):
        load_dataset("mnist", data_dir=tmp_path / "nowhere")


def test_a_set_that_tfds_lacks_asks_for_its_folder():
    with pytest.raises(RuntimeError, match=r"frey_rawface\.mat with --data-dir"):
        load_dataset("frey")


def test_every_set_says_what_it_is():
    for name, known in DATASETS.items():
        assert known.name == name
        assert known.licence
        assert known.files
        assert known.homepage.startswith("https://")
        assert len(known.image_shape) == 3


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "celeba", "frey", "digits"])
def test_every_set_can_be_given_as_arrays(name, tmp_path):
    np.savez(tmp_path / f"{name}.npz", images=np.zeros((20, 8, 8), np.uint8))
    dataset = load_dataset(name, data_dir=tmp_path)
    assert dataset.name == name
    assert dataset.provenance["licence"] == DATASETS[name].licence
