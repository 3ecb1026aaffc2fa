"""Lists as CelebA, Kaggle, spreadsheets and pandas write them."""

import tracemalloc

import numpy as np
import pytest

from keras_vae.datasets.lists import attribute, finite_number, read_list, split, whole_number

NAMES = ["000001.jpg", "000002.jpg", "000010.jpg"]
VALUES = [[1, -1], [-1, -1], [-1, 1]]


def rows(separator, values=VALUES, names=NAMES, quote=""):
    return [
        separator.join([quote + name + quote, *map(str, row)])
        for name, row in zip(names, values, strict=True)
    ]


def text(*lines, end="\n"):
    return "".join(line + end for line in lines)


@pytest.mark.parametrize(
    "content",
    [
        text("3", "Smiling Bald ", *rows("  "), end="\r\n"),  # CelebA's
        text("image_id,Smiling,Bald", *rows(",")),  # Kaggle's
        text("whatever;Smiling;Bald", *rows(";")),
        text("File name\tSmiling\tBald", *rows("\t")),
        text("sep=;", "name;Smiling;Bald", *rows(";")),  # Excel's
        text('"id", "Smiling", "Bald"', *rows(", ", quote='"')),
        text('name "Smiling" "Bald"', *rows(" ", quote='"')),
        text(",image_id,Smiling,Bald", *(f"{n},{row}" for n, row in enumerate(rows(",")))),
        text(",Smiling,Bald", *rows(",")),  # pandas with the names as its index
        text("", "name,Smiling,Bald", "", *rows(","), "", ""),
        text("name,Smiling,Bald", *rows(",", [["1.0", "-1.0"], ["-1", "-1"], [-1.0, 1.0]])),
        "\ufeff" + text("name,Smiling,Bald", *rows(",")),
        text("name,Smiling,Bald", *rows(","))[:-1],
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le"])
def test_every_spelling_gives_the_same_list(content, encoding, tmp_path):
    if encoding != "utf-8":
        content = content.removeprefix("\ufeff")
    file = tmp_path / "list.txt"
    file.write_bytes(content.encode(encoding))
    found = read_list(file)
    assert found.columns == ("Smiling", "Bald")
    assert found.names == NAMES
    np.testing.assert_array_equal(found.values(range(3), attribute), VALUES)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["True", "false", "TRUE"], [1, 0, 1]),
        (["0", "1.0", "1"], [0, 1, 1]),
        (["yes", "No", "yes"], [1, 0, 1]),
    ],
)
def test_attributes_are_also_words(cells, expected):
    found = listed("name,Smiling", [[cell] for cell in cells])
    np.testing.assert_array_equal(found.values(range(3), attribute)[:, 0], expected)


@pytest.mark.parametrize(
    "cells", [["0", "1", "2"], ["train", "val", "test"], ["Training", "validation", "2.0"]]
)
def test_splits_are_numbers_or_words(cells):
    found = listed("name,split", [[cell] for cell in cells])
    np.testing.assert_array_equal(found.values(range(3), split)[:, 0], [0, 1, 2])


def test_identities_and_landmarks_are_the_same_kind_of_list():
    identities = read_list("identity", text(*rows(" ", [[2880], [2937], [8692]])).encode())
    np.testing.assert_array_equal(identities.values([0, 2], whole_number), [[2880], [8692]])
    landmarks = read_list(
        "landmarks", text("3", "lefteye_x lefteye_y", *rows("   ", [[69, 109.5]] * 3)).encode()
    )
    assert landmarks.columns == ("lefteye_x", "lefteye_y")
    np.testing.assert_array_equal(landmarks.values([1], finite_number), [[69, 109.5]])


def listed(header, values, names=NAMES, separator=","):
    lines = [header] if header else []
    return read_list("list.csv", text(*lines, *rows(separator, values, names)).encode())


def test_a_list_without_a_header_numbers_its_columns():
    assert listed("", VALUES).columns == ("value_0", "value_1")


@pytest.mark.parametrize(
    "line", ["000002.jpg", "000002.jpg,1", "000002.jpg,1,1,1", "000002.jpg 1 1"]
)
def test_a_line_of_other_length_is_named(line):
    content = text("name,Smiling,Bald", "000001.jpg,1,1", line, "000003.jpg,1,1")
    with pytest.raises(ValueError, match=r"list\.csv, line 3, must have 2 values"):
        read_list("list.csv", content.encode())


def test_two_wrong_lines_are_no_shift():
    """One line lacks a value, and the next has one more: the total is right."""
    content = text("3", "Smiling Bald", "000001.jpg 1", "000002.jpg 1 1 1", "000003.jpg 1 -1")
    with pytest.raises(ValueError, match=r"list\.txt, line 4, must have .* Received: "):
        read_list("list.txt", content.encode())


