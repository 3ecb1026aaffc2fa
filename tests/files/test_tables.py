import csv
import os

import numpy as np
import pytest

from keras_vae.files.atomic import write_text
from keras_vae.files.tables import CsvFile, check_columns, csv_text


def test_columns_are_those_of_all_rows_in_the_order_of_their_appearance():
    assert csv_text([{"a": 1, "b": "x, y"}, {"c": 0.5, "a": 2}]) == 'a,b,c\n1,"x, y",\n2,,0.5\n'


def test_an_array_has_numbered_columns_and_float32_few_digits():
    row = {"z": np.array([0.1, 2], np.float32), "n": np.int8(3)}
    assert csv_text([row]) == "z_0,z_1,n\n0.1,2.0,3\n"


def test_a_file_grows_batch_by_batch(tmp_path):
    z = np.arange(10, dtype=np.float32).reshape(5, 2) / 10
    with CsvFile(tmp_path / "z.csv") as table:
        for rows in (slice(0, 3), slice(3, 5)):
            table.write({"name": [f"ä {n}" for n in range(5)][rows], "z": z[rows]})
    with (tmp_path / "z.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["name"] for row in rows] == [f"ä {n}" for n in range(5)]
    assert [[float(row["z_0"]), float(row["z_1"])] for row in rows] == z.astype(str).astype(
        float
    ).tolist()


@pytest.mark.parametrize("name", ["name", "z_mean", "z_mean_0", "z_mean_12"])
def test_an_attribute_with_the_name_of_another_column_is_refused(name):
    with pytest.raises(ValueError, match=f"an attribute called '{name}', as another column"):
        check_columns(["name", "Smiling", name], ["z_mean"])
    check_columns(["name", "Smiling", "z_mean_", "z_mean_x", "0"], ["z_mean"])
    check_columns(["name", name + "_0"])


def test_a_name_that_is_no_utf_8_is_written_with_escapes(tmp_path):
    name = os.fsdecode(b"b\xff.png")
    with CsvFile(tmp_path / "z.csv") as table:
        table.write({"name": [name]})
    write_text(tmp_path / "a.csv", csv_text([{"name": name}]))
    for file in tmp_path.iterdir():
        assert file.read_text("utf-8") == "name\nb\\udcff.png\n"
