import gzip

import numpy as np
import pytest

from keras_vae.datasets import load_dataset
from keras_vae.datasets.idx import FILES, read_idx
from keras_vae.files import limits
from tests.datasets.layouts import write_idx


@pytest.fixture(params=[".gz", "", "dotted"])
def mnist_dir(request, digit_images, tmp_path):
    """Sixty training digits and twenty test digits, labelled by their number."""
    folder = tmp_path / "files"
    folder.mkdir()
    arrays = digit_images[:60], np.arange(60), digit_images[60:80], np.arange(60, 80)
    for stem, array in zip(FILES, arrays, strict=True):
        if request.param == "dotted":
            write_idx(folder / stem.replace("-idx", ".idx"), array, compress=False)
        else:
            write_idx(folder / (stem + request.param), array, compress=bool(request.param))
    return folder


def test_test_images_stay_test_images(mnist_dir, digit_images):
    dataset = load_dataset("mnist", data_dir=mnist_dir)
    np.testing.assert_array_equal(dataset.images[..., 0], digit_images[:80])
    np.testing.assert_array_equal(dataset.labels, np.arange(80))
    np.testing.assert_array_equal(dataset.indices("test"), np.arange(60, 80))
    assert dataset.count("validation") == 6
    assert dataset.count("train") == 54


def test_the_validation_split_follows_the_seed_and_the_cache_does_not(mnist_dir, cache):
    first, again, other = (
        load_dataset("fashion-mnist", data_dir=mnist_dir, seed=seed) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first.partition, again.partition)
    assert set(first.indices("validation")) != set(other.indices("validation"))
    np.testing.assert_array_equal(first.indices("test"), other.indices("test"))
    assert len(list(cache.glob("*/images.npy"))) == 1


def test_size_and_channels_can_be_others(mnist_dir):
    dataset = load_dataset("mnist", data_dir=mnist_dir, image_size=(32, 24), channels=3)
    assert dataset.image_shape == (32, 24, 3)
    np.testing.assert_array_equal(dataset.images[..., 0], dataset.images[..., 2])


def test_a_subfolder_with_the_name_of_the_set_is_found(mnist_dir):
    mnist_dir.rename(mnist_dir.parent / "fashion-mnist")
    dataset = load_dataset("fashion_mnist", data_dir=mnist_dir.parent)
    assert dataset.provenance["licence"] == "MIT"
    with pytest.raises(FileNotFoundError, match="train,t10k"):
        load_dataset("mnist", data_dir=mnist_dir.parent)


def test_damage_is_named(tmp_path, digit_images):
    file = tmp_path / "train-images-idx3-ubyte.gz"
    write_idx(file, digit_images[:9], compress=True)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"train-images-idx3-ubyte.gz is damaged"):
        read_idx(file, axes=3)
    file.write_bytes(gzip.compress(gzip.decompress(whole)[:-1]))
    with pytest.raises(ValueError, match=r"must hold 576 bytes of data. Received: 575"):
        read_idx(file, axes=3)
    write_idx(file, np.arange(9), compress=True)
    with pytest.raises(ValueError, match="not an IDX file of unsigned bytes with 3 axes"):
        read_idx(file, axes=3)
    file.write_bytes(b"GIF89a")
    with pytest.raises(ValueError, match="not an IDX file"):
        read_idx(file, axes=3)


def test_a_file_may_be_gzipped_or_not_under_either_name(tmp_path, digit_images):
    """Browsers unpack a download and keep its name."""
    for compress, ending in ((False, ".gz"), (True, "")):
        folder = tmp_path / str(compress)
        folder.mkdir()
        arrays = digit_images[:30], np.arange(30), digit_images[30:40], np.arange(10)
        for stem, array in zip(FILES, arrays, strict=True):
            write_idx(folder / (stem + ending), array, compress=compress)
        assert read_idx(folder / (FILES[0] + ending), axes=3).shape == (30, 8, 8)
        dataset = load_dataset("mnist", data_dir=folder)
        np.testing.assert_array_equal(dataset.images[..., 0], digit_images[:40])


