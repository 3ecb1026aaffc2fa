"""CIFAR, SVHN, Omniglot and KMNIST in the layouts in which they are distributed."""

import gzip
import io
import pickle
import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image

from keras_vae.datasets import load_dataset
from keras_vae.datasets.loading import open_source
from keras_vae.files import limits
from tests.datasets.layouts import CIFAR, LABELS, binary_version, python_version, write_mnist

RNG = np.random.default_rng(0)


@pytest.fixture
def images():
    return RNG.integers(0, 256, (36, 32, 32, 3), np.uint8)


@pytest.mark.parametrize("layout", ["archive", "folder"])
@pytest.mark.parametrize(("name", "version"), CIFAR)
def test_cifar_is_read_as_distributed(name, version, layout, images, tmp_path):
    write, archive, folder = CIFAR[name, version]
    labels = np.arange(36) % 4
    files = write(images, labels, coarse=name == "cifar100")
    if layout == "archive":
        with tarfile.open(tmp_path / archive, "w:gz") as opened:
            for file, content in files.items():
                member = tarfile.TarInfo(f"{folder}/{file}")
                member.size = len(content)
                opened.addfile(member, io.BytesIO(content))
        places = [tmp_path, tmp_path / archive]
    else:
        (tmp_path / folder).mkdir()
        for file, content in files.items():
            (tmp_path / folder / file).write_bytes(content)
        places = [tmp_path, tmp_path / folder]
    kept = np.arange(36) if name == "cifar10" else np.r_[0:6, 30:36]
    for place in places:
        dataset = load_dataset(name, data_dir=place)
        np.testing.assert_array_equal(dataset.images, images[kept])
        np.testing.assert_array_equal(dataset.labels, labels[kept])
        assert dataset.label_names == tuple(LABELS)
        assert dataset.indices("test").tolist() == list(range(len(kept) - 6, len(kept)))
        if version == "python":
            assert dataset.names.tolist() == [f"{number}.png" for number in kept]
    by_path = load_dataset(places[1])
    assert by_path.provenance["dataset"] == name
    np.testing.assert_array_equal(by_path.images, images[kept])


def test_the_images_of_cifar_are_numbered_where_a_name_is_no_path(images, tmp_path):
    for file, content in python_version(images, np.arange(36) % 4, coarse=False).items():
        batch = pickle.loads(content)
        if file == "data_batch_2":
            batch[b"filenames"][0] = b"a" * (limits.MAX_NAME + 1)
        (tmp_path / file).write_bytes(pickle.dumps(batch, 2))
    assert load_dataset("cifar10", data_dir=tmp_path).names[6] == "image 6"


def doubled(times):
    """A list that holds the last one twice, so many times."""
    values = ["a"]
    for _ in range(times):
        values = [values, values]
    return values


@pytest.mark.parametrize("key", ["label_names", "filenames"])
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (doubled(60), "must be a list of texts"),
        ("cat", "must be a list of texts"),
        (["a" * 10_000] * 1_000, r"must have at most [\d,]+ letters, .* Received: 10,000,000\."),
    ],
)
def test_names_of_cifar_are_texts_no_longer_than_their_file(key, value, reason, images, tmp_path):
    file = "batches.meta" if key == "label_names" else "data_batch_1"
    for each, content in python_version(images, np.arange(36) % 4, coarse=False).items():
        if each == file:
            content = pickle.dumps({**pickle.loads(content), key.encode(): value}, 2)
        (tmp_path / each).write_bytes(content)
    with pytest.raises(ValueError, match=rf"`{key}` of {file} {reason}"):
        load_dataset("cifar10", data_dir=tmp_path)


@pytest.mark.parametrize("names", [None, tuple("abcdefgh")])
def test_names_of_cifar_may_be_a_tuple_or_none(names, images, tmp_path):
    for each, content in python_version(images, np.arange(36) % 4, coarse=False).items():
        if each == "data_batch_1":
            values = pickle.loads(content)
            value = names and names[: len(values[b"labels"])]
            content = pickle.dumps({**values, b"filenames": value}, 2)
        (tmp_path / each).write_bytes(content)
    assert len(load_dataset("cifar10", data_dir=tmp_path).images) == 36


