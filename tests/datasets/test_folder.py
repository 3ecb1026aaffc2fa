"""Folders and zip archives of images, as people have them: every file is accounted for."""

import os
import re
import zipfile

import numpy as np
import pytest
from PIL import ExifTags, Image

from keras_vae.datasets import load_dataset, native_shape
from keras_vae.datasets.account import Account
from keras_vae.datasets.decoding import in_bytes, open_payload
from keras_vae.datasets.listed import LANDMARKS
from keras_vae.datasets.loading import open_source
from keras_vae.datasets.photo_map import PhotoMap
from keras_vae.datasets.source import Source
from keras_vae.faces.crops import align_largest
from keras_vae.files import limits
from tests.encoding import encoded, png_file

SIZE = (12, 10)


def drawing(number):
    """An image that differs from others by its colour, uint8 [12, 10, 3]."""
    rows, columns = np.mgrid[:12, :10]
    return np.stack([20 * rows, 25 * columns, np.full((12, 10), 9 * number)], -1).astype(np.uint8)


def draw(path, number=0, kind=None, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(drawing(number)).save(path, kind, **options)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "set").mkdir()
    return tmp_path / "set"


def account(dataset):
    return Account.from_json(dataset.provenance["account"])


def test_every_format_and_ending_is_read_and_the_rest_is_counted(folder):
    names = ["a.jpg", "b.JPEG", "c.jfif", "d.avif", "e.WebP", "f.TIFF", "g.bmp", "h.PNG", "i.gif"]
    for number, name in enumerate(names):
        draw(folder / name, number)
    (folder / "readme.txt").touch()
    (folder / "deep").mkdir()
    (folder / "deep/model.psd").touch()
    (folder / "plain").touch()
    (folder / ".DS_Store").touch()
    dataset = load_dataset(folder)
    assert len(dataset.images) == 9
    for image, number in zip(dataset.images, range(9), strict=True):
        assert abs(int(image[..., 2].mean()) - 9 * number) < 20
    found = account(dataset)
    assert found.taken == {name[1:].lower(): 1 for name in names}
    assert found.left_out == {
        ".txt: no image": (1, ["readme.txt"]),
        ".psd: no image": (1, ["deep/model.psd"]),
        "no ending: no image": (1, ["plain"]),
        "hidden": (1, [".DS_Store"]),
    }


def test_heic_is_left_out_by_name_without_its_package(folder, monkeypatch):
    from keras_vae.files import formats

    draw(folder / "a.png")
    (folder / "b.HEIC").touch()
    monkeypatch.setattr(formats, "reads_heif", lambda: False)
    formats.image_suffixes.cache_clear()
    try:
        found = account(load_dataset(folder))
    finally:
        formats.image_suffixes.cache_clear()
    (reason,) = found.left_out
    assert reason.startswith(".heic: HEIC needs pillow-heif: pip install")


def test_special_files_and_links_are_named_and_none_is_waited_for(folder, tmp_path):
    draw(folder / "a.png")
    draw(tmp_path / "other/b.png", 1)
    os.mkfifo(folder / "c.jpg")
    (folder / "d.jpg").symlink_to("nowhere")
    (folder / "e").symlink_to(folder)
    (folder / "f").symlink_to(tmp_path / "other")
    (folder / "g").symlink_to(tmp_path / "other")
    (folder / "h.jpg").symlink_to("h.jpg")
    (folder / "i.png").symlink_to("a.png")
    dataset = load_dataset(folder)
    assert dataset.names.tolist() == ["a.png", "f/b.png", "i.png"]
    assert account(dataset).left_out == {
        "named pipe (FIFO)": (1, ["c.jpg"]),
        "link that leads nowhere": (2, ["d.jpg", "h.jpg"]),
        "link to a folder that is read already": (2, ["e/", "g/"]),
    }