def test_a_label_for_each_image(mnist_dir):
    for file in mnist_dir.glob("t10k-labels*"):
        write_idx(file, np.arange(19), compress=file.suffix == ".gz")
    with pytest.raises(ValueError, match="a label for each image"):
        load_dataset("mnist", data_dir=mnist_dir)


@pytest.mark.data
@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_the_original_files(name, kvae_data):
    dataset = load_dataset(name, data_dir=kvae_data)
    assert dataset.image_shape == (28, 28, 1)
    assert dataset.provenance["counts"] == {"train": 55_000, "validation": 5_000, "test": 10_000}
    assert dataset.indices("test").min() == 60_000
    assert set(dataset.labels) == set(range(10))


def test_the_size_is_checked_before_the_file_is_unpacked(tmp_path, monkeypatch):
    file = tmp_path / "train-images-idx3-ubyte.gz"
    write_idx(file, np.zeros((400, 40, 40), np.uint8), compress=True)
    monkeypatch.setattr(limits, "MAX_BYTES", 100_000)
    with pytest.raises(ValueError, match=r"idx3-ubyte\.gz expands from [\d,]+ to 640,000 bytes"):
        read_idx(file, axes=3)


def test_a_small_file_of_many_tiny_images_is_refused(tmp_path):
    file = tmp_path / "train-images-idx3-ubyte.gz"
    write_idx(file, np.zeros((800_000, 1, 1), np.uint8), compress=True)
    with pytest.raises(
        ValueError, match=r"ubyte\.gz must hold at most 262,144 images.*: 800,000\. Unpack"
    ):
        read_idx(file, axes=3)


def test_labels_in_order_are_read_however_well_they_pack(tmp_path):
    file = tmp_path / "train-labels-idx1-ubyte.gz"
    write_idx(file, np.repeat(np.arange(10, dtype=np.uint8), 30_000), compress=True)
    assert len(read_idx(file, axes=1)) == 300_000


def test_a_file_without_data_is_named_however_large_its_axes(tmp_path):
    file = tmp_path / "train-images-idx3-ubyte"
    file.write_bytes(bytes([0, 0, 8, 3]) + np.array([2**32 - 256, 0, 2**32 - 256], ">u4").tobytes())
    with pytest.raises(ValueError, match=r"idx3-ubyte must hold data\. Received: \[4294967040, 0,"):
        read_idx(file, axes=3)


def test_bytes_after_the_stated_ones_are_not_unpacked(tmp_path, digit_images):
    file = tmp_path / "train-images-idx3-ubyte.gz"
    write_idx(file, digit_images[:9], compress=True)
    file.write_bytes(gzip.compress(gzip.decompress(file.read_bytes()) + bytes(9)))
    with pytest.raises(ValueError, match=r"must hold 576 bytes of data. Received: more"):
        read_idx(file, axes=3)


def test_a_web_page_is_called_that(tmp_path):
    file = tmp_path / "train-images-idx3-ubyte.gz"
    file.write_bytes(b"<!DOCTYPE html><html>")
    with pytest.raises(ValueError, match=r"is not an IDX file .*: it is a web page"):
        read_idx(file, axes=3)


def test_what_is_packed_is_unpacked_up_to_a_limit(tmp_path, digit_images, monkeypatch):
    for name, packed in (("packed", True), ("plain", False)):
        write_idx(tmp_path / name, digit_images[:60], compress=packed)
    monkeypatch.setattr(limits, "MAX_BYTES", 1_000)
    with pytest.raises(ValueError, match=r"packed expands from [\d,]+ to 3,840 bytes"):
        read_idx(tmp_path / "packed", axes=3)
    assert len(read_idx(tmp_path / "plain", axes=3)) == 60
