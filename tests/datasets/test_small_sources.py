"""Digits, Frey Faces and folders of images."""

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_image

from keras_vae.datasets import load_dataset


def test_digits_keep_their_values(digit_images):
    dataset = load_dataset("digits")
    np.testing.assert_array_equal(dataset.images[..., 0], digit_images)
    assert dataset.images.max() == 255
    assert set(dataset.labels) == set(range(10))
    counts = dataset.provenance["counts"]
    assert sum(counts.values()) == 1797
    assert counts["test"] == counts["validation"] == 179


def test_digits_are_scaled_to_image_size():
    assert load_dataset("digits", image_size=(28, 28)).image_shape == (28, 28, 1)


def test_frey_faces_are_transposed(tmp_path):
    from scipy.io import savemat

    frames = np.random.default_rng(0).integers(0, 256, (30, 28, 20), np.uint8)
    savemat(tmp_path / "frey_rawface.mat", {"ff": frames.reshape(30, 560).T})
    for data_dir in (tmp_path, tmp_path / "frey_rawface.mat"):
        dataset = load_dataset("frey", data_dir=data_dir)
        np.testing.assert_array_equal(dataset.images[..., 0], frames)
    assert "none stated" in dataset.provenance["licence"]
    by_path = load_dataset(tmp_path / "frey_rawface.mat").provenance
    assert dataset.provenance["dataset"] == by_path["dataset"] == "frey"


def test_a_wrong_matrix_is_named(tmp_path):
    from scipy.io import savemat

    savemat(tmp_path / "frey_rawface.mat", {"ff": np.zeros((7, 3), np.uint8)})
    with pytest.raises(ValueError, match=r"`ff`, uint8 \[560, N\]. Received: uint8 \[7, 3\]"):
        load_dataset("frey", data_dir=tmp_path)
    (tmp_path / "frey_rawface.mat").write_bytes(b"no matrix at all")
    with pytest.raises(ValueError, match=r"frey_rawface\.mat is not a MATLAB file"):
        load_dataset("frey", data_dir=tmp_path)


@pytest.mark.data
def test_the_original_frey_faces(kvae_data):
    dataset = load_dataset("frey", data_dir=kvae_data)
    assert dataset.images.shape == (1965, 28, 20, 1)
    # A video: each frame is much like the next one, if rows and columns are read the right way.
    frames = dataset.images[..., 0].astype(float)
    assert (
        np.abs(frames[1:] - frames[:-1]).mean() < 0.5 * np.abs(frames[900:] - frames[:-900]).mean()
    )
    assert np.abs(np.diff(frames, axis=1)).mean() < 20


@pytest.fixture
def photo_dir(tmp_path):
    """Twenty crops of a real photo, in folders, in several formats and modes."""
    photo = Image.fromarray(load_sample_image("china.jpg"))
    folder = tmp_path / "photos"
    (folder / "deep" / "deeper").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    for number in range(20):
        crop = photo.crop((8 * number, 0, 8 * number + 60, 40))
        place = folder / ("deep/deeper" if number % 2 else "deep")
        if number % 3 == 0:
            crop.save(place / f"{number:02d}.JPG")
        elif number % 3 == 1:
            crop.convert("RGBA").save(place / f"{number:02d}.png")
        else:
            crop.convert("L").save(place / f"{number:02d}.webp", lossless=True)
    photo.save(folder / ".hidden" / "thumb.jpg")
    (folder / "readme.txt").write_text("not an image")
    return folder


def test_a_folder_is_searched_through(photo_dir):
    dataset = load_dataset(photo_dir)
    assert dataset.name == "photos"
    assert dataset.images.shape == (20, 40, 60, 3)
    assert sum(dataset.provenance["counts"].values()) == 20


def test_folders_are_read_in_the_order_of_their_names(photo_dir):
    dataset = load_dataset(photo_dir, image_size=(4, 6))
    files = sorted(str(file) for file in photo_dir.glob("deep/**/*.*"))
    for row, file in zip(dataset.images, files, strict=True):
        reference = np.asarray(Image.open(file).convert("RGB").resize((6, 4), Image.BOX))
        assert np.abs(row.astype(int) - reference).mean() < 12


def test_sizes_that_differ_need_an_image_size(photo_dir):
    Image.new("RGB", (30, 50)).save(photo_dir / "zz.png")
    with pytest.raises(ValueError, match=r"`image_size` must be given .* 40×60 and 50×30"):
        load_dataset(photo_dir)
    assert load_dataset(photo_dir, image_size=(16, 16)).images.shape == (21, 16, 16, 3)


def test_a_folder_without_images_is_refused(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ValueError, match=r"at least one image: .* which holds notes\.txt"):
        load_dataset(tmp_path)


def test_an_exif_rotation_is_applied(tmp_path):
    exif = Image.Exif()
    exif[274] = 6  # to be turned by a quarter
    Image.linear_gradient("L").resize((60, 40)).save(tmp_path / "turned.jpg", exif=exif)
    assert load_dataset(tmp_path).image_shape == (60, 40, 3)