@pytest.mark.parametrize("words", [("train", "val", "test"), ("Training", "valid", "testing")])
@pytest.mark.parametrize("above", ["", "archive/set/"])
def test_folders_are_the_split_and_classes_the_labels(words, above, folder):
    for number in range(12):
        word, kind = words[number % 3], ("dog", "cat")[number % 2]
        draw(folder / above / word / kind / f"{number}.png", number)
    dataset = load_dataset(folder)
    numbers = np.array([int(name.rpartition("/")[2][:-4]) for name in dataset.names])
    np.testing.assert_array_equal(dataset.partition, numbers % 3)
    np.testing.assert_array_equal(dataset.labels, 1 - numbers % 2)
    assert dataset.label_names == ("cat", "dog")
    assert dataset.label_name(1) == "dog"
    assert dataset.provenance["split"] == "official"


def test_train_and_test_folders_give_a_part_of_train_for_validation(folder):
    for number in range(20):
        draw(folder / ("train" if number % 2 else "test") / f"{number}.png", number)
    dataset = load_dataset(folder)
    assert dataset.provenance["counts"] == {"train": 9, "validation": 1, "test": 10}
    assert dataset.labels is None


def test_folders_of_one_image_each_are_no_classes_which_is_said(folder):
    for number in range(4):
        draw(folder / f"person{number}/1.png", number)
    dataset = load_dataset(folder)
    assert dataset.labels is None
    assert account(dataset).notes == [
        "no labels: 4 folders, such as person0, for only 4 images",
    ]


@pytest.mark.parametrize(
    ("outside", "place", "notes"),
    [
        (["cover.png"], "", ["no labels: 1 of 13 images is in no class folder: cover.png"]),
        (
            ["test/0.png", "test/1.png"],
            "train/",
            ["no labels: 2 of 14 images are in no class folder: test/0.png"],
        ),
        (
            ["test/a/0.png", "cover.png"],
            "train/",
            [
                "no split: 1 of 14 images is in none of the folders of splits: cover.png",
                "no labels: 1 of 14 images is in no class folder: cover.png",
            ],
        ),
    ],
)
def test_folders_that_are_not_used_are_said_with_the_first_image_outside(
    outside, place, notes, folder
):
    for number in range(12):
        draw(folder / f"{place}{'ab'[number % 2]}/{number}.png", number)
    for number, name in enumerate(outside):
        draw(folder / name, number)
    dataset = load_dataset(folder)
    assert dataset.labels is None
    assert account(dataset).notes == notes


def test_a_list_of_splits_needs_no_folders(folder):
    for number in range(4):
        draw(folder / ("train" if number % 2 else "test") / f"{number}.png", number)
    draw(folder / "4.png", 4)
    (folder / "splits.txt").write_text("0 test\n1 train\n2 test\n3 train\n4 train\n")
    dataset = load_dataset(folder)
    assert dataset.provenance["counts"]["test"] == 2
    assert not any("no split" in note for note in account(dataset).notes)


@pytest.mark.parametrize("outside", [[], ["1.png", "2.png"]])
def test_nothing_is_said_of_a_set_without_folders_of_classes(outside, folder):
    for name in outside or ["train/1.png", "test/2.png"]:
        draw(folder / name, 1)
    assert account(load_dataset(folder)).notes == []


@pytest.mark.parametrize("place", ["in", "beside"])
def test_lists_of_an_unrecognized_folder_are_used(place, folder, tmp_path):
    for number in range(1, 7):
        draw(folder / f"photos/{number:03d}.png", number)
    lists = folder / "photos" if place == "in" else folder
    rows = [f"{number:06d}.jpg" for number in range(1, 9)]
    attributes = ["8", "Smiling", *(f"{name} {1 - 2 * (n % 2)}" for n, name in enumerate(rows))]
    (lists / "list_attr_celeba.txt").write_text("\n".join(attributes))
    splits = ["file;split", *(f"{name};{('train', 'test')[n % 2]}" for n, name in enumerate(rows))]
    (lists / "partition.csv").write_text("\n".join(splits))
    dataset = load_dataset(folder / "photos")
    assert dataset.attribute_names == ("Smiling",)
    np.testing.assert_array_equal(dataset.attributes[:, 0], [1, -1] * 3)
    assert dataset.provenance["counts"]["test"] == 3
    assert dataset.provenance["dataset"] is None
    found = account(dataset)
    assert found.left_out["named by the lists, but not there"][0] == 2
    assert "list_attr_celeba.txt is used" in found.taken_line


