import numpy as np
import pytest

from keras_vae.files.arrays import ArraysFile


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
