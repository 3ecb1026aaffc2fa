"""Pixels in .csv files, as Kaggle distributes MNIST and FER2013."""

import re

import numpy as np
import pytest

from keras_vae.datasets import load_dataset, pixel_csv


def write(file, images, labels, header, footer=()):
    rows = [
        ",".join(map(str, [*([] if labels is None else [label]), *image.ravel()]))
        for image, label in zip(images, labels if labels is not None else images, strict=True)
    ]
    file.write_text("\n".join([*header, *rows, *footer]) + "\n")


@pytest.mark.parametrize("header", ["label,0,1", "label,1x1,1x2", "digit", None])
@pytest.mark.parametrize("labelled", [True, False])
def test_a_column_for_each_pixel(header, labelled, digit_images, tmp_path):
    images, labels = digit_images[:20], np.arange(20) % 10
    names = [f"pixel{number}" for number in range(64)]
    head = [] if header is None else [",".join([*([header.split(",")[0]] * labelled), *names])]
    write(tmp_path / "train.csv", images, labels if labelled else None, head)
    dataset = load_dataset(tmp_path / "train.csv")
    np.testing.assert_array_equal(dataset.images[..., 0], images)
    if labelled:
        np.testing.assert_array_equal(dataset.labels, labels)
    else:
        assert dataset.labels is None
    assert dataset.provenance["account"]["taken"] == {"lines": 20}


PIXELS = [f"pixel{number}" for number in range(16)]


def write_table(file, header, words=("Training", "PublicTest")):
    """Write two lines whose pixels are 100 to 115, and other cells 0 or 1, or words."""
    columns = {"usage": words, "name": ("a", "b"), "filename": ("a.png", "b.png")}
    columns |= {name: (100 + number,) * 2 for number, name in enumerate(PIXELS)}
    rows = [[columns.get(name, "01")[line] for name in header] for line in range(2)]
    file.write_text("\n".join(",".join(map(str, row)) for row in [header, *rows]))


@pytest.mark.parametrize(
    ("header", "labels", "taken", "left_out"),
    [
        ([*PIXELS, "digit"], [0, 1], "2 lines; labels: column digit", "nothing"),
        (["writer", *PIXELS], [0, 1], "2 lines; labels: column writer", "nothing"),
        (PIXELS, None, "2 lines", "nothing"),
        (["id", *PIXELS], None, "2 lines", "1 not used (column id)"),
        ([*PIXELS, "digit", "label"], [0, 1], "2 lines; labels: column label", "1 not used"),
        (
            ["label", "id", *PIXELS],
            [0, 1],
            "2 lines; labels: column label",
            "1 not used (column id",
        ),
        ([*PIXELS, "", "name", "age"], None, "2 lines", "3 not used (column 17, column name, col"),
        ([*PIXELS, "usage"], None, "2 lines; split: column usage", "nothing"),
        (["ImageId", *PIXELS], None, "2 lines", "1 not used (column ImageId)"),
        (["Unnamed: 0.1", *PIXELS], None, "2 lines", "1 not used (column Unnamed: 0.1)"),
        ([*PIXELS, "filename"], None, "2 lines", "1 not used (column filename)"),
        (["name", *PIXELS], None, "2 lines", "1 not used (column name)"),
        (
            ["y", *PIXELS, "usage"],
            [0, 1],
            "2 lines; labels: column y; split: column usage",
            "nothing",
        ),
    ],
)
def test_columns_are_what_their_names_say(header, labels, taken, left_out, tmp_path):
    write_table(tmp_path / "a.csv", header)
    source = pixel_csv.find(tmp_path / "a.csv", "a").read()
    images = np.stack(list(source.payloads())).reshape(2, 16)
    np.testing.assert_array_equal(images, [range(100, 116)] * 2)
    assert (None if source.labels is None else source.labels.tolist()) == labels
    assert source.account.taken_line == taken
    assert source.account.left_out_line.startswith(left_out)
    assert (source.partition is not None) == ("usage" in header)


