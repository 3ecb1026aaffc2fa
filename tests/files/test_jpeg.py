import struct

import numpy as np
import pytest
from PIL import Image

from keras_vae.files.jpeg import MOST_SCANS, check_scans
from keras_vae.files.photos import open_photo
from tests.encoding import encoded

NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 40, 3), np.uint8))
REFINEMENT = b"\xff\xda\x00\x08\x01\x01\x00\x00\x00\x10"  # of the average of each block


def with_scans(count, size=(64, 64)):
    """A gray progressive JPEG file with so many scans, all but the first without data."""
    content = encoded(Image.new("L", (64, 64), 128), "JPEG", progressive=True)
    head = bytearray(content[: content.index(b"\xff\xda")])
    frame = head.index(b"\xff\xc2") + 5
    head[frame : frame + 4] = struct.pack(">HH", *size)
    first = b"\xff\xda\x00\x08\x01\x01\x00\x00\x00\x01" + bytes(4)
    return bytes(head) + first + (count - 1) * REFINEMENT + b"\xff\xd9"


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"exif": b"Exif\0\0" + b"\xff\xda" * 200}]
)
def test_photos_have_few_scans(options):
    content = encoded(NOISE, "JPEG", **options)
    check_scans(content)
    check_scans(content + b"\xff\xda\0\2" * 200)  # after its end, as a film beside a photo
    assert open_photo(content).size == NOISE.size


def test_a_file_of_many_scans_is_refused_before_it_is_decoded():
    """Ten bytes for each pass over all pixels: 100 kB took minutes."""
    assert open_photo(with_scans(MOST_SCANS)).size == (64, 64)
    with pytest.raises(ValueError, match="is a damaged image: it has more than 100 scans"):
        open_photo(with_scans(MOST_SCANS + 1))
    with pytest.raises(ValueError, match="more than 100 scans"):
        open_photo(with_scans(10_000, size=(10_000, 10_000)))


@pytest.mark.parametrize("content", [b"", b"\xff", b"\xff\xd8\xff", b"\xff\xd8\xff\xe0\xff"])
def test_a_cut_file_ends(content):
    check_scans(content)
