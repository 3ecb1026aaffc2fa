import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from keras_vae.datasets import DATASETS, load_dataset
from keras_vae.datasets.registry import find_dataset
from tests.datasets.layouts import write_mnist


@pytest.mark.parametrize(("name", "near"), [("celebb", "celeba"), ("mnits", "mnist")])
def test_an_unknown_name_is_answered_with_near_ones(name, near):
    with pytest.raises(ValueError, match=f"or a path.*Did you mean .*{near}"):
        load_dataset(name)
    with pytest.raises(ValueError, match=r"Choose from: mnist, fashion_mnist, .*celeba"):
        load_dataset("flowers/of/mine")


def test_a_path_and_a_data_dir_are_one_too_many(tmp_path):
    with pytest.raises(ValueError, match="`data_dir` must be None"):
        load_dataset(tmp_path, data_dir=tmp_path)


def test_a_data_dir_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"`data_dir` must exist. Received: .*nowhere"):
        load_dataset("mnist", data_dir=tmp_path / "nowhere")


def test_a_set_that_tfds_lacks_requires_data_dir():
    with pytest.raises(RuntimeError, match=r"`data_dir` must be .* frey_rawface\.mat.*not in"):
        load_dataset("frey")


def test_every_set_is_described():
    for name, known in DATASETS.items():
        assert known.name == name
        assert known.licence
        assert known.files
        assert known.homepage.startswith("https://")
        assert len(known.image_shape) == 3


@pytest.mark.parametrize("name", DATASETS)
def test_every_set_can_be_given_as_arrays(name, tmp_path, digit_images):
    np.savez(tmp_path / f"{name}.npz", images=digit_images[:20])
    dataset = load_dataset(name, data_dir=tmp_path)
    assert dataset.name == name
    assert dataset.provenance["dataset"] == name
    assert dataset.provenance["licence"] == DATASETS[name].licence


@pytest.mark.parametrize("arrays", [{"images": np.zeros((3, 8, 8))}, {"z": np.zeros((3, 2))}])
def test_photos_of_a_folder_come_before_arrays_in_it(arrays, tmp_path, digit_images):
    folder = tmp_path / "pets"
    folder.mkdir()
    for number, image in enumerate(digit_images[:20]):
        Image.fromarray(image).save(folder / f"{number}.png")
    np.savez(folder / "pets_other.npz", **arrays, names=["a"] * 3)
    account = load_dataset(folder).provenance["account"]
    assert account["taken"] == {".png": 20}
    ((reason, (count, names)),) = account["left_out"].items()
    assert reason == ".npz: no image; arrays are read where their file is given"
    assert (count, names) == (1, ["pets_other.npz"])


def test_a_folder_has_one_file_of_arrays_that_are_images(tmp_path, digit_images):
    folder = tmp_path / "pets"
    folder.mkdir()
    latents = {"z_mean": np.zeros((20, 2)), "names": np.array(["a"] * 20)}
    np.savez(folder / "pets_latents.npz", **latents)
    with pytest.raises(ValueError, match=r"at least one image: .* which holds pets_latents\.npz"):
        load_dataset(folder)
    np.savez(folder / "pets.npz", images=digit_images[:20])
    np.testing.assert_array_equal(load_dataset(folder).images[..., 0], digit_images[:20])


def test_the_arrays_of_a_folders_name_come_before_photos_beside_them(tmp_path, digit_images):
    folder = tmp_path / "pets"
    folder.mkdir()
    np.savez(folder / "pets.npz", z_mean=np.zeros((20, 2)), names=["a"] * 20)
    Image.fromarray(digit_images[0]).save(folder / "preview.png")
    assert load_dataset(folder).provenance["account"]["taken"] == {".png": 1}
    np.savez(folder / "pets.npz", images=digit_images[:20])
    account = load_dataset(folder).provenance["account"]
    assert account["taken"] == {"`images`": 20}
    assert account["left_out"] == {"beside pets.npz, whose arrays are read": [1, ["preview.png"]]}