@pytest.mark.parametrize(
    "header",
    [
        ["label", "id", *PIXELS[:15]],
        ["", *map(str, range(18))],
        ["label", *PIXELS, "pixel16"],
        [*PIXELS, "pixel16", "pixel17"],
    ],
)
def test_a_header_that_does_not_show_the_pixels_is_refused(header, tmp_path):
    write_table(tmp_path / "a.csv", header)
    with pytest.raises(ValueError, match=r"a\.csv must have as many columns of pixels as a square"):
        load_dataset(tmp_path / "a.csv")


def test_a_list_of_many_columns_is_no_file_of_pixels(tmp_path):
    write_table(tmp_path / "a.csv", ["label", *"abcdefghijklmnop", *PIXELS[:9]])
    with pytest.raises(ValueError, match="at least one image: a folder or"):
        load_dataset(tmp_path / "a.csv")


@pytest.mark.parametrize("stem", ["", "V"])
@pytest.mark.parametrize("row_numbers", [True, False])
@pytest.mark.parametrize("labelled", [True, False])
def test_columns_without_names_of_their_own_are_read_as_without_a_header(
    stem, row_numbers, labelled, digit_images, tmp_path
):
    """As pandas and R write a table that was read without a header."""
    table = digit_images[:9].reshape(9, 64).astype(int)
    table = np.insert(table, 0, range(9), axis=1) if labelled else table
    header = [f"{stem}{number}" for number in range(table.shape[1])]
    if row_numbers:
        table, header = np.insert(table, 0, range(9), axis=1), ["", *header]
    lines = [",".join(map(str, row)) for row in [header, *table]]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    dataset = load_dataset(tmp_path / "a.csv")
    np.testing.assert_array_equal(dataset.images[..., 0], digit_images[:9])
    expected = ["the first line numbers the columns"] * (not stem)
    if labelled:
        np.testing.assert_array_equal(dataset.labels, range(9))
        reason = "since only the other columns of such names make an image"
        expected.append(f"labels: column {stem}0, {reason}")
    assert dataset.provenance["account"]["notes"] == expected


@pytest.mark.parametrize("word", ["1", '"test'])
def test_a_column_of_splits_holds_their_names(word, tmp_path):
    write_table(tmp_path / "a.csv", ["name", *PIXELS, "label", "usage"], words=("Training", word))
    file = tmp_path / "a.csv"
    file.write_text(file.read_text().replace("b,", '"b,'))
    with pytest.raises(ValueError, match=rf"a\.csv, line 3, must name a split, .*: '{word}'"):
        pixel_csv.read(tmp_path / "a.csv")


def test_the_label_of_a_file_without_a_header_is_said(digit_images, tmp_path):
    write(tmp_path / "a.csv", digit_images[:9], range(9), [])
    assert load_dataset(tmp_path / "a.csv").provenance["account"]["notes"] == ["labels: column 1"]


def test_columns_beside_texts_of_pixels_are_accounted_for(tmp_path):
    lines = ["age,name,pixels", *("7,a," + "9 " * 15 + "1" for _ in range(2))]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    account = pixel_csv.read(tmp_path / "a.csv").account
    assert account.left_out_line == "2 not used (column age, column name)"


@pytest.mark.parametrize("separator", [";", "\t", ","])
@pytest.mark.parametrize("numbered", [True, False])
def test_other_separators_and_row_numbers_will_do(separator, numbered, digit_images, tmp_path):
    rows = [["label", *(f"pixel{number}" for number in range(64))]]
    rows += [[number % 10, *image.ravel()] for number, image in enumerate(digit_images[:20])]
    if numbered:  # as pandas writes them
        rows = [["" if number == 0 else number - 1, *row] for number, row in enumerate(rows)]
    lines = [separator.join(map(str, row)) for row in rows]
    (tmp_path / "digits.csv").write_text("\n".join(["sep=;", *lines][separator != ";" :]))
    dataset = load_dataset(tmp_path / "digits.csv")
    np.testing.assert_array_equal(dataset.images[..., 0], digit_images[:20])
    np.testing.assert_array_equal(dataset.labels, np.arange(20) % 10)


def test_all_pixels_in_one_text_after_semicolons(digit_images, tmp_path):
    rows = [f"{number};{' '.join(map(str, digit_images[number].ravel()))}" for number in range(9)]
    (tmp_path / "faces.csv").write_text("\n".join(["emotion;pixels", *rows]))
    dataset = load_dataset(tmp_path / "faces.csv")
    np.testing.assert_array_equal(dataset.images[..., 0], digit_images[:9])
    np.testing.assert_array_equal(dataset.labels, range(9))


