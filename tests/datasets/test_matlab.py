"""MATLAB files that are damaged, or expand; those that are read are in `test_by_name`."""

import struct
import zlib

import numpy as np
import pytest
from scipy.io import savemat
from scipy.sparse import csr_matrix

from keras_vae.datasets.matlab import read_matrices
from keras_vae.files import limits


@pytest.mark.parametrize("compress", [True, False])
def test_matrices_are_read_by_name(compress, tmp_path):
    matrix = np.arange(6, dtype=np.uint8).reshape(2, 3)
    savemat(tmp_path / "a.mat", {"ff": matrix, "y": [1]}, do_compression=compress)
    np.testing.assert_array_equal(read_matrices(tmp_path / "a.mat")["ff"], matrix)


def test_only_real_matrices_of_numbers_are_read(tmp_path):
    others = {"text": "abc", "cell": np.array([1, "a"], object), "wave": np.ones(2) * 1j}
    numbers = {"a": np.ones((2, 0)), "b": np.float32([[1.5]]), "c": np.arange(9).reshape(3, 3)}
    savemat(tmp_path / "a.mat", {**others, **numbers, "sparse": csr_matrix(np.eye(3))})
    found = read_matrices(tmp_path / "a.mat")
    assert found.keys() == numbers.keys()
    for name, matrix in numbers.items():
        np.testing.assert_array_equal(found[name], matrix)


def test_bytes_in_the_other_order_are_read(tmp_path):
    def element(kind, data):
        return struct.pack(">2I", kind, len(data)) + data + bytes(-len(data) % 8)

    parts = (6, struct.pack(">2I", 11, 0)), (5, struct.pack(">2i", 1, 3)), (1, b"name")
    matrix = b"".join(element(*part) for part in (*parts, (4, struct.pack(">3H", 1, 2, 300))))
    content = b"MATLAB 5.0".ljust(124) + b"\1\0MI" + element(14, matrix)
    (tmp_path / "a.mat").write_bytes(content)
    assert read_matrices(tmp_path / "a.mat")["name"].tolist() == [[1, 2, 300]]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is an empty file"),
        (b"MATLAB 7.3".ljust(124) + b"\0\2IM", "it is a MATLAB file. In MATLAB, save"),
        (b"hello\nworld\n" * 20, "it is another format"),
        (b"MATLAB 5.0".ljust(124) + b"\0\1IM" + b"\x0e", "is a damaged MATLAB file: "),
    ],
)
def test_damage_is_one_line(content, reason, tmp_path):
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises(ValueError, match=reason) as refused:
        read_matrices(tmp_path / "a.mat")
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(("limit", "most"), [(10_000, "10,000"), (10_000_000, "625,000")])
def test_an_element_that_is_larger_than_its_matrix_is_not_unpacked(
    limit, most, tmp_path, monkeypatch
):
    """A matrix of 1×1 whose data are a megabyte."""
    monkeypatch.setattr(limits, "MAX_BYTES", limit)
    data = 2**20
    words = (6, 8, 9, 0, 5, 8, 1, 1, 1 | 2 << 16)  # class, size, and a name of two letters
    element = struct.pack("<9I", *words) + b"ff\0\0" + struct.pack("<2I", 2, data)
    head = struct.pack("<2I", 14, len(element) + data)
    packed = zlib.compress(head + element + bytes(data))
    start = b"MATLAB 5.0".ljust(124) + b"\x00\x01IM"
    (tmp_path / "a.mat").write_bytes(start + struct.pack("<2I", 15, len(packed)) + packed)
    with pytest.raises(ValueError, match=rf"a\.mat .* it expands to more than {most} bytes"):
        read_matrices(tmp_path / "a.mat")