def test_a_list_of_other_images_is_hinted_at(folder):
    for number in range(4):
        draw(folder / f"photo{number}.png", number)
    (folder / "attributes.csv").write_text("name,Smiling\nphoto1.png,1\nother.png,0\n")
    dataset = load_dataset(folder)
    assert dataset.attributes is None
    assert "attributes.csv names 1 of 4 images: not used" in account(dataset).taken_line


@pytest.mark.parametrize("place", ["in", "beside"])
def test_lists_that_nothing_uses_are_named(place, folder):
    draw(folder / "photos/1.png", 1)
    lists = folder / "photos" if place == "in" else folder
    for name in ("identity_CelebA.txt", "list_landmarks_align_celeba.txt"):
        (lists / name).write_text("1.jpg 5\n")
    line = account(load_dataset(folder / "photos")).taken_line
    assert "identity_CelebA.txt, list_landmarks_align_celeba.txt not used" in line


FACE = [[20, 10], [40, 12], [30, 20], [22, 32], [38, 33]]  # eyes, nose, corners of the mouth
POINTS = ",".join(["name", *(f"{part}_{axis}" for part in LANDMARKS for axis in "xy")])


def row_of(points):
    return ",".join(str(number) for point in points for number in point)


@pytest.mark.parametrize("header", [[POINTS], []])
def test_landmarks_of_a_list_are_those_that_faces_are_aligned_by(header, folder):
    for number in range(4):
        draw(folder / f"{number}.png", number)
    rows = [f"0.jpg,{row_of(FACE)}", f"1.jpg,{row_of(np.add(FACE, 7))}", f"2.jpg{',0' * 10}"]
    (folder / "list_landmarks_celeba.csv").write_text("\n".join(header + rows))
    seen = {}

    def align(photo, landmarks):
        seen[np.asarray(photo)[..., 2].mean() // 9] = landmarks
        return photo

    dataset = load_dataset(folder, photo_map=PhotoMap("aligned", align, "without a face", SIZE))
    assert len(dataset.images) == 4
    np.testing.assert_array_equal(seen[0], FACE)
    np.testing.assert_array_equal(seen[1], np.add(FACE, 7))
    assert seen[2] is seen[3] is None  # zeros, as where no face was found; and no line
    line = account(dataset).taken_line
    assert "list_landmarks_celeba.csv is used where faces are aligned" in line
    assert "not used" not in line


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([POINTS, f"0,{row_of(FACE)}", "1,5,5"], ", line 3, must have 10 values .* Received: 2"),
        ([POINTS, f"0,{row_of(FACE[:4])},nan,1"], ", line 2: each value must be a number.* 'nan'"),
        ([POINTS, f"0,{row_of(FACE[1::-1] + FACE[2:])}"], ", line 2: the left eye must be the one"),
        (["name,x,y", "0,1,2"], " must have the columns lefteye_x, .*, rightmouth_y. Rec.*: x, y"),
    ],
)
def test_a_wrong_list_of_landmarks_is_an_error_with_its_line(lines, message, folder):
    draw(folder / "0.png")
    (folder / "landmarks.csv").write_text("\n".join(lines))
    with pytest.raises(ValueError, match=rf"landmarks\.csv{message}"):
        load_dataset(folder)


def test_an_image_with_landmarks_outside_of_it_is_left_out_with_the_reason(folder):
    for number in range(2):
        draw(folder / f"{number}.png", number)
    rows = [f"0.png,{row_of(np.multiply(FACE, 100))}", f"1.png,{row_of(np.divide(FACE, 5))}"]
    (folder / "landmarks.csv").write_text("\n".join([POINTS, *rows]))
    aligned = PhotoMap("aligned", align_largest, "without a face", SIZE)
    dataset = load_dataset(folder, photo_map=aligned)
    [(reason, (count, [name]))] = account(dataset).left_out.items()
    assert (reason, count) == ("damaged", 1)
    assert name.startswith("0.png: `landmarks` must be in the photo, which has ")
    assert name.endswith("Received: x from 2000 to 4000, y from 1000 to 3300")


