import numpy as np
import pytest

from keras_vae.datasets import load_dataset


@pytest.fixture
def colours():
    return np.random.default_rng(0).integers(0, 256, (40, 12, 10, 3), np.uint8)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_everything_that_is_known_comes_along(save, colours, tmp_path):
    partition = np.arange(40) % 3
    attributes = np.where(np.arange(80).reshape(40, 2) % 3, 1, -1)
    file = tmp_path / "celeba-small.npz"
    save(
        file,
        images=colours,
        partition=partition,
        attributes=attributes,
        attribute_names=["Smiling", "Bald"],
        labels=np.arange(40),
    )
    for data_dir in (file, tmp_path):
        dataset = load_dataset("celeba", data_dir=data_dir)
        assert dataset.name == "celeba"
        np.testing.assert_array_equal(dataset.images, colours)
        np.testing.assert_array_equal(dataset.partition, partition)
        np.testing.assert_array_equal(dataset.attributes, attributes)
        np.testing.assert_array_equal(dataset.labels, np.arange(40))
        assert dataset.attribute_names == ("Smiling", "Bald")


def test_images_alone_are_enough(colours, tmp_path):
    np.savez(tmp_path / "mine.npz", images=colours[..., 0])
    dataset = load_dataset(str(tmp_path / "mine.npz"))
    assert dataset.name == "mine"
    assert dataset.image_shape == (12, 10, 1)
    assert dataset.attributes is None
    assert dataset.labels is None
    assert dataset.provenance["counts"] == {"train": 32, "validation": 4, "test": 4}
    assert dataset.provenance["split"].startswith("random")


def test_a_partition_without_test_images_is_official(colours, tmp_path):
    np.savez(tmp_path / "mine.npz", images=colours, partition=np.arange(40) % 2)
    dataset = load_dataset(tmp_path / "mine.npz")
    assert dataset.provenance["counts"] == {"train": 20, "validation": 20, "test": 0}


def test_flags_become_signs(colours, tmp_path):
    np.savez(tmp_path / "mine.npz", images=colours, attributes=np.eye(40, 3, dtype=bool))
    dataset = load_dataset(tmp_path / "mine.npz")
    np.testing.assert_array_equal(dataset.attributes, 2 * np.eye(40, 3) - 1)
    assert len(dataset.attribute_names) == 3


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"pictures": np.zeros((4, 8, 8), np.uint8)}, "an array `images`. Received: pictures"),
        ({"images": np.zeros((4, 8, 8), np.float32)}, "must be uint8 .* Received: float32"),
        ({"images": np.zeros((4, 8, 8, 4), np.uint8)}, r"Received: uint8 \[4, 8, 8, 4\]"),
        ({"images": np.zeros((4, 8), np.uint8)}, r"Received: uint8 \[4, 8\]"),
        ({"images": np.zeros((0, 8, 8), np.uint8)}, "at least one image"),
        (
            {"partition": np.zeros(3, int)},
            r"`partition` .* of the 4 images.*int64 \[3\]",
        ),
        ({"partition": np.full(4, 3)}, "`partition` .* 0 .train., 1 .validation., 2 .test."),
        ({"attributes": np.full((4, 2), 5)}, "`attributes` .* must be"),
        ({"labels": np.zeros(4)}, "`labels` .* whole numbers"),
        (
            {"attributes": np.ones((4, 2)), "attribute_names": ["one"]},
            "`attribute_names` .* must be 2",
        ),
        (
            {"attributes": np.ones((4, 1)), "attribute_names": np.array(["one"], object)},
            r"`attribute_names` of .*wrong\.npz must be .*np\.asarray\(attribute_names, str\)",
        ),
        (
            {"labels": np.array([1, 2, 3, None], object)},
            r"`labels` of .*wrong\.npz must be .*np\.asarray\(labels, int\)",
        ),
    ],
)
def test_wrong_arrays_are_named(arrays, message, tmp_path):
    whole = {"images": np.zeros((4, 8, 8), np.uint8)} if "pictures" not in arrays else {}
    np.savez(tmp_path / "wrong.npz", **{**whole, **arrays})
    with pytest.raises(ValueError, match=message):
        load_dataset(tmp_path / "wrong.npz")


def test_a_damaged_file_is_named(colours, tmp_path):
    file = tmp_path / "cut.npz"
    np.savez(file, images=colours)
    content = bytearray(file.read_bytes())
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=r"cut\.npz is damaged, or is not an \.npz file"):
        load_dataset(file)
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"cut\.npz is damaged"):
        load_dataset(file)