def test_three_values_for_each_pixel_are_colours(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (10, 8, 8, 3))
    write(tmp_path / "train.csv", images, np.arange(10), [])
    np.testing.assert_array_equal(load_dataset(tmp_path / "train.csv").images, images)


def test_values_of_0_to_1_are_converted(digit_images, tmp_path):
    write(tmp_path / "train.csv", digit_images[:9] / 255, None, [])
    dataset = load_dataset(tmp_path / "train.csv")
    np.testing.assert_array_equal(dataset.images[..., 0], digit_images[:9])


def test_all_pixels_in_one_text(digit_images, tmp_path):
    usages = ["Training", "PublicTest", "PrivateTest"] * 4
    rows = [
        f"{number % 7},{' '.join(map(str, image.ravel()))},{usage}"
        for number, (image, usage) in enumerate(zip(digit_images[:12], usages, strict=True))
    ]
    (tmp_path / "fer2013.csv").write_text("\n".join(["emotion,pixels,Usage", *rows]))
    dataset = load_dataset(tmp_path / "fer2013.csv")
    np.testing.assert_array_equal(dataset.images[..., 0], digit_images[:12])
    np.testing.assert_array_equal(dataset.labels, np.arange(12) % 7)
    np.testing.assert_array_equal(dataset.partition, np.arange(12) % 3)


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        ("1,2,3", "have 65 numbers, as the first. Received: 3."),
        ("5," + "x," * 63 + "1", "hold numbers. Received: 'x'."),
        ("5," + "," * 63 + "1", "hold numbers. Received: ''."),
        ("5," + "1_0," * 63 + "1", "hold numbers. Received: '1_0'."),
        ("5," + '"7",' * 63 + "1", "hold numbers. Received: '\"7\"'."),
    ],
)
@pytest.mark.parametrize("header", ["", "sep=,\nlabel," + ",".join(map(str, range(64))) + "\n\n"])
def test_a_wrong_line_is_named(last, reason, header, digit_images, tmp_path):
    write(tmp_path / "train.csv", digit_images[:9], np.arange(9), [header] * bool(header), [last])
    expected = f"{tmp_path}/train.csv, line {14 if header else 10}, must {reason}"
    with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
        load_dataset(tmp_path / "train.csv")


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        ("5", "have 3 cells, as the first. Received: 1."),
        ("5,1 2 3,Training", "have 64 numbers, as the first. Received: 3."),
        ("5," + "x " * 64 + ",Training", "hold numbers. Received: 'x'."),
        ("x," + "1 " * 64 + ",Training", "hold numbers. Received: 'x'."),
        ("1," + "1 " * 64 + ",Never", "name a split, such as Training. Received: 'Never'."),
    ],
)
def test_a_wrong_line_of_texts_is_named(last, reason, tmp_path):
    lines = ["emotion,pixels,Usage", "1," + "1 " * 64 + ",Training", last]
    (tmp_path / "fer.csv").write_text("\n".join(lines))
    with pytest.raises(ValueError, match=re.escape(f"fer.csv, line 3, must {reason}")):
        load_dataset(tmp_path / "fer.csv")


def test_a_first_text_without_pixels_is_named(tmp_path):
    (tmp_path / "fer.csv").write_text("emotion,pixels\n1,\n1," + "1 " * 64)
    with pytest.raises(ValueError, match=r"fer\.csv, line 3, must have 0 numbers, as the first"):
        pixel_csv.read(tmp_path / "fer.csv")


@pytest.mark.parametrize("form", ["%.18e", "%.1f", "%+d", " %d "])
@pytest.mark.parametrize("labelled", [False, True])
def test_the_first_image_is_read_however_its_numbers_are_written(
    form, labelled, digit_images, tmp_path
):
    table = digit_images[:9].reshape(9, 64).astype(int)
    table = np.insert(table, 0, range(9), axis=1) if labelled else table
    np.savetxt(tmp_path / "digits.csv", table, form, delimiter=",")
    np.testing.assert_array_equal(
        load_dataset(tmp_path / "digits.csv").images[..., 0], digit_images[:9]
    )


