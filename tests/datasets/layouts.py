"""Writes digits in the layouts in which the real data sets are distributed."""

import gzip
import io
import pickle
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from keras_vae.datasets.idx import FILES
from tests.encoding import encoded

ATTRIBUTES = ("Smiling", "Eyeglasses", "Male")


def jpeg(pixels, size=(178, 218)):
    """An aligned photo of a digit: its pixels, scaled up and encoded."""
    return encoded(Image.fromarray(pixels).resize(size).convert("RGB"), "JPEG", quality=92)


class Faces:
    """Twelve 'faces' and lists that name three more than there are."""

    def __init__(self, images):
        self.names = [f"{number:06d}.jpg" for number in range(1, 16)]
        self.photos = {name: jpeg(images[i]) for i, name in enumerate(self.names[:12])}
        self.partition = np.array([0] * 9 + [1] * 4 + [2] * 2)
        rng = np.random.default_rng(0)
        self.attributes = rng.choice([-1, 1], (15, len(ATTRIBUTES)))

    def write_lists(self, folder, comma=False):
        """Write both lists, with CelebA's blanks or with Kaggle's commas."""
        folder.mkdir(parents=True, exist_ok=True)
        if comma:
            heads = ["image_id," + ",".join(ATTRIBUTES) + "\n", "image_id,partition\n"]
            blank, ending, suffix = ",", "\n", ".csv"
        else:
            heads = ["15\r\n" + " ".join(ATTRIBUTES) + " \r\n", ""]
            blank, ending, suffix = " ", "\r\n", ".txt"
        for stem, head, table in (
            ("list_attr_celeba", heads[0], self.attributes),
            ("list_eval_partition", heads[1], self.partition[:, None]),
        ):
            rows = [
                name + blank + blank.join(f"{value:{'' if comma else '2'}d}" for value in row)
                for name, row in zip(self.names, table, strict=True)
            ]
            text = head + "".join(row + ending for row in rows)
            (folder / (stem + suffix)).write_text(text, newline="")

    def write_zip(self, folder):
        """Write the photos as CelebA's zip."""
        with zipfile.ZipFile(folder / "img_align_celeba.zip", "w") as archive:
            archive.writestr("img_align_celeba/", b"")
            for name, content in self.photos.items():
                archive.writestr(f"img_align_celeba/{name}", content)

    def write_folder(self, folder):
        """Write the photos as files."""
        folder.mkdir(parents=True)
        for name, content in self.photos.items():
            (folder / name).write_bytes(content)


def write_idx(file: Path, array: np.ndarray, compress: bool) -> None:
    head = bytes([0, 0, 8, array.ndim]) + b"".join(side.to_bytes(4, "big") for side in array.shape)
    content = head + array.astype(np.uint8).tobytes()
    file.write_bytes(gzip.compress(content) if compress else content)


def write_mnist(folder: Path, images: np.ndarray) -> None:
    """Write sixty training and twenty test digits as MNIST's four files."""
    folder.mkdir()
    arrays = images[:60], np.arange(60), images[60:80], np.arange(60, 80)
    for stem, array in zip(FILES, arrays, strict=True):
        write_idx(folder / stem, array, compress=False)


LABELS = ["airplane", "automobile", "bird", "cat"]


def planes(images):
    """Rows of red, green and blue, as CIFAR stores images."""
    return images.transpose(0, 3, 1, 2).reshape(len(images), -1)


def python_version(images, labels, coarse):
    """The files of both sets in the version for Python: five training batches and a test batch."""
    batches = [
        {b"data": planes(some), b"labels": list(map(int, part)), b"filenames": names}
        for some, part, names in zip(
            np.array_split(images, 6),
            np.array_split(labels, 6),
            np.array_split([f"{n}.png".encode() for n in range(len(images))], 6),
            strict=True,
        )
    ]
    for batch in batches:
        batch[b"filenames"] = list(map(bytes, batch[b"filenames"]))
    if coarse:
        for batch in batches:
            batch[b"fine_labels"] = batch.pop(b"labels")
        files = {"train": batches[0], "test": batches[5], "meta": {b"fine_label_names": LABELS}}
    else:
        files = {f"data_batch_{number}": batches[number - 1] for number in range(1, 6)}
        files |= {"test_batch": batches[5], "batches.meta": {b"label_names": LABELS}}
    return {name: pickle.dumps(value, 2) for name, value in files.items()}


def binary_version(images, labels, coarse):
    """The same in the binary version."""
    head = [np.full(len(images), 19), labels] if coarse else [labels]
    records = np.column_stack([*head, planes(images)]).astype(np.uint8)
    parts = [part.tobytes() for part in np.array_split(records, 6)]
    names = "\n".join(LABELS).encode() + b"\n\n"
    if coarse:
        return {"train.bin": parts[0], "test.bin": parts[5], "fine_label_names.txt": names}
    files = {f"data_batch_{number}.bin": parts[number - 1] for number in range(1, 6)}
    return {**files, "test_batch.bin": parts[5], "batches.meta.txt": names}


CIFAR = {
    ("cifar10", "python"): (python_version, "cifar-10-python.tar.gz", "cifar-10-batches-py"),
    ("cifar10", "binary"): (binary_version, "cifar-10-binary.tar.gz", "cifar-10-batches-bin"),
    ("cifar100", "python"): (python_version, "cifar-100-python.tar.gz", "cifar-100-python"),
    ("cifar100", "binary"): (binary_version, "cifar-100-binary.tar.gz", "cifar-100-binary"),
}


def write_cifar(folder: Path, name: str, version: str, images: np.ndarray) -> None:
    """Write 36 images as one of CIFAR's archives."""
    write, archive, inside = CIFAR[name, version]
    with tarfile.open(folder / archive, "w:gz") as opened:
        for file, content in write(images, np.arange(36) % 4, name == "cifar100").items():
            member = tarfile.TarInfo(f"{inside}/{file}")
            member.size = len(content)
            opened.addfile(member, io.BytesIO(content))


def write_omniglot(folder: Path) -> None:
    """Write a drawing of each of four characters of two alphabets."""
    for part, alphabet in (("background", "Greek"), ("evaluation", "Angelic")):
        for character in ("character01", "character02"):
            place = folder / f"images_{part}" / alphabet / character
            place.mkdir(parents=True)
            drawing = Image.linear_gradient("L").resize((105, 105)).convert("1")
            drawing.save(place / "0001_01.png")
