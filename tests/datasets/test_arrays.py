import numpy as np
import pytest

from keras_vae.datasets import load_dataset
from keras_vae.datasets.arrays import read
from keras_vae.datasets.decoding import open_payload
from keras_vae.datasets.loading import open_source
from keras_vae.files import limits


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
        (
            {"pictures": np.zeros((4, 8, 8), np.uint8), "more": np.zeros(4)},
            "an array `images`, .* Received: pictures, more",
        ),
        (
            {"pictures": np.zeros(4), "line\x1cbreak": np.zeros(4)},
            "Received: pictures, line\N{REPLACEMENT CHARACTER}break",
        ),
        ({"images": np.full((4, 8, 8), "a")}, "must be numbers .* Received: <U1"),
        ({"images": np.zeros((4, 8, 8), complex)}, "must be numbers .* Received: complex128"),
        ({"images": np.zeros((4, 64), np.uint8)}, r"numbers .* Received: uint8 \[4, 64\]"),
        ({"images": np.zeros((4, 8, 8, 4), np.uint8)}, r"Received: uint8 \[4, 8, 8, 4\]"),
        ({"images": np.zeros((0, 8, 8), np.uint8)}, "at least one image"),
        (
            {"partition": np.zeros(3, int)},
            r"`partition` .* of the 4 images.*int64 \[3\]",
        ),
        ({"partition": np.full(4, 3)}, "`partition` .* 0 .train., 1 .validation., 2 .test."),
        ({"attributes": np.full((4, 2), 5)}, "`attributes` .* must be"),
        ({"labels": np.zeros(4)}, "`labels` .* whole numbers"),
        (
            {"labels": np.arange(4), "label_names": ["a", "b"]},
            r"`label_names` .* a name for each of the labels 0 … 3. Received: \[2\]",
        ),
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


LAYOUTS = {
    "keras": {"x_train": "train", "y_train": "train", "x_test": "test", "y_test": "test"},
    "numbers": {"arr_0": "all", "arr_1": "all"},
    "tfds": {"image": "all", "label": "all"},
    "capital": {"X": "all", "Y": "all"},
    "words": {"train_images": "train", "train_labels": "train", "test_images": "test"},
    "alone": {"faces_of_mine": "all"},
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_names_of_keras_numpy_and_tfds_are_known(layout, colours, tmp_path):
    rows = {"train": slice(0, 30), "test": slice(30, 40), "all": slice(0, 40)}
    labels = np.arange(40)[:, None]  # as CIFAR-10's have them
    arrays = {
        name: (labels if "y" in name.lower() or "label" in name or name == "arr_1" else colours)[
            rows[part]
        ]
        for name, part in LAYOUTS[layout].items()
    }
    np.savez(tmp_path / "mine.npz", **arrays, extra=np.zeros(3))
    dataset = load_dataset(tmp_path / "mine.npz") if layout != "alone" else None
    if layout == "alone":
        np.savez(tmp_path / "mine.npz", **arrays)
        dataset = load_dataset(tmp_path / "mine.npz")
    np.testing.assert_array_equal(dataset.images, colours)
    has_labels = layout not in ("alone", "words")
    assert (dataset.labels is not None) == has_labels
    if has_labels:
        np.testing.assert_array_equal(dataset.labels, labels[:, 0])
    if layout in ("keras", "words"):
        assert dataset.provenance["counts"] == {"train": 27, "validation": 3, "test": 10}
    if layout != "alone":
        left_out = dataset.provenance["account"]["left_out"]["not used"]
        assert left_out == ([1, ["extra"]] if layout != "words" else [2, ["extra", "train_labels"]])


@pytest.mark.parametrize(
    ("images", "idle"),
    [
        ("images", ["attribute_names", "label_names"]),
        ("x_train", ["attribute_names", "label_names", "partition"]),
    ],
)
def test_what_describes_nothing_is_accounted_for(images, idle, colours, tmp_path):
    known = {"partition": np.arange(40) % 3, "label_names": ["a"], "attribute_names": ["b"]}
    np.savez(tmp_path / "mine.npz", **{images: colours}, **known)
    left_out = load_dataset(tmp_path / "mine.npz").provenance["account"]["left_out"]
    assert left_out == {"not used": [len(idle), idle]}


def test_an_npy_file_will_do(colours, tmp_path):
    np.save(tmp_path / "mine.npy", colours)
    np.testing.assert_array_equal(load_dataset(tmp_path / "mine.npy").images, colours)


def test_channels_first_are_moved(colours, tmp_path):
    np.save(tmp_path / "mine.npy", np.moveaxis(colours, -1, 1).copy())
    np.testing.assert_array_equal(load_dataset(tmp_path / "mine.npy").images, colours)
    np.save(tmp_path / "grey.npy", colours[:, None, :, :, 0].copy())
    np.testing.assert_array_equal(load_dataset(tmp_path / "grey.npy").images, colours[..., :1])


@pytest.mark.parametrize(
    ("convert", "note"),
    [
        (lambda images: images / 255, "pixels of 0 … 1 (float64)"),
        (lambda images: (images / 127.5 - 1).astype(np.float32), "pixels of −1 … 1 (float32)"),
        (lambda images: images.astype(np.float16), ""),
        (lambda images: images.astype(np.int64), ""),
        (lambda images: images.astype(">u2") << 8, "pixels of 0 … 65535 (uint16)"),
    ],
)
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_other_numbers_are_converted_by_the_range_of_all_images(
    convert, note, save, colours, tmp_path
):
    colours[0] //= 250  # by itself this image would have another range
    save(tmp_path / "mine.npz", images=convert(colours))
    dataset = load_dataset(tmp_path / "mine.npz")
    np.testing.assert_array_equal(dataset.images, colours)
    notes = dataset.provenance["account"]["notes"]
    assert notes == ([f"{note} were converted to 0 … 255"] if note else [])


def test_a_mask_of_booleans_is_black_and_white(tmp_path):
    masks = np.random.default_rng(0).random((20, 8, 8)) > 0.5
    np.save(tmp_path / "mine.npy", masks)
    np.testing.assert_array_equal(load_dataset(tmp_path / "mine.npy").images[..., 0], masks * 255)


def test_an_image_with_nan_is_left_out_and_more_are_refused(colours, tmp_path):
    images = colours / 255
    images[7, 0, 0, 0] = np.nan
    np.save(tmp_path / "mine.npy", images)
    dataset = load_dataset(tmp_path / "mine.npy")
    np.testing.assert_array_equal(dataset.images, np.delete(colours, 7, axis=0))
    images[:9, 0, 0, 0] = np.inf
    np.save(tmp_path / "mine.npy", images)
    with pytest.raises(ValueError, match=r"may be damaged.*image 1: it holds values that are NaN"):
        load_dataset(tmp_path / "mine.npy")


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.full((4, 8, 8), 3000.5), "`images` must be uint8.* to 3000.5; divide by the largest"),
        (np.ones((4, 8, 8), np.uint8), "must differ from a single colour.*0 … 1 in uint8"),
        (np.eye(8, dtype=np.uint8)[None], "must differ from a single colour.*0 to 1"),
    ],
)
def test_values_that_show_nothing_are_refused(images, message, tmp_path):
    np.savez(tmp_path / "mine.npz", images=images)
    with pytest.raises(ValueError, match=message):
        load_dataset(tmp_path / "mine.npz")