def test_damage_to_cifar_is_named(images, tmp_path):
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    for file, content in binary_version(images, np.zeros(36), coarse=False).items():
        (folder / file).write_bytes(content[:-1] if file == "test_batch.bin" else content)
    with pytest.raises(ValueError, match=r"test_batch\.bin must hold records of 3073 bytes"):
        load_dataset("cifar10", data_dir=tmp_path)
    archive = tmp_path / "cifar-100-python.tar.gz"
    archive.write_bytes(b"\x1f\x8b no archive")
    with pytest.raises(ValueError, match=r"cifar-100-python\.tar\.gz is damaged"):
        load_dataset("cifar100", data_dir=tmp_path)
    with tarfile.open(archive, "w:gz"):
        pass
    with pytest.raises(ValueError, match=r"cifar-100-python\.tar\.gz must hold train\."):
        load_dataset("cifar100", data_dir=tmp_path)
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 2**30  # it would be read into memory
    archive.write_bytes(gzip.compress(header.tobuf(tarfile.USTAR_FORMAT) + bytes(2**16)))
    with pytest.raises(ValueError, match=r"cifar-100-python\.tar\.gz is damaged: [^\n]+$"):
        load_dataset("cifar100", data_dir=tmp_path)
    with pytest.raises(FileNotFoundError, match=r"must hold train_32x32\.mat, test_32x32\.mat"):
        load_dataset("svhn", data_dir=tmp_path)


@pytest.mark.parametrize("labels", [["a"] * 6, [2**70] * 6, 6, None])
def test_labels_of_cifar_are_whole_numbers(labels, images, tmp_path):
    files = python_version(images, np.arange(36), coarse=True)
    folder = tmp_path / "cifar-100-python"
    folder.mkdir()
    for file, content in files.items():
        (folder / file).write_bytes(content)
    values = pickle.loads(files["test"], encoding="bytes")
    key = next(each for each in values if each in ("fine_labels", b"fine_labels"))
    (folder / "test").write_bytes(pickle.dumps({**values, key: labels}))
    with pytest.raises(ValueError, match=r"test must hold `data`, uint8 .* a label for each"):
        load_dataset("cifar100", data_dir=tmp_path)


def test_svhn_is_read_as_distributed(images, tmp_path):
    from scipy.io import savemat

    labels = np.arange(36) % 10 + 1  # 10 is the digit 0
    for file, part in (("train_32x32.mat", slice(0, 30)), ("test_32x32.mat", slice(30, 36))):
        matrices = {"X": np.moveaxis(images[part], 0, 3), "y": labels[part, None].astype(np.uint8)}
        savemat(tmp_path / file, matrices)
    for dataset in (load_dataset("svhn", data_dir=tmp_path), load_dataset(tmp_path)):
        np.testing.assert_array_equal(dataset.images, images)
        assert dataset.labels.tolist() == [label % 10 for label in labels]
        assert dataset.count("test") == 6
        assert dataset.provenance["dataset"] == "svhn"
    savemat(tmp_path / "test_32x32.mat", {"X": images, "y": labels})
    with pytest.raises(ValueError, match=r"test_32x32\.mat must hold `X`, uint8 \[32, 32, 3, N\]"):
        load_dataset("svhn", data_dir=tmp_path)


