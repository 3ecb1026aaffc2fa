import io
import json
import zipfile

import numpy as np
import pytest

from keras_vae.training.position import ARRAYS, POSITION, Position, add_position, read_position

ROW = {"epoch": 1, "loss": 2.5, "val_loss": float("nan")}
WHOLE = Position(1, 2, 4, [ROW], [np.ones(2)], [np.arange(3)], [np.zeros((2, 3))])


def written(path, position=WHOLE, **changes):
    with zipfile.ZipFile(path, "w") as archive:
        add_position(archive, position)
        values = json.loads(archive.read(POSITION)) | changes
    with zipfile.ZipFile(path) as archive:
        arrays = archive.read(ARRAYS)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(POSITION, json.dumps(values))
        archive.writestr(ARRAYS, arrays)
    return path


def test_a_position_is_read_as_it_was_written(tmp_path):
    found = read_position(written(tmp_path / "last.keras"))
    assert repr(found) == repr(WHOLE)
    for group in ("metrics", "generators", "averages"):
        for array, expected in zip(getattr(found, group), getattr(WHOLE, group), strict=True):
            np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize(
    "changes",
    [
        {"epoch": -1},
        {"step": "2"},
        {"steps": None},
        {"history": 3},
        {"history": [{"loss": 1.0}]},
        {"history": [{"epoch": 1, "loss": "low"}]},
        pytest.param({"history": [{"epoch": 1, "loss": 10**400}]}, id="beyond a float"),
        {"history": [{"epoch": float("nan"), "loss": 1.0}]},
        {"metrics": 10**12},
        {"metrics": None},
        {"other": 1},
    ],
    ids=str,
)
def test_what_is_no_position_is_refused_in_one_line(tmp_path, changes):
    with pytest.raises(ValueError, match=r"^.*last\.keras holds no position in a training\..*$"):
        read_position(written(tmp_path / "last.keras", **changes))


def test_arrays_that_are_none_are_refused(tmp_path):
    path = tmp_path / "last.keras"
    for content in (b"", io.BytesIO().getvalue(), b"no archive"):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(POSITION, "{}")
            archive.writestr(ARRAYS, content)
        with pytest.raises(ValueError, match="holds no position"):
            read_position(path)
