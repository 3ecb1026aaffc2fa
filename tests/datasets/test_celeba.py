import zipfile

import numpy as np
import pytest

from keras_vae.datasets import image_count, load_dataset
from keras_vae.datasets.loading import open_source
from keras_vae.files.photos import open_photo, prepare
from tests.datasets.layouts import ATTRIBUTES


def test_every_layout_gives_the_same_faces(celeba_dir, faces):
    dataset = load_dataset("celeba", data_dir=celeba_dir, image_size=(24, 16))

    expected = [prepare(open_photo(photo), (24, 16)) for photo in faces.photos.values()]
    np.testing.assert_array_equal(dataset.images, expected)
    np.testing.assert_array_equal(dataset.attributes, faces.attributes[:12])
    np.testing.assert_array_equal(dataset.partition, faces.partition[:12])
    assert dataset.attribute_names == ATTRIBUTES
    left_out = dataset.provenance["account"]["left_out"]
    assert left_out["named by the lists, but not there"] == [3, []]
    assert dataset.provenance["split"] == "official"
    assert dataset.provenance["counts"] == {"train": 9, "validation": 3, "test": 0}
    assert dataset.provenance["licence"] == "non-commercial research only"


def test_the_native_size_is_the_central_square(celeba_dir):
    assert load_dataset("celeba", data_dir=celeba_dir).image_shape == (148, 148, 3)


def test_the_photos_are_counted_without_decoding_one(celeba_dir, tmp_path, monkeypatch):
    monkeypatch.setattr("keras_vae.files.photos.open_photo", None)
    assert image_count(celeba_dir) == 12
    np.savez(tmp_path / "celeba.npz", images=np.zeros((7, 8, 8, 3), np.uint8))
    assert image_count(tmp_path / "celeba.npz") == 7


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
    left_out = dataset.provenance["account"]["left_out"]
    assert left_out["not named by a list"] == [1, ["img_align_celeba/999999.jpg"]]


def test_lists_in_another_order_are_brought_together(faces, tmp_path):
    faces.write_lists(tmp_path)
    faces.write_zip(tmp_path)
    file = tmp_path / "list_attr_celeba.txt"
    head, names, *rows = file.read_text().splitlines()
    file.write_text("\n".join([head, names, *reversed(rows)]))
    dataset = load_dataset("celeba", data_dir=tmp_path, image_size=(8, 8))
    np.testing.assert_array_equal(dataset.attributes, faces.attributes[:12])


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (" 1 1", ", must have 3 values for its image. Received: 2"),
        (" 1 1 1 1", ", must have 3 values for its image. Received: 4"),
        (" 1 1 x", ": each value must be −1, 0 or 1. Received: 'x'"),
    ],
)
def test_a_damaged_list_is_named(faces, tmp_path, damage, expected):
    faces.write_lists(tmp_path)
    file = tmp_path / "list_attr_celeba.txt"
    lines = file.read_text().splitlines()
    lines[-1] = "000012.jpg" + damage
    del lines[-4:-1]
    file.write_text("\n".join(lines))
    faces.write_zip(tmp_path)
    with pytest.raises(ValueError, match=rf"list_attr_celeba\.txt, line 14{expected}"):
        load_dataset("celeba", data_dir=tmp_path)


@pytest.mark.parametrize("content", [b"", b"15\n", b"<!DOCTYPE html>"])
def test_a_list_of_no_images_is_named(faces, tmp_path, content):
    faces.write_lists(tmp_path)
    faces.write_zip(tmp_path)
    (tmp_path / "list_attr_celeba.txt").write_bytes(content)
    with pytest.raises(ValueError, match=r"list_attr_celeba\.txt (must have|is not a list)"):
        load_dataset("celeba", data_dir=tmp_path)


