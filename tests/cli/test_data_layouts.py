"""`kvae data prepare` on a small set in every layout that is read."""

import shutil
import zipfile

import numpy as np
import pytest
import scipy.io
from click.testing import CliRunner
from PIL import Image

from keras_vae.cli.data import data
from tests.datasets.layouts import Faces, write_cifar, write_mnist, write_omniglot

COLOURS = np.random.default_rng(0).integers(0, 256, (36, 32, 32, 3), np.uint8)
GREY = COLOURS[..., 0]


def celeba(kind):
    def write(place):
        faces = Faces(GREY)
        faces.write_lists(place, comma=kind != "zip")
        if kind == "zip":
            faces.write_zip(place)
        else:
            faces.write_folder(place / "img_align_celeba" / "img_align_celeba")
        if kind == "archive":
            files = sorted(place.rglob("*.*"))
            with zipfile.ZipFile(place / "archive.zip", "w") as opened:
                for file in files:
                    opened.write(file, file.relative_to(place))
            return [place / "archive.zip"]
        return ["celeba", "--data-dir", place]

    return write


def cifar(name, version):
    def write(place):
        write_cifar(place, name, version, COLOURS)
        return [name, "--data-dir", place]

    return write


def arrays(name, save, **named):
    def write(place):
        save(place / name, **named) if named else save(place / name, COLOURS)
        return [place / name]

    return write


def mnist(place):
    write_mnist(place / "mnist", np.concatenate([GREY] * 3))
    return ["mnist", "--data-dir", place]


def kmnist(place):
    for split, part in (("train", slice(0, 30)), ("test", slice(30, 36))):
        np.savez(place / f"kmnist-{split}-imgs.npz", GREY[part, :28, :28])
        np.savez(place / f"kmnist-{split}-labels.npz", np.arange(36, dtype=np.uint8)[part])
    return ["kmnist", "--data-dir", place]


def svhn(place):
    for split, part in (("train", slice(0, 30)), ("test", slice(30, 36))):
        images, labels = np.moveaxis(COLOURS[part], 0, 3), np.ones((len(COLOURS[part]), 1))
        scipy.io.savemat(place / f"{split}_32x32.mat", {"X": images, "y": labels})
    return ["svhn", "--data-dir", place]


def omniglot(place):
    write_omniglot(place)
    (place / "images_background" / "notes.txt").touch()
    return ["omniglot", "--data-dir", place]


def frey(place):
    scipy.io.savemat(place / "frey_rawface.mat", {"ff": GREY[:, :28, :20].reshape(36, 560).T})
    return ["frey", "--data-dir", place]


def table(place):
    rows = ["label," + ",".join(f"pixel{number}" for number in range(64))]
    rows += [",".join(map(str, [0, *image[:8, :8].ravel()])) for image in GREY]
    (place / "pixels.csv").write_text("\n".join(rows))
    return [place / "pixels.csv"]


def photos_of(packed):
    def write(place):
        for number, image in enumerate(COLOURS):
            folder = place / "set" / ("train", "val", "test")[number % 3] / "ab"[number % 2]
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(folder / f"{number}.png")
        (place / "set" / "notes.txt").touch()
        (place / "set" / "val" / "a" / "4.png").write_bytes(b"")
        if not packed:
            return [place / "set"]
        return [shutil.make_archive(place / "packed", "zip", place / "set")]

    return write


TWELVE = ("12 images", "12 .jpg", "3 named by the lists, but not there")
ALL = ("36 images", "all", "nothing")
BROKEN = (
    "1 .txt: no image (notes.txt); 1 damaged (val/a/4.png: not an image that can be read: it is"
)


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        pytest.param(celeba("zip"), TWELVE, id="celeba, zip"),
        pytest.param(celeba("folder"), TWELVE, id="celeba, Kaggle's folder"),
        pytest.param(celeba("archive"), TWELVE, id="celeba, Kaggle's archive"),
        pytest.param(mnist, ("80 images", "all", "nothing"), id="mnist"),
        pytest.param(kmnist, ALL, id="kmnist"),
        pytest.param(cifar("cifar10", "python"), ALL, id="cifar10, python"),
        pytest.param(cifar("cifar10", "binary"), ALL, id="cifar10, binary"),
        pytest.param(cifar("cifar100", "python"), ("12 images", *ALL[1:]), id="cifar100, python"),
        pytest.param(svhn, ALL, id="svhn"),
        pytest.param(omniglot, ("4 images", "4 .png", "1 .txt: no image (notes"), id="omniglot"),
        pytest.param(frey, ALL, id="frey"),
        pytest.param(lambda _: ["digits"], ("1,797 images", *ALL[1:]), id="digits"),
        pytest.param(table, ("36 images", "36 lines", "nothing"), id="csv"),
        pytest.param(
            arrays("a.npz", np.savez, images=COLOURS, other=np.zeros(2)),
            ("36 images", "36 `images`", "1 not used (other)"),
            id="npz",
        ),
        pytest.param(
            arrays("keras.npz", np.savez, x_train=GREY[:30], x_test=GREY[30:] / 255),
            ("36 images", "30 `x_train`, 6 `x_test`", "nothing"),
            id="npz, Keras's",
        ),
        pytest.param(arrays("a.npy", np.save), ("36 images", "36 `images`", "nothing"), id="npy"),
        pytest.param(photos_of(packed=False), ("35 images", "35 .png", BROKEN), id="folder"),
        pytest.param(photos_of(packed=True), ("35 images", "35 .png", BROKEN), id="zip"),
    ],
)
def test_six_lines_say_what_was_taken_and_left_out_of_every_layout(
    write, expected, tmp_path, monkeypatch
):
    monkeypatch.setenv("KVAE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "files").mkdir()
    words = ["prepare", *map(str, write(tmp_path / "files"))]
    lines = CliRunner().invoke(data, words, catch_exceptions=False).output.splitlines()
    heads = ["", "  from      ", "  taken     ", "  left out  ", "  split     ", "  prepared  "]
    assert len(lines) == 6
    images, taken, left_out = expected
    assert f": {images} " in lines[0]
    assert all(line.startswith(head) for line, head in zip(lines, heads, strict=True))
    assert lines[2].startswith(f"  taken     {taken}")
    assert lines[3].startswith(f"  left out  {left_out}")
