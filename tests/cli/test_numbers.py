import csv
import json
from pathlib import Path

import numpy as np
import pytest

from keras_vae.cli.numbers import write_numbers

ROWS = [
    {"image": "a, b.jpg", "n": np.float32(0.1), "count": np.int64(3), "z": np.float32([0.1, -2])},
    {"image": Path("é.png"), "n": 1.5, "count": 4, "z": [1 / 3, 0.0]},
]


def test_csv_spreads_arrays_over_columns(tmp_path, capsys):
    path = tmp_path / "a.csv"
    write_numbers(ROWS, csv=path, json=None, overwrite=False)
    assert capsys.readouterr().out == f"{path}\n"
    header, first, second = csv.reader(path.read_text("utf-8").splitlines())
    assert header == ["image", "n", "count", "z_0", "z_1"]
    assert first == ["a, b.jpg", "0.1", "3", "0.1", "-2.0"]  # not 0.10000000149011612
    assert second[0] == "é.png"
    assert float(second[3]) == 1 / 3


def test_json_gives_float32_back_bit_by_bit(tmp_path):
    z = np.random.default_rng(0).normal(size=50).astype(np.float32)
    path = tmp_path / "a.json"
    write_numbers([*ROWS, {"image": None, "z": z}], csv=None, json=path, overwrite=False)
    first, _, last = json.loads(path.read_text("utf-8"))
    assert first == {"image": "a, b.jpg", "n": 0.1, "count": 3, "z": [0.1, -2.0]}
    assert last["image"] is None
    np.testing.assert_array_equal(np.array(last["z"], np.float32), z)


def test_nothing_is_written_unless_asked_for(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_numbers(ROWS, csv=None, json=None, overwrite=False)
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().out == ""


def test_files_that_exist_are_kept_unless_told(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("precious")
    with pytest.raises(FileExistsError, match="overwrite"):
        write_numbers(ROWS, csv=None, json=path, overwrite=False)
    assert path.read_text() == "precious"
    write_numbers(ROWS, csv=None, json=path, overwrite=True)
    assert len(json.loads(path.read_text("utf-8"))) == 2
