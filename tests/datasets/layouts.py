"""Writes digits in the layouts in which the real data sets are distributed."""

import gzip
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