def test_a_pickle_is_not_loaded(tmp_path):
    np.save(tmp_path / "mine.npy", np.array([{"image": 1}], object))
    with pytest.raises(ValueError, match=r"must be numbers .* Received: object \[1\]"):
        load_dataset(tmp_path / "mine.npy")


@pytest.mark.parametrize("name", ["mine.npz", "mine.npy"])
def test_other_files_are_called_what_they_are(name, tmp_path):
    (tmp_path / name).write_bytes(b"<!DOCTYPE html>")
    with pytest.raises(ValueError, match=r"mine\.np. is damaged, .*: it is a web page"):
        load_dataset(tmp_path / name)


def test_arrays_that_expand_like_no_images_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_BYTES", 100_000)
    np.savez_compressed(tmp_path / "mine.npz", images=np.zeros((400, 40, 40), np.uint8))
    with pytest.raises(ValueError, match=r"`images` of .*mine\.npz expands from .* 640,128 bytes"):
        load_dataset(tmp_path / "mine.npz")
    arrays = {"images": np.eye(8)[None] * 255, "labels": np.zeros(20_000, int)}
    np.savez_compressed(tmp_path / "mine.npz", **arrays)
    with pytest.raises(ValueError, match=r"`labels` of .*mine\.npz expands from"):
        load_dataset(tmp_path / "mine.npz")


@pytest.mark.parametrize(
    ("name", "array", "what"),
    [
        ("images", np.tile(np.array([0, 255], np.uint8), 400_000)[:, None, None], "images"),
        ("attributes", np.ones((1, 800_000), np.int8), "attributes"),
        ("attribute_names", np.full(800_000, "a"), "names"),
        ("label_names", np.full(800_000, "a"), "names"),
    ],
)
def test_a_small_file_of_many_tiny_things_is_refused(name, array, what, tmp_path):
    arrays = {"images": np.eye(8)[None] * 255, "labels": [0], "attributes": [[1]], name: array}
    np.savez_compressed(tmp_path / "mine.npz", **arrays)
    reason = rf"`{name}` of .*mine\.npz must hold at most 262,144 {what}, or \d for .*: 800,000\."
    with pytest.raises(ValueError, match=f"{reason} If you trust it, write .* np.savez"):
        load_dataset(tmp_path / "mine.npz")


