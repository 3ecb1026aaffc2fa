"""Damaged files of every kind, at random from a seed: each is read, or refused in one line."""

import gzip
import io
import random
import time
import zipfile

import numpy as np
import pytest
from PIL import Image

from keras_vae.datasets import arrays, folder, idx, pixel_csv
from keras_vae.datasets.lists import attribute, read_list
from keras_vae.files.photos import open_photo
from tests.encoding import encode_deep_png, encoded

FILES = 250  # damaged files for each seed
SECONDS = 20  # of processor time that one file may take


def written(save, *arguments, **options):
    buffer = io.BytesIO()
    save(buffer, *arguments, **options)
    return buffer.getvalue()


def photos():
    grey = (6 * np.indices((24, 20)).sum(axis=0)).astype(np.uint8)
    colour = np.stack([grey, grey[::-1], 255 - grey], axis=-1)
    exif = Image.Exif()
    exif[274], exif[270] = 6, "a description"
    image, later = Image.fromarray(colour), Image.fromarray(255 - colour)
    yield from (encoded(image, kind, exif=exif) for kind in ("JPEG", "PNG", "WEBP"))
    yield from (encoded(image, kind) for kind in ("AVIF", "GIF", "BMP", "TIFF", "PPM"))
    yield from (encoded(image, "TIFF", compression=name) for name in ("tiff_lzw", "jpeg"))
    yield encoded(image, "GIF", save_all=True, append_images=[later])
    yield encoded(Image.fromarray(grey.astype(np.float32)), "TIFF")
    yield encoded(Image.fromarray(grey.astype(np.int32)), "TIFF", compression="tiff_deflate")
    yield encoded(Image.fromarray(grey.astype(np.uint16) << 8), "PNG")
    yield encode_deep_png(colour.astype(np.uint16) << 8)


def archives():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, photo in zip(range(3), photos(), strict=False):
            archive.writestr(f"a/{number}.jpg", photo)
        archive.writestr("list_attr.txt", "Smiling\n0 1\n1 0\n2 1\n")
    yield buffer.getvalue()


def array_files():
    images = np.arange(480, dtype=np.uint8).reshape(2, 12, 20)
    known = {"attributes": np.ones((2, 1), int), "partition": np.arange(2), "labels": np.arange(2)}
    for save in (np.savez, np.savez_compressed):
        yield written(save, images=images, attribute_names=["Smiling"], **known)
        yield written(save, x_train=images / 255, y_train=np.ones((2, 1), int), x_test=images)


def lists():
    yield b"3\nSmiling Bald \n1.jpg  1 -1\n2.jpg -1 -1\n3.jpg 1 1\n"
    yield b"\xef\xbb\xbfid;a;b\r\n1.jpg;1;0\r\n2.jpg;0;0\r\n"
    yield "id\ta\n1\t1\n2\t0\n".encode("utf-16")
    yield b'"id","a"\n"1.jpg","True"\n'
    yield b",id,a\n0,1.jpg,1\n1,2.jpg,0\n"


def tables():
    pixels = [str(9 * number) for number in range(16)]
    yield ("label," + ",".join(pixels) + "\n1," + ",".join(pixels)).encode()
    yield ("emotion,pixels,Usage\n1," + " ".join(pixels) + ",Training\n").encode()


def idx_files():
    content = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, *range(24)])
    yield from (content, gzip.compress(content))


def read_all(finder):
    def read(path):
        origin = finder(path, "x")
        if origin is not None:
            list(origin.read().payloads())

    return read


def read_lines(path):
    found = read_list(path)
    found.rows_of(["1.jpg", "2.png"])
    found.values(range(len(found.names)), attribute)


KINDS = {
    "photo.jpg": (photos, open_photo),
    "set.zip": (archives, read_all(folder.find)),
    "set.npz": (array_files, read_all(arrays.find)),
    "set.npy": (lambda: [written(np.save, np.ones((2, 9, 9)))], read_all(arrays.find)),
    "list.txt": (lists, read_lines),
    "set.csv": (tables, read_all(pixel_csv.find)),
    "idx": (idx_files, lambda path: idx.read_idx(path, axes=3)),
}


def mutated(content, rng):
    """Change, remove or repeat some bytes, more often near the start, where sizes are stated."""
    content = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 4, 16])):
        if not content:
            break
        start = rng.randrange(rng.choice([len(content), min(len(content), 64)]))
        stop = start + rng.randrange(1, 20)
        other = rng.randrange(len(content))
        content[start:stop] = rng.choice(
            [
                bytes([rng.randrange(256)]) + content[start + 1 : stop],
                rng.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff"])
                + content[start + 4 : stop],
                content[other : other + stop - start],
                rng.randbytes(stop - start),
                b"",
            ]
        )
    return bytes(content)


def check(path, read):
    """Read a file; return what is wrong with that, or nothing."""
    began = time.process_time()
    try:
        read(path)
    except ValueError as error:
        if "\n" in str(error):
            return f"more than one line: {error}"
    except Exception as error:
        return repr(error)
    return "slow" * (time.process_time() - began > SECONDS)


@pytest.mark.filterwarnings("ignore")  # of Pillow
@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, 9))]
)
def test_a_damaged_file_is_read_or_refused_in_one_line(seed, tmp_path):
    rng = random.Random(seed)
    samples = {name: list(contents()) for name, (contents, _) in KINDS.items()}
    for number in range(FILES if seed == 0 else 10 * FILES):
        name = list(KINDS)[number % len(KINDS)]
        path = tmp_path / name
        path.write_bytes(mutated(rng.choice(samples[name]), rng))
        problem = check(path, KINDS[name][1])
        assert not problem, f"seed {seed}, file {number}, {name}: {problem}"