@pytest.mark.parametrize("first", ["", "NA", "null"])
def test_a_first_image_that_lacks_a_number_is_no_header(first, digit_images, tmp_path):
    write(tmp_path / "digits.csv", digit_images[:9], None, [",".join([first, *"0" * 63])])
    with pytest.raises(ValueError, match=rf"csv, line 1, must hold numbers. Received: '{first}'"):
        load_dataset(tmp_path / "digits.csv")


@pytest.mark.parametrize("first", ["nan", "-inf"])
def test_a_first_image_that_is_not_finite_is_accounted_for(first, digit_images, tmp_path):
    write(tmp_path / "digits.csv", digit_images[:9], None, [",".join([first, *"0" * 63])])
    dataset = load_dataset(tmp_path / "digits.csv")
    assert dataset.provenance["account"]["left_out"]["damaged"][0] == 1


def test_columns_without_names_are_numbered_by_pandas(digit_images, tmp_path):
    header = ",".join(["", *map(str, range(64))])
    write(tmp_path / "digits.csv", digit_images[:9], range(9), [header])
    np.testing.assert_array_equal(
        load_dataset(tmp_path / "digits.csv").images[..., 0], digit_images[:9]
    )


@pytest.mark.parametrize(
    "content",
    ["image_id,Smiling\n1.jpg,1\n", "", "<html>", "\0", "emotion,pixels\n1\n", "pixels\n"],
)
def test_other_tables_are_no_images(content, tmp_path):
    (tmp_path / "list.csv").write_text(content)
    with pytest.raises(ValueError, match=r"list\.csv"):
        load_dataset(tmp_path / "list.csv")


def test_a_header_without_lines_is_refused(tmp_path):
    (tmp_path / "digits.csv").write_text("label," + ",".join(map(str, range(16))) + "\n\n")
    with pytest.raises(ValueError, match=r"digits\.csv must have a line for each image"):
        pixel_csv.read(tmp_path / "digits.csv")


@pytest.mark.parametrize("label", ["1.5", "nan", "1e300"])
@pytest.mark.parametrize("text", [False, True])
def test_a_label_that_is_no_whole_number_is_refused(label, text, tmp_path):
    pixels = (" " if text else ",").join(["9"] * 16)
    header = ["emotion,pixels\n"] if text else []
    (tmp_path / "digits.csv").write_text("".join([*header, f"1,{pixels}\n{label},{pixels}\n"]))
    line, received = 3 if text else 2, label.replace("e", ".*")
    reason = rf"digits\.csv, line {line}, must have a whole number .*: {received}\.$"
    with pytest.raises(ValueError, match=reason):
        pixel_csv.read(tmp_path / "digits.csv")


def test_a_pixel_beyond_float32_is_infinite_without_a_warning(tmp_path, recwarn):
    (tmp_path / "digits.csv").write_text("pixels,emotion\n" + " ".join(["1e300"] * 16) + ",1\n")
    assert np.isinf(np.stack(list(pixel_csv.read(tmp_path / "digits.csv").payloads()))).all()
    assert not recwarn.list


@pytest.mark.parametrize("place", [0, 16])
def test_lines_of_fewer_cells_than_the_header_are_refused(tmp_path, place):
    names = [f"pixel{number}" for number in range(16)]
    names.insert(place, "label")
    (tmp_path / "digits.csv").write_text(",".join(names) + "\n7\n")
    reason = r"digits\.csv, line 2, must have 17 cells, as the first\. Received: 1\."
    with pytest.raises(ValueError, match=reason):
        pixel_csv.read(tmp_path / "digits.csv")


def test_texts_of_many_pixels_are_read_and_long_quoted_cells_are_no_pixels(tmp_path):
    pixels = " ".join(["7", *["200"] * (224 * 224 - 1)])
    (tmp_path / "a.csv").write_text(f"emotion,pixels,Usage\n1,{pixels},Training\n")
    origin = pixel_csv.find(tmp_path / "a.csv", "a")
    (image,) = origin.read().payloads()
    assert image.shape == (224, 224)
    assert image[0, :2].tolist() == [7, 200]
    (tmp_path / "b.csv").write_text('"' + "a" * 200_000 + '",1\n')
    assert pixel_csv.find(tmp_path / "b.csv", "b") is None