def test_arrays_of_a_known_sets_folder_are_that_set_with_a_photo_too(tmp_path, digit_images):
    (tmp_path / "mnist").mkdir()
    np.savez(tmp_path / "mnist" / "mnist.npz", images=digit_images[:20])
    Image.fromarray(digit_images[0]).save(tmp_path / "mnist" / "preview.png")
    assert load_dataset(tmp_path / "mnist").provenance["dataset"] == "mnist"


def test_the_arrays_of_a_folders_name_are_the_ones_that_are_opened(tmp_path, digit_images):
    folder = tmp_path / "pets"
    folder.mkdir()
    (folder / "pets_bad.npz").write_bytes(b"damaged")
    np.savez(folder / "pets.npz", photos=digit_images[:20], ids=np.arange(20))
    with pytest.raises(ValueError, match=r"must hold an array `images`.* Received: photos, ids\."):
        load_dataset(folder)
    np.savez(folder / "pets.npz", images=digit_images[:20])
    np.testing.assert_array_equal(load_dataset(folder).images[..., 0], digit_images[:20])


def assert_somebodys_own(dataset, stem):
    facts = dataset.provenance
    assert (dataset.name, facts["title"], facts["dataset"]) == (stem, stem, None)
    assert facts["licence"].startswith("not known")
    assert facts["homepage"] is None


@pytest.mark.parametrize("stem", ["digits", "mnist", "celeba", "pictures"])
def test_a_folder_of_images_is_no_known_set_under_any_name(stem, tmp_path, digit_images):
    (tmp_path / stem).mkdir()
    for number in range(10):
        Image.fromarray(digit_images[number]).save(tmp_path / stem / f"{number}.png")
    assert_somebodys_own(load_dataset(tmp_path / stem), stem)


@pytest.mark.parametrize("stem", ["digits", "mine"])
def test_arrays_of_ones_own_are_no_known_set(stem, tmp_path, digit_images):
    np.savez(tmp_path / f"{stem}.npz", images=digit_images[:20])
    assert_somebodys_own(load_dataset(tmp_path / f"{stem}.npz"), stem)


@pytest.mark.parametrize(
    ("stem", "known"),
    [("celeba", "celeba"), ("mnist", "mnist"), ("Fashion-MNIST", "fashion_mnist")],
)
def test_arrays_under_the_name_that_a_data_dir_is_searched_for_are_that_set(
    stem, known, tmp_path, digit_images
):
    np.savez(tmp_path / f"{stem}.npz", images=digit_images[:20])
    facts = load_dataset(tmp_path / f"{stem}.npz").provenance
    assert (facts["dataset"], facts["title"]) == (known, DATASETS[known].title)


@pytest.mark.parametrize(
    ("stem", "known"), [("mnist", "mnist"), ("fashion-mnist", "fashion_mnist"), ("celeba", None)]
)
def test_idx_files_are_recognized_by_their_folder(stem, known, tmp_path, digit_images):
    write_mnist(tmp_path / stem, digit_images)
    dataset = load_dataset(tmp_path / stem)
    assert dataset.provenance["dataset"] == known
    if known is None:
        assert_somebodys_own(dataset, stem)


def test_which_set_it_is_prepares_nothing_anew(tmp_path, digit_images):
    write_mnist(tmp_path / "mnist", digit_images)
    _, origin = find_dataset("mnist", tmp_path)
    assert origin.dataset == "mnist"
    assert replace(origin, dataset=None).fingerprint() == origin.fingerprint()


@pytest.mark.parametrize(
    ("name", "files"), [("digits", r"digits\.npz"), ("frey", r"frey_rawface\.mat; or frey\.npz")]
)
def test_a_folder_without_a_set_is_told_the_sets_files(name, files, tmp_path):
    with pytest.raises(FileNotFoundError, match=rf"`data_dir` must hold {files}\. Received"):
        load_dataset(name, data_dir=tmp_path)


def test_the_provenance_of_digits_names_them():
    facts = load_dataset("digits").provenance
    assert json.loads(json.dumps(facts))["dataset"] == "digits"
    assert facts["title"] == "Digits of scikit-learn"