def test_a_wrong_list_is_an_error_with_its_line(folder):
    draw(folder / "1.png", 1)
    draw(folder / "2.png", 2)
    (folder / "attributes.csv").write_text("name,Smiling\n1,1\n2,5\n")
    with pytest.raises(ValueError, match=r"attributes\.csv, line 3: each value must be −1, 0 or 1"):
        load_dataset(folder)
    (folder / "attributes.csv").write_text("name,Smiling,Bald\n1,1,0\n2,-1,0\n")
    with pytest.raises(ValueError, match=r"attributes\.csv must be 1 and 0, or 1 and −1"):
        load_dataset(folder)


def test_a_list_that_contradicts_the_folders_is_an_error(folder):
    for number in range(4):
        draw(folder / ("train" if number % 2 else "test") / f"{number}.png", number)
    (folder / "splits.txt").write_text("0 train\n1 train\n2 test\n3 train\n")
    with pytest.raises(ValueError, match=r"splits\.txt must agree with the folders.*test/0\.png"):
        load_dataset(folder)


def test_a_zip_of_a_folder_is_that_folder(folder, tmp_path):
    for number in range(12):
        draw(folder / f"photos/{'ab'[number % 2]}/{number}.png", number)
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for file in sorted(folder.rglob("*.png")):
            archive.write(file, str(file.relative_to(folder)).replace("/", "\\"))
        archive.writestr("__MACOSX/photos/a/._0.png", b"")
        archive.writestr("photos/notes.txt", b"")
    expected, dataset = load_dataset(folder), load_dataset(tmp_path / "set.zip")
    np.testing.assert_array_equal(dataset.images, expected.images)
    np.testing.assert_array_equal(dataset.labels, expected.labels)
    assert dataset.name == "set"
    assert account(dataset).left_out == {
        ".txt: no image": (1, ["photos/notes.txt"]),
        "hidden": (1, ["__MACOSX/photos/a/._0.png"]),
    }


def test_a_zip_without_images_says_what_it_is(tmp_path):
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr("notes.txt", b"")
    with pytest.raises(ValueError, match=r"at least one image: .*\.jpg.*which is a zip file"):
        load_dataset(tmp_path / "set.zip")
    (tmp_path / "page.zip").write_bytes(b"<html>")
    with pytest.raises(ValueError, match=r"page\.zip is not a zip file.*web page"):
        load_dataset(tmp_path / "page.zip")


def test_an_empty_folder_says_what_was_looked_for(folder):
    (folder / "notes.txt").touch()
    with pytest.raises(ValueError, match=r"at least one image.*\.avif.*which holds notes\.txt"):
        load_dataset(folder)


def wide(path, values):
    Image.fromarray(values).save(path)


