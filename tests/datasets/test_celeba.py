import numpy as np
import pytest

from keras_vae.datasets import load_dataset
from keras_vae.datasets.celeba import read_list
from keras_vae.files.photos import open_photo, prepare
from tests.datasets.layouts import ATTRIBUTES


def test_every_layout_gives_the_same_faces(celeba_dir, faces):
    dataset = load_dataset("celeba", data_dir=celeba_dir, image_size=(24, 16))

    expected = [prepare(open_photo(photo), (24, 16)) for photo in faces.photos.values()]
    np.testing.assert_array_equal(dataset.images, expected)
    np.testing.assert_array_equal(dataset.attributes, faces.attributes[:12])
    np.testing.assert_array_equal(dataset.partition, faces.partition[:12])
    assert dataset.attribute_names == ATTRIBUTES
    assert dataset.provenance["missing"] == 3
    assert dataset.provenance["split"] == "official"
    assert dataset.provenance["counts"] == {"train": 9, "validation": 3, "test": 0}
    assert dataset.provenance["licence"] == "non-commercial research only"


def test_the_native_size_is_the_central_square(celeba_dir):
    assert load_dataset("celeba", data_dir=celeba_dir).image_shape == (148, 148, 3)


def test_the_zip_itself_will_do(faces, tmp_path):
    faces.write_lists(tmp_path)
    faces.write_zip(tmp_path)
    archive = tmp_path / "img_align_celeba.zip"
    assert load_dataset("celeba", data_dir=archive, image_size=(8, 8)).count("train") == 9


def test_a_path_with_the_lists_is_no_mere_folder_of_images(celeba_dir):
    dataset = load_dataset(celeba_dir, image_size=(8, 8))
    assert dataset.attribute_names == ATTRIBUTES
    assert dataset.provenance["dataset"] == "celeba"
    assert dataset.provenance["licence"] == "non-commercial research only"


def test_photos_without_a_line_are_left_out_and_counted(faces, tmp_path):
    faces.photos["999999.jpg"] = faces.photos["000001.jpg"]
    faces.write_lists(tmp_path)
    faces.write_zip(tmp_path)
    dataset = load_dataset("celeba", data_dir=tmp_path, image_size=(8, 8))
    assert len(dataset.images) == 12
    assert dataset.provenance["unlisted"] == 1


def test_lists_in_another_order_are_brought_together(faces, tmp_path):
    faces.write_lists(tmp_path)
    faces.write_zip(tmp_path)
    file = tmp_path / "list_attr_celeba.txt"
    head, names, *rows = file.read_text().splitlines()
    file.write_text("\n".join([head, names, *reversed(rows)]))
    dataset = load_dataset("celeba", data_dir=tmp_path, image_size=(8, 8))
    np.testing.assert_array_equal(dataset.attributes, faces.attributes[:12])


@pytest.mark.parametrize("damage", [" 1 1", " 1 1 x", " 1 1 1 1"])
def test_a_damaged_list_is_named(faces, tmp_path, damage):
    faces.write_lists(tmp_path)
    file = tmp_path / "list_attr_celeba.txt"
    lines = file.read_text().splitlines()
    lines[-1] = "000015.jpg" + damage
    file.write_text("\n".join(lines))
    with pytest.raises(ValueError, match=r"list_attr_celeba\.txt must have 3 whole numbers"):
        read_list(file, {name.encode() for name in faces.names})


@pytest.mark.parametrize("text", ["", "15\n", "one\ntwo\nthree\nfour\n"])
def test_a_list_of_no_images_is_named(tmp_path, text):
    (tmp_path / "list_attr_celeba.txt").write_text(text)
    with pytest.raises(ValueError, match=r"list_attr_celeba\.txt must name an image"):
        read_list(tmp_path / "list_attr_celeba.txt", set())


def test_photos_that_no_list_names_are_no_data_set(faces, tmp_path):
    faces.write_lists(tmp_path)
    faces.photos = {"999999.jpg": faces.photos["000001.jpg"]}
    faces.write_zip(tmp_path)
    with pytest.raises(ValueError, match="at least one image"):
        load_dataset("celeba", data_dir=tmp_path)


def test_a_zip_cut_short_is_named(faces, tmp_path):
    faces.write_lists(tmp_path)
    faces.write_zip(tmp_path)
    archive = tmp_path / "img_align_celeba.zip"
    archive.write_bytes(archive.read_bytes()[:5000])
    with pytest.raises(ValueError, match=r"img_align_celeba\.zip is not a zip file"):
        load_dataset("celeba", data_dir=tmp_path)


def test_missing_files_are_named(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(FileNotFoundError) as caught:
        load_dataset("celeba", data_dir=tmp_path)
    for part in (
        "img_align_celeba.zip",
        "list_attr_celeba.txt",
        "list_eval_partition",
        "notes.txt",
    ):
        assert part in str(caught.value)


@pytest.mark.data
def test_the_original_photos(kvae_data, celeba_counts):
    calls = []
    dataset = load_dataset(
        "celeba",
        data_dir=kvae_data,
        image_size=(64, 64),
        progress=lambda *counts: calls.append(counts),
    )
    assert list(dataset.provenance["counts"].values()) == celeba_counts
    assert list(dataset.provenance["counts"]) == ["train", "validation", "test"]
    assert dataset.provenance["missing"] == 202_599 - sum(celeba_counts)
    assert dataset.provenance["corrupt"] == []
    assert len(dataset.attribute_names) == 40
    assert calls[-1] == (sum(celeba_counts),) * 2
    # Whoever wears lipstick is hardly ever labelled male: rows and attributes belong together.
    lipstick, male = (
        dataset.attributes[:, dataset.attribute_names.index(name)]
        for name in ("Wearing_Lipstick", "Male")
    )
    assert np.corrcoef(lipstick, male)[0, 1] < -0.7