@pytest.mark.parametrize("layout", ["zip", "folder"])
def test_omniglot_is_read_as_distributed(layout, tmp_path):
    drawings = {
        f"images_{part}/{alphabet}/character0{character}/{character}_{number}.png": np.where(
            RNG.random((105, 105)) < 0.5, 255, 0
        ).astype(np.uint8)
        for part, alphabet in (("background", "Greek"), ("evaluation", "Angelic"))
        for character in (1, 2)
        for number in range(5)
    }
    for part in ("background", "evaluation"):
        with zipfile.ZipFile(tmp_path / f"images_{part}.zip", "w") as archive:
            for name, drawing in drawings.items():
                if name.startswith(f"images_{part}"):
                    file = io.BytesIO()
                    Image.fromarray(drawing).convert("1").save(file, "png")
                    archive.writestr(name, file.getvalue())
        if layout == "folder":
            with zipfile.ZipFile(tmp_path / f"images_{part}.zip") as archive:
                archive.extractall(tmp_path)
            (tmp_path / f"images_{part}.zip").unlink()
    for dataset in (load_dataset("omniglot", data_dir=tmp_path), load_dataset(tmp_path)):
        assert dataset.image_shape == (105, 105, 1)
        assert dataset.names.tolist() == list(drawings)
        np.testing.assert_array_equal(dataset.images[..., 0], np.stack(list(drawings.values())))
        assert dataset.count("test") == 10
        names = [dataset.label_name(label) for label in dataset.labels]
        assert names == ["/".join(name.split("/")[1:3]) for name in drawings]
        assert dataset.provenance["dataset"] == "omniglot"
    if layout == "folder":  # another drawing is another set
        Image.new("1", (105, 105)).save(tmp_path / next(iter(drawings)))
        assert not load_dataset("omniglot", data_dir=tmp_path).images[0].any()


def test_kmnist_is_read_in_both_layouts(digit_images, tmp_path):
    write_mnist(tmp_path / "kmnist", digit_images)
    idx = load_dataset("kmnist", data_dir=tmp_path)
    assert idx.label_name(3) == "tsu"
    images = RNG.integers(0, 256, (8, 28, 28), np.uint8)
    for split, part in (("train", slice(0, 6)), ("test", slice(6, 8))):
        np.savez(tmp_path / f"kmnist-{split}-imgs.npz", images[part])
        np.savez(tmp_path / f"kmnist-{split}-labels.npz", np.arange(8, dtype=np.uint8)[part])
    dataset = load_dataset(tmp_path)
    np.testing.assert_array_equal(dataset.images[..., 0], images)
    assert dataset.labels.tolist() == list(range(8))
    assert dataset.count("test") == 2
    np.savez(tmp_path / "kmnist-test-labels.npz", np.arange(3, dtype=np.uint8))
    with pytest.raises(ValueError, match=r"a label for each image.*\[6, 2\], labels \[6, 3\]"):
        load_dataset("kmnist", data_dir=tmp_path)


def test_labels_have_names_from_every_source(tmp_path, digit_images):
    write_mnist(tmp_path / "fashion_mnist", digit_images)
    assert open_source("fashion_mnist", tmp_path).label_name(9) == "Ankle boot"
    assert load_dataset("fashion-mnist", data_dir=tmp_path).label_name(0) == "T-shirt/top"
    assert load_dataset("digits").label_name(7) == "7"


def test_what_expands_without_bound_is_refused(images, tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_BYTES", 1_000)
    archive = tmp_path / "cifar-10-binary.tar.gz"
    with tarfile.open(archive, "w:gz") as opened:
        files = binary_version(np.zeros_like(images), np.zeros(36), coarse=False)
        for file, content in files.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{file}")
            member.size = len(content)
            opened.addfile(member, io.BytesIO(content))
    with pytest.raises(ValueError, match=r"tar\.gz expands from \d+ to 110,628 bytes"):
        load_dataset(archive)
    with monkeypatch.context() as larger:
        larger.setattr(limits, "MAX_BYTES", 150_000)
        larger.setattr(limits, "MAX_EXPANSION", 1)
        with pytest.raises(ValueError, match=r"bin in .*tar\.gz expands from \d+ to 18,438 bytes"):
            load_dataset(archive)
    from scipy.io import savemat

    for file in ("train_32x32.mat", "test_32x32.mat"):
        matrices = {"X": np.zeros((32, 32, 3, 200), np.uint8), "y": np.zeros((200, 1), np.uint8)}
        savemat(tmp_path / file, matrices, do_compression=True)
    with pytest.raises(ValueError, match=r"_32x32\.mat .* expands to more than 1,000 bytes"):
        load_dataset("svhn", data_dir=tmp_path)