@pytest.mark.parametrize("name", ["celeba", None])
def test_kaggle_s_archive_contains_the_lists(faces, tmp_path, name):
    faces.write_lists(tmp_path / "lists", comma=True)
    archive = tmp_path / "archive.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for file, content in faces.photos.items():
            opened.writestr(f"img_align_celeba/img_align_celeba/{file}", content)
        for file in (tmp_path / "lists").iterdir():
            opened.write(file, file.name)
        opened.writestr("list_bbox_celeba.csv", "image_id,x_1\n")
    if name is None:
        dataset = load_dataset(archive, image_size=(8, 8))
    else:
        dataset = load_dataset(name, data_dir=archive, image_size=(8, 8))
    assert dataset.provenance["dataset"] == "celeba"
    np.testing.assert_array_equal(dataset.attributes, faces.attributes[:12])
    assert dataset.provenance["counts"] == {"train": 9, "validation": 3, "test": 0}
    left_out = dataset.provenance["account"]["left_out"]
    assert left_out[".csv: no image"] == [1, ["list_bbox_celeba.csv"]]


def test_a_folder_above_will_do(celeba_dir, faces):
    (celeba_dir / "deeper").mkdir()
    for item in list(celeba_dir.iterdir()):
        if item.name != "deeper":
            item.rename(celeba_dir / "deeper" / item.name)
    dataset = load_dataset(celeba_dir, image_size=(8, 8))
    assert dataset.provenance["dataset"] == "celeba"
    np.testing.assert_array_equal(dataset.attributes, faces.attributes[:12])


def test_other_names_of_photos_and_their_folder_will_do(faces, tmp_path):
    faces.write_lists(tmp_path)
    faces.photos = {f"{int(name[:-4])}.JPEG": photo for name, photo in faces.photos.items()}
    faces.write_folder(tmp_path / "photos")
    dataset = load_dataset("celeba", data_dir=tmp_path, image_size=(8, 8))
    by_name = {name: row for row, name in enumerate(dataset.names)}
    order = [by_name[f"photos/{number}.JPEG"] for number in range(1, 13)]
    np.testing.assert_array_equal(dataset.attributes[order], faces.attributes[:12])


def test_photos_before_the_alignment_have_the_landmarks_of_the_list(faces, tmp_path):
    faces.write_lists(tmp_path)
    faces.write_folder(tmp_path / "img_celeba")
    points = "20 10 40 12 30 20 22 32 38 33"
    lines = "\n".join(f"{name} {points}" for name in faces.names)
    for kind in ("", "align_"):
        (tmp_path / f"list_landmarks_{kind}celeba.txt").write_text(lines)
    source = open_source("celeba", tmp_path)
    np.testing.assert_array_equal(
        source.landmarks.reshape(12, 10), [[*map(int, points.split())]] * 12
    )
    assert source.account.notes == [
        "list_landmarks_celeba.txt is used where faces are aligned",
        "list_landmarks_align_celeba.txt not used",
    ]
    (tmp_path / "img_celeba").rename(tmp_path / "img_align_celeba")
    assert open_source("celeba", tmp_path).landmarks is None


def test_photos_that_no_list_names_are_no_data_set(faces, tmp_path):
    faces.write_lists(tmp_path)
    faces.photos = {"999999.jpg": faces.photos["000001.jpg"]}
    faces.write_zip(tmp_path)
    with pytest.raises(ValueError, match=r"list_attr_celeba\.txt must name the images in"):
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


@pytest.mark.slow
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
    missing = 202_599 - sum(celeba_counts)
    reason = "named by the lists, but not there"
    assert dataset.provenance["account"]["left_out"] == {reason: [missing, []]}
    assert len(dataset.attribute_names) == 40
    assert calls[-1] == (sum(celeba_counts),) * 2
    # Whoever wears lipstick is hardly ever labelled male: rows and attributes belong together.
    lipstick, male = (
        dataset.attributes[:, dataset.attribute_names.index(name)]
        for name in ("Wearing_Lipstick", "Male")
    )
    assert np.corrcoef(lipstick, male)[0, 1] < -0.7