def test_compressed_masks_are_read(tmp_path):
    """They expand more than 250 times."""
    rows, columns = np.mgrid[:512, :512] - 256
    masks = 255 * (rows**2 + columns**2 < np.arange(300)[:, None, None]).astype(np.uint8)
    np.savez_compressed(tmp_path / "masks.npz", images=masks)
    assert masks.nbytes > 250 * (tmp_path / "masks.npz").stat().st_size
    assert read(tmp_path / "masks.npz").count == 300


def test_images_that_are_nearly_empty_are_read(tmp_path):
    """Half a byte is an image."""
    dots = np.zeros((400_000, 64), np.uint8)
    dots[np.arange(0, 400_000, 5), np.random.default_rng(0).integers(0, 64, 80_000)] = 255
    np.savez_compressed(tmp_path / "dots.npz", images=dots.reshape(-1, 8, 8))
    assert (tmp_path / "dots.npz").stat().st_size < 400_000
    assert read(tmp_path / "dots.npz").count == 400_000


def test_wrong_attributes_are_a_short_error(tmp_path):
    attributes = np.arange(10_000)[None] / 7
    np.savez(tmp_path / "mine.npz", images=np.eye(8)[None] * 255, attributes=attributes)
    with pytest.raises(ValueError, match=r"must be 1 and 0, or 1 and −1\.") as refused:
        load_dataset(tmp_path / "mine.npz")
    assert len(str(refused.value)) < 1_000


def test_images_of_too_many_pixels_are_refused_by_their_header(tmp_path):
    file = tmp_path / "mine.npy"
    with file.open("wb") as stream:
        header = {"descr": "|u1", "fortran_order": False, "shape": (1, 20_000, 20_000)}
        np.lib.format.write_array_header_1_0(stream, header)
    with pytest.raises(ValueError, match="`images` ends too early"):
        load_dataset(file)
    with file.open("ab") as stream:
        stream.truncate(stream.tell() + 20_000**2)  # a hole, which takes no disk
    with pytest.raises(ValueError, match=r"too large: 20000×20000 .* `max_pixels=100000000`"):
        load_dataset(file)
    with file.open("wb") as stream:
        header["shape"] = (1, 40_000, 40_000)
        np.lib.format.write_array_header_1_0(stream, header)
        stream.truncate(stream.tell() + 40_000**2)
    with pytest.raises(ValueError, match=r"An image of `images` of .* to 1,600,000,000 bytes"):
        load_dataset(file, max_pixels=10**10)


@pytest.mark.parametrize("ending", ["npy", "csv"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_the_limit_of_pixels_holds_for_arrays(ending, dtype, colours, tmp_path):
    images = colours[:, :10, :, 0].astype(dtype)
    file = tmp_path / f"mine.{ending}"
    if ending == "npy":
        np.save(file, images)
    else:
        np.savetxt(file, images.reshape(len(images), -1), delimiter=",")
    pixels = images[0].size
    assert len(load_dataset(file, max_pixels=pixels).images) == len(images)
    reason = rf"too large: .* = {pixels} pixels are more than `max_pixels={pixels - 1}`"
    for size in (None, (4, 4)):
        with pytest.raises(ValueError, match=reason):
            load_dataset(file, image_size=size, max_pixels=pixels - 1)
    (payload, *_) = open_source(file, max_pixels=pixels - 1).payloads()
    with pytest.raises(ValueError, match=reason):
        open_payload(payload, pixels - 1)


def test_gray_arrays_are_opened_as_photos_are(colours, tmp_path):
    np.save(tmp_path / "grey.npy", colours[..., :1])
    for image, payload in zip(colours, open_source(tmp_path / "grey.npy").payloads(), strict=True):
        photo = open_payload(payload)
        assert photo.mode == "RGB"
        np.testing.assert_array_equal(photo, np.repeat(image[..., :1], 3, axis=-1))


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


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        ({"labels": np.array([2**63, 1], np.uint64)}, r"`labels` of .* Received: uint64 \[2\]"),
        ({"attributes": np.ones((2, 1), int), "attribute_names": "a"}, r"1 names. Received: \[\]"),
    ],
)
def test_what_is_known_is_refused_by_name(known, reason, tmp_path):
    np.savez(tmp_path / "a.npz", images=np.zeros((2, 4, 4), np.uint8), **known)
    with pytest.raises(ValueError, match=reason):
        load_dataset(tmp_path / "a.npz")


def test_a_set_without_images_is_named_whatever_is_known(tmp_path):
    images = np.zeros((0, 4, 4), np.uint8)
    np.savez(tmp_path / "a.npz", images=images, labels=np.zeros(0, int), label_names=["a"])
    with pytest.raises(ValueError, match="must hold at least one image"):
        load_dataset(tmp_path / "a.npz")


def test_a_negative_shape_is_refused(tmp_path):
    file = tmp_path / "a.npy"
    np.save(file, np.zeros((10, 10, 10), np.uint8))
    file.write_bytes(file.read_bytes().replace(b"(10, 10, 10)", b"(-1, -1, -1)"))
    with pytest.raises(ValueError, match=r"Received: uint8 \[-1, -1, -1\]"):
        load_dataset(file)