@pytest.mark.parametrize(
    ("scale", "dtype"),
    [(1 / 255, np.float32), (1, np.float32), (1, np.int32), (4, np.uint16), (256, np.uint16)],
)
def test_images_that_are_not_of_8_bits_share_the_range_of_the_set(scale, dtype, folder):
    """The second image is dark: by its own values it would be read as another range."""
    bright = drawing(3)[..., 0]
    for number, image in enumerate((bright, bright // 200)):
        wide(folder / f"{number}.tiff", (image.astype(np.float64) * scale).astype(dtype))
    draw(folder / "2.png", 1)
    dataset = load_dataset(folder, channels=1)
    np.testing.assert_array_equal(dataset.images[0, ..., 0], bright)
    assert dataset.images[1].max() <= 1
    note = account(dataset).taken_line
    assert ("were converted to 0 … 255" in note) == (scale != 1)


def test_an_image_with_nan_is_left_out_by_name(folder):
    values = drawing(3)[..., 0].astype(np.float32) / 255
    for number in range(3):
        wide(folder / f"{number}.tiff", values)
    values[2, 2] = np.nan
    wide(folder / "3.tiff", values)
    dataset = load_dataset(folder, channels=1)
    assert len(dataset.images) == 3
    assert account(dataset).left_out == {
        "damaged": (1, ["3.tiff: it holds values that are NaN or infinite"])
    }


def test_values_of_no_known_range_are_refused(folder):
    for number in range(3):
        wide(folder / f"{number}.tiff", drawing(number)[..., 0].astype(np.int32) * 9000)
    with pytest.raises(ValueError, match=r"`images` must be uint8.*divide by the largest"):
        load_dataset(folder)


def test_files_of_several_frames_are_counted(folder):
    for number in range(3):
        more = [Image.fromarray(drawing(9))]
        draw(folder / f"{number}.gif", number, save_all=True, append_images=more)
    draw(folder / "3.png", 3)
    line = account(load_dataset(folder)).taken_line
    assert "3 files hold more than one page or frame; the first is used" in line


def test_one_damaged_file_is_left_out_of_the_smallest_set(folder):
    for number in range(3):
        draw(folder / f"{number}.png", number)
    (folder / "1.png").write_bytes(b"%!PS-Adobe EPSF\n")
    dataset = load_dataset(folder)
    assert dataset.names.tolist() == ["0.png", "2.png"]
    (count, (name,)) = account(dataset).left_out["damaged"]
    assert (count, name) == (1, "1.png: not an image that can be read: it is PostScript (EPS)")
    (folder / "2.png").write_bytes(b"")
    with pytest.raises(ValueError, match=r"may be damaged. Received: at least 2 of 3.*1\.png: not"):
        load_dataset(folder)


@pytest.mark.parametrize("image_size", [None, SIZE])
def test_images_of_which_none_can_be_read_are_named_with_the_reason(image_size, folder):
    (folder / "0.png").write_bytes(b"<html>")
    with pytest.raises(ValueError, match=r"at least one image. Received: .*a web page"):
        load_dataset(folder, image_size=image_size)


def test_an_image_with_too_many_pixels_is_left_out(folder):
    draw(folder / "0.png")
    (folder / "1.png").write_bytes(png_file(30_000, 30_000))
    left_out = account(load_dataset(folder, image_size=SIZE)).left_out["damaged"]
    assert "1.png: too large: 30000×30000 = 900,000,000 pixels" in left_out[1][0]
    assert len(load_dataset(folder, image_size=SIZE, max_pixels=10**9).images) == 1


@pytest.mark.parametrize("value", [0, 1, 255])
def test_a_set_of_one_colour_is_refused_with_its_statistics(value, folder):
    for number in range(3):
        Image.new("L", (8, 8), value).save(folder / f"{number}.png")
    message = f"pixels from {value} to {value}, mean {value}.00, standard deviation 0.00 of 255"
    with pytest.raises(ValueError, match=f"must differ from a single colour. Received: {message}"):
        load_dataset(folder)


def test_names_that_no_terminal_prints_are_reported(folder):
    draw(folder / "0.png")
    (folder / "a\nb.txt").touch()
    (folder / os.fsdecode(b"\xff.txt")).touch()
    assert sorted(account(load_dataset(folder)).left_out[".txt: no image"][1]) == [
        "a�b.txt",
        "�.txt",
    ]


def test_an_unreadable_folder_is_named(folder, monkeypatch):
    draw(folder / "0.png")
    (folder / "locked").mkdir()
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    reason = "folder that cannot be read: Permission denied"
    assert account(load_dataset(folder)).left_out == {reason: (1, ["locked/"])}


def test_the_pixels_of_ordinary_files_are_those_of_pillow(folder):
    """Nothing that the reader does changes a pixel of a JPEG or PNG file of 8 bits."""
    for number, options in enumerate(({}, {"quality": 60}, {"progressive": True})):
        data = encoded(Image.fromarray(drawing(number)), "JPEG", **options)
        (folder / f"{number}.jpg").write_bytes(data)
    dataset = load_dataset(folder)
    for name, image in zip(dataset.names, dataset.images, strict=True):
        np.testing.assert_array_equal(image, np.asarray(Image.open(folder / name)))


def test_a_list_beside_that_is_of_other_images_is_hinted_at(folder, tmp_path):
    """Two photos have the name of a line: the list is of another folder."""
    for number in range(6):
        draw(folder / f"{'ab'[number % 2]}/{number // 2}.png", number)
    (tmp_path / "list_attr.txt").write_text("Smiling\n0 1\n1 -1\n2 1\n")
    dataset = load_dataset(folder)
    assert dataset.attributes is None
    line = account(dataset).taken_line
    assert "not used: " in line
    assert "list_attr.txt, line 2, must describe one image" in line


def test_images_that_are_not_of_8_bits_are_the_same_without_preparation(folder, caplog):
    """Whole-set jobs read the images one by one: they see the pixels of the prepared set."""
    bright = drawing(3)[..., 0]
    for number, image in enumerate((bright, bright // 200)):
        wide(folder / f"{number}.tiff", image.astype(np.float32))
    draw(folder / "2.png", 1)
    (folder / "3.png").write_bytes(b"no image")
    prepared, source = load_dataset(folder, channels=1), open_source(folder)
    *payloads, damaged = source.payloads()
    assert "set: pixels of" not in caplog.text
    for image, payload in zip(prepared.images, payloads, strict=True):
        np.testing.assert_array_equal(open_payload(payload).convert("L"), image[..., 0])
    with pytest.raises(ValueError, match=r"3\.png is not an image"):
        open_payload(damaged)


def test_the_conversion_of_a_set_is_logged_once(folder, caplog):
    for number in range(3):
        wide(folder / f"{number}.tiff", drawing(number)[..., 0].astype(np.uint16) << 4)
    payloads = list(open_source(folder).payloads())
    assert [payload.dtype for payload in payloads] == [np.uint8] * 3
    (record,) = caplog.records
    note = "pixels of 0 … 4095 (uint16) were converted to 0 … 255."
    assert record.getMessage() == f"{folder}: {note}"


def test_only_images_of_no_known_range_are_left_out_without_preparation_too(folder):
    wide(folder / "0.tiff", drawing(0)[..., 0].astype(np.int32) * 9000)
    wide(folder / "1.tiff", drawing(1)[..., 0].astype(np.uint16) << 8)
    draw(folder / "2.png", 2)
    unknown, deep, png = open_source(folder).payloads()
    assert isinstance(unknown, ValueError)
    assert re.match(r"`images` must be uint8.*divide by the largest", str(unknown))
    np.testing.assert_array_equal(deep, drawing(1)[..., 0])
    assert png == folder / "2.png"
    prepared = load_dataset(folder, channels=1)
    assert prepared.names.tolist() == ["1.tiff", "2.png"]
    assert account(prepared).left_out == {"damaged": (1, [f"0.tiff: {unknown}".rstrip(".")])}


def test_a_set_of_no_known_range_is_searched_once(folder):
    draw(folder / "0.png", 0)
    values, passes = drawing(1)[..., 0].astype(np.int32) * 9000, []

    def payloads():
        passes.append(0)
        return iter([values] * 5)

    payload = in_bytes(Source(5, payloads), "mine").payloads()
    assert all(isinstance(each, ValueError) for each in payload)
    assert len(passes) == 2


@pytest.mark.parametrize("damage", ["encrypted", "Deflate64"])
def test_a_zip_that_python_cannot_unpack_is_refused_with_the_cure(damage, tmp_path):
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr("1.png", encoded(Image.fromarray(drawing(1))))
    content = bytearray((tmp_path / "set.zip").read_bytes())
    for start, flags in ((0, 6), (content.find(b"PK\1\2"), 8)):
        content[start + flags + (0 if damage == "encrypted" else 2)] = (
            1 if damage == "encrypted" else 9
        )
    (tmp_path / "set.zip").write_bytes(content)
    with pytest.raises(ValueError, match=rf"set\.zip cannot be unpacked: 1\.png is .*{damage}"):
        load_dataset(tmp_path / "set.zip")


def test_a_member_that_expands_without_bound_is_one_damaged_image(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_BYTES", 10_000)
    with zipfile.ZipFile(tmp_path / "set.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("1.png", encoded(Image.fromarray(drawing(1))))
        archive.writestr("2.png", bytes(10_001))
    dataset = load_dataset(tmp_path / "set.zip")
    assert dataset.names.tolist() == ["1.png"]
    assert "2.png in" in account(dataset).left_out["damaged"][1][0]


def test_a_small_zip_with_a_list_of_many_lines_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "set.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("1.png", encoded(Image.fromarray(drawing(1))))
        archive.writestr("attributes.csv", b"1 1\n" * 400_000)
    reason = r"attributes\.csv in .*set\.zip must hold at most 262,144 lines, .*: 400,000\."
    with pytest.raises(ValueError, match=reason):
        load_dataset(tmp_path / "set.zip")


def draw_sizes(folder, sizes):
    """Draw an image of each height and width, named by their order."""
    for number, (height, width) in enumerate(sizes):
        image = Image.linear_gradient("L").resize((width, height)).convert("RGB")
        image.save(folder / f"{number:03}.jpg")


@pytest.mark.parametrize(
    ("sizes", "usual"),
    [
        ([(40, 40)] * 20 + [(5, 5)], (40, 40)),
        ([(5, 5)] + [(40, 30)] * 20, (40, 30)),
        ([(30, 40)] * 12 + [(40, 30)] * 8, (30, 30)),
        ([(5, 5)] + [(40, 30)] * 3, (30, 30)),
        ([(10, 10)] * 10 + [(20, 24)] * 15 + [(40, 40)] * 15, (20, 20)),
        ([(30, 30)] * 64 + [(20, 20)] * 200, (20, 20)),
        ([(218, 178)] * 3, (148, 148)),
    ],
)
def test_the_size_of_a_set_is_that_of_most_images_and_one_tiny_image_changes_nothing(
    sizes, usual, folder
):
    draw_sizes(folder, sizes)
    assert native_shape(folder) == (*usual, 3)


def test_sizes_are_those_of_upright_photos_in_a_zip_too(folder, tmp_path):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    for number in range(3):
        Image.linear_gradient("L").resize((40, 30)).save(folder / f"{number}.jpg", exif=exif)
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)
    assert native_shape(folder) == native_shape(tmp_path / "set.zip") == (40, 30, 3)
    assert load_dataset(folder).image_shape == (40, 30, 3)


def test_the_size_of_photos_above_the_limit_of_pixels_is_not_looked_at(folder):
    draw_sizes(folder, [(10, 10), (30, 30), (30, 30)])
    assert native_shape(folder, max_pixels=100) == (10, 10, 3)
    with pytest.raises(ValueError, match=r"none that can be read among 3 of 3, .*`max_pixels=99`"):
        native_shape(folder, max_pixels=99)


def test_images_that_are_cropped_or_enlarged_are_counted_and_the_first_is_named(folder):
    draw_sizes(folder, [(20, 20), (20, 24), (5, 5), (30, 40), (8, 20), (200, 201)])
    assert account(load_dataset(folder, image_size=(20, 20))).notes == [
        "3 images are cropped to the shape of 20×20 (001.jpg of 20×24, …)",
        "2 images are enlarged to 20×20 (002.jpg of 5×5, …)",
    ]


def test_images_that_are_only_scaled_down_need_no_note(folder):
    draw_sizes(folder, [(20, 20), (300, 299)])
    assert account(load_dataset(folder, image_size=(16, 16))).notes == []


def test_transparent_parts_and_grey_images_are_counted_where_they_are_converted(folder):
    for number, alpha in enumerate((255, 100)):  # the first only could be transparent
        draw(folder / f"{number}.png", number)
        picture = Image.open(folder / f"{number}.png").convert("RGBA")
        picture.putalpha(alpha)
        picture.save(folder / f"{number}.png")
    palette = Image.fromarray(drawing(2)).quantize(8)
    palette.save(folder / "2.gif", transparency=palette.getpixel((0, 0)))
    Image.fromarray(drawing(3)[..., 0]).save(folder / "3.png")
    wide(folder / "4.png", drawing(3)[..., 0].astype(np.uint16))
    notes = account(load_dataset(folder)).notes
    transparent = "2 images have transparent parts, which become white (1.png, …)"
    assert notes[:2] == [transparent, "2 images are converted from grey levels to RGB (3.png, …)"]
    assert account(load_dataset(folder, channels=1)).notes == [transparent]


def test_grey_arrays_that_become_rgb_are_counted(tmp_path):
    np.save(tmp_path / "set.npy", np.stack([drawing(1)[..., 0], drawing(2)[..., 1]]))
    assert account(load_dataset(tmp_path / "set.npy")).notes == []
    assert account(load_dataset(tmp_path / "set.npy", channels=3)).notes == [
        "2 images are converted from grey levels to RGB (image 0, …)"
    ]
