import io
import zipfile

import numpy as np
import pytest

from keras_vae.datasets.arrays import ArrayFile
from keras_vae.files.arrays import ArraysFile, read_arrays


def test_columns_grow_batch_by_batch(tmp_path):
    rng = np.random.default_rng(0)
    z, labels = rng.normal(size=(7, 2, 3)).astype(np.float32), np.arange(7)
    with ArraysFile(tmp_path / "a.npz", kinds=np.array(["x", "y"])) as arrays:
        for rows in (slice(0, 4), slice(4, 7)):
            arrays.write({"z": z[rows], "label": labels[rows], "name": ["a", "long"][: rows.stop]})
    with np.load(tmp_path / "a.npz", allow_pickle=False) as found:
        assert sorted(found) == ["kinds", "label", "name", "z"]
        np.testing.assert_array_equal(found["z"], z)
        np.testing.assert_array_equal(found["label"], labels)
        assert found["name"].tolist() == ["a", "long", "a", "long"]


def test_rows_of_another_shape_are_refused_and_no_file_is_written(tmp_path):
    def write(*shapes):
        with ArraysFile(tmp_path / "a.npz") as arrays:
            for shape in shapes:
                arrays.write({"z": np.zeros(shape, np.float32)})

    with pytest.raises(ValueError, match=r"float32 of shape \['B', 3\]\. Received: float32 .*4\]"):
        write((2, 3), (2, 4))
    assert not (tmp_path / "a.npz").exists()


def header(shape, kind):
    """An .npy file that states an array, and holds none of it."""
    stream = io.BytesIO()
    fields = {"descr": kind, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, fields)
    return stream.getvalue()


def test_arrays_are_read_by_name(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", z=np.eye(2), names=np.array(["x", ""]))
    found = read_arrays(tmp_path / "a.npz")
    assert sorted(found) == ["names", "z"]
    np.testing.assert_array_equal(found["z"], np.eye(2))
    np.savez(tmp_path / "empty.npz")
    assert read_arrays(tmp_path / "empty.npz") == {}


@pytest.mark.parametrize("kind", ["<U0", "|S0", "|V0", "<f8"])
def test_an_array_that_only_its_header_states_is_refused(kind, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("names.npy", header((10**12,), kind))
    with pytest.raises(ValueError, match=r"a\.npz .*: names.npy ends too early"):
        read_arrays(tmp_path / "a.npz")


def test_arrays_that_expand_beyond_the_limit_are_not_unpacked(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "a.npz", a=np.zeros(80_000), b=np.zeros(80_000))
    monkeypatch.setattr("keras_vae.files.limits.MAX_BYTES", 10**6)
    with pytest.raises(ValueError, match=r"a\.npz .*what it contains expands from .* to 1,280,"):
        read_arrays(tmp_path / "a.npz")


def test_what_is_no_plain_array_is_refused_in_one_line(tmp_path):
    np.save(tmp_path / "a.npy", np.eye(2))
    np.savez(tmp_path / "pickle.npz", a=np.array([{}], object))
    (tmp_path / "cut.npz").write_bytes((tmp_path / "pickle.npz").read_bytes()[:90])
    for name in ("a.npy", "pickle.npz", "cut.npz"):
        with pytest.raises(ValueError, match=rf"^.*{name} is not an .npz file.*$"):
            read_arrays(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        read_arrays(tmp_path / "missing.npz")


def test_two_arrays_of_one_name_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", a=np.eye(2))
    twice = pytest.warns(UserWarning, match="Duplicate name")
    with zipfile.ZipFile(tmp_path / "a.npz", "a") as archive, twice:
        archive.writestr("a.npy", header((0,), "<f8"))
    with pytest.raises(ValueError, match=r"a\.npz .*: it holds two arrays of one name"):
        read_arrays(tmp_path / "a.npz")
    with pytest.raises(ValueError, match=r"a\.npz must hold each array once. Received: a twice"):
        ArrayFile(tmp_path / "a.npz")
