"""MATLAB files that are damaged, or expand; those that are read are in `test_by_name`."""

import struct
import zlib

import numpy as np
import pytest
from scipy.io import savemat

from keras_vae.datasets.matlab import read_matrices
from keras_vae.files import limits


@pytest.mark.parametrize("compress", [True, False])
def test_matrices_are_read_by_name(compress, tmp_path):
    matrix = np.arange(6, dtype=np.uint8).reshape(2, 3)
    savemat(tmp_path / "a.mat", {"ff": matrix, "y": [1]}, do_compression=compress)
    np.testing.assert_array_equal(read_matrices(tmp_path / "a.mat")["ff"], matrix)


@pytest.mark.parametrize("content", [b"", b"MATLAB 5.0" + bytes(200), b"hello\nworld\n" * 20])
def test_damage_is_one_line(content, tmp_path):
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises(ValueError, match="is not a MATLAB file that can be read: ") as refused:
        read_matrices(tmp_path / "a.mat")
    assert len(str(refused.value).splitlines()) == 1


def test_an_element_that_is_larger_than_its_matrix_is_not_unpacked(tmp_path, monkeypatch):
    """A matrix of 1×1 whose data are a megabyte: SciPy reads them all."""
    monkeypatch.setattr(limits, "MAX_BYTES", 10_000)
    data = 2**20
    words = (6, 8, 9, 0, 5, 8, 1, 1, 1 | 2 << 16)  # class, size, and a name of two letters
    element = struct.pack("<9I", *words) + b"ff\0\0" + struct.pack("<2I", 2, data)
    head = struct.pack("<2I", 14, len(element) + data)
    packed = zlib.compress(head + element + bytes(data))
    start = b"MATLAB 5.0".ljust(124) + b"\x00\x01IM"
    (tmp_path / "a.mat").write_bytes(start + struct.pack("<2I", 15, len(packed)) + packed)
    with pytest.raises(ValueError, match=r"a\.mat expands from [\d,]+ to 1,048,[\d,]+ bytes"):
        read_matrices(tmp_path / "a.mat")