@pytest.mark.parametrize(
    ("cell", "parse", "expected"),
    [
        ("2", attribute, "−1, 0 or 1"),
        ("x", attribute, "−1, 0 or 1"),
        ("", attribute, "−1, 0 or 1"),
        ("nan", attribute, "−1, 0 or 1"),
        ("0.5", attribute, "−1, 0 or 1"),
        ("3", split, "0 .train., 1 .validation., 2 .test., or the name of a split"),
        ("-1", split, "0 .train."),
        ("trian", split, "0 .train."),
        ("7.5", whole_number, "a whole number"),
        ("inf", whole_number, "a whole number"),
        ("9007199254740993", whole_number, "a whole number"),  # 2^53 + 1
        ("nan", finite_number, "a number"),
    ],
)
def test_a_wrong_value_is_named_with_file_and_line(cell, parse, expected):
    good = {attribute: "1", split: "1"}.get(parse, "5")
    found = listed("name,value", [[good], [cell], [good]])
    with pytest.raises(ValueError, match=rf"list\.csv, line 3: each value must be {expected}"):
        found.values(range(3), parse)
    assert len(found.values([0, 2], parse)) == 2


def test_duplicate_names_are_named_with_their_lines():
    found = listed("name,partition", [[0], [1], [2]], ["1.jpg", "2.jpg", "1.jpg"])
    with pytest.raises(
        ValueError, match=r"list\.csv must have one line.*lines 2 and 4 for '1\.jpg"
    ):
        found.rows_of(["1.jpg"])


@pytest.mark.parametrize(
    "photos",
    [
        ["000010.jpg", "x.jpg", "000001.jpg"],
        ["img/10.PNG", "img/x.png", "img/1.JPEG"],
        ["a/b/00010.webp", "x", "0001"],
        ["000010.JPG", "jpg", "c/000001.Jfif"],
    ],
)
def test_photos_match_without_case_ending_zeros_and_folders(photos):
    assert listed("name,a,b", VALUES).rows_of(photos) == [2, -1, 0]
    with_folders = [f"celeba\\Img/{name}" for name in NAMES]
    assert listed("name,a,b", VALUES, with_folders).rows_of(photos) == [2, -1, 0]


def test_folders_matter_where_they_tell_images_apart():
    found = listed("name,a", [[0], [1], [1]], ["cat/1.jpg", "dog/1.jpg", "dog/2.jpg"])
    assert found.rows_of(["set/dog/001.png", "set/cat/1.jpg", "1.jpg"]) == [1, 0, -1]
    with pytest.raises(ValueError, match=r"line 2, must describe one image.*a/1\.jpg and b/1\.jpg"):
        listed("name,a,b", VALUES).rows_of(["a/1.jpg", "b/1.jpg"])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is an empty file"),
        (b"<!doctype html><html>", r"it is a web page \(HTML\)"),
        (b"\x89PNG\r\n\0\x1a\n", "it is a binary file"),
        (b"1.jpg 1\n2.jpg\0 1\n", "it is a binary file"),
        (b"PK\3\4", "it is a zip file"),
    ],
)
def test_what_is_no_list_is_called_what_it_is(content, reason):
    with pytest.raises(ValueError, match=f"list is not a list of images: {reason}"):
        read_list("list", content)


@pytest.mark.parametrize("content", ["\0", "\n\n", "15\n", "15\nSmiling Bald\n", "name\n1.jpg\n"])
def test_a_list_without_images_or_values_is_named(content):
    with pytest.raises(ValueError, match="list must have"):
        read_list("list", content.encode())


def test_a_column_is_named_once():
    with pytest.raises(ValueError, match="name each column once"):
        listed("name,a,a", VALUES)


def test_words_name_columns_where_the_next_line_has_an_image():
    found = listed("name,no,train", VALUES)
    assert (found.columns, found.names) == (("no", "train"), NAMES)
    rows = read_list("list", b"a.jpg no\nb.jpg yes\n")
    assert (rows.columns, rows.names) == (("value_0",), ["a.jpg", "b.jpg"])


def test_long_lines_and_deep_paths_are_refused_in_a_short_line():
    with pytest.raises(ValueError, match=r"list, line 2, must have at most 131,072 letters"):
        read_list("list", b'id,a\n"' + b"a" * 200_000 + b'",1\n')
    line = b"a/" * 30_000 + b"x.jpg,1\n"  # each part was compared with all lines: 19 seconds
    with pytest.raises(ValueError, match="lines 2 and 3 for") as refused:
        read_list("list", b"id,a\n" + line + line).rows_of(["x.jpg"])
    assert len(str(refused.value)) < 500


def test_lines_and_values_take_memory_once():
    lines = "".join(f"{number:06}.jpg" + 20 * " 1" + "\n" for number in range(20_000)).encode()
    tracemalloc.start()
    found = read_list("list", lines)
    values = found.values(range(20_000), attribute)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert values.dtype == np.int8
    assert peak < 9 * len(lines) / 2  # the lines, their names, and a byte for each value
