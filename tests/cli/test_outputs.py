"""Numbers in CSV and JSON; files that cannot all be written are refused before any work."""

import csv
import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_vae.cli.outputs import Outputs
from keras_vae.inference import registry as runtime

ROWS = [
    {"image": "a, b.jpg", "n": np.float32(0.1), "count": np.int64(3), "z": np.float32([0.1, -2])},
    {"image": Path("é.png"), "n": 1.5, "count": 4, "z": [1 / 3, 0.0]},
]
PICTURES = [
    ["generate"],
    ["reconstruct", "first.jpg"],
    ["upscale", "first.jpg"],
    ["align", "first.jpg"],
    ["align", "first.jpg", "--face", "all"],
    ["morph", "first.jpg", "--attr", "Smiling"],
    ["morph", "first.jpg", "--attr", "Smiling", "--full-size"],
    ["morph", "--seed", 1, "--grid", "Smiling=0:1", "Young=0:1"],
    ["interpolate", 1, 2],
    ["traverse", "--dims", "0"],
    ["manifold", "--dims", "0,1"],
    ["latent-map", "labelled.npz"],
    ["attributes", "contributions", "--to", "Smiling"],
    ["attributes", "similarity"],
]

FOLDERS = ("generate", "reconstruct", "align")  # their --out without a suffix is a folder


@pytest.fixture
def no_work(monkeypatch):
    """Let neither a model nor a photo be opened."""
    for name in ("load", "load_upscaler"):
        monkeypatch.setattr(runtime, name, lambda *_, **__: pytest.fail("work was begun"))
    monkeypatch.setattr(Image, "open", lambda *_: pytest.fail("work was begun"))


def refusal(result):
    assert result.exit_code in (1, 2)
    return result.output + str(result.exception)


@pytest.mark.parametrize("command", PICTURES, ids=lambda words: " ".join(map(str, words)))
@pytest.mark.parametrize("name", ["a.txt", "a.psd", "a"])
def test_what_does_not_end_like_a_picture(kvae, photo_files, labelled, no_work, command, name):
    if name == "a" and command[0] in FOLDERS:
        pytest.skip("a folder of images")
    result = kvae(*command, "--out", name)
    assert f"must end in a format, as .png or .jpg. Received: {name}." in refusal(result)


@pytest.mark.parametrize(
    "arguments",
    [
        ["morph", "first.jpg", "--attr", "Smiling", "--out", "a.gif", "--gif", "a.gif"],
        ["morph", "first.jpg", "--attr", "Smiling", "--full-size", "--steps", "1,1"],
        ["morph", "--seed", 1, "--attr", "Smiling", "--csv", "a.txt", "--json", "./a.txt"],
        ["traverse", "--dims", "0", "--csv", "-", "--json", "-"],
        ["interpolate", 1, 2, "--out", "a.png", "--csv", "a.png"],
        ["latent-map", "labelled.npz", "--out", "a.png", "--json", "sub/../a.png"],
        ["attributes", "contributions", "--to", "Young", "--out", "a.png", "--json", "a.png"],
        ["feature-maps", "first.jpg", "--csv", "a", "--json", "a"],
        ["feature-maps", "first.jpg", "--csv", "feature-maps/overview.png"],
    ],
    ids=lambda words: " ".join(map(str, words)),
)
def test_two_files_of_one_path(kvae, photo_files, labelled, tmp_path, no_work, arguments):
    before = sorted(tmp_path.rglob("*"))
    result = kvae(*arguments, "--overwrite")
    assert result.exit_code == 2
    assert "Two of the files to write are the same" in result.output
    assert sorted(tmp_path.rglob("*")) == before


def test_csv_spreads_arrays_over_columns(tmp_path, capsys):
    path = tmp_path / "a.csv"
    with Outputs(csv=path) as outputs:
        outputs.write_numbers(ROWS)
    assert capsys.readouterr().out == f"{path}\n"
    header, first, second = csv.reader(path.read_text("utf-8").splitlines())
    assert header == ["image", "n", "count", "z_0", "z_1"]
    assert first == ["a, b.jpg", "0.1", "3", "0.1", "-2.0"]  # not 0.10000000149011612
    assert second[0] == "é.png"
    assert float(second[3]) == 1 / 3


def test_json_gives_float32_back_bit_by_bit(tmp_path):
    z = np.random.default_rng(0).normal(size=50).astype(np.float32)
    path = tmp_path / "a.json"
    with Outputs(json=path) as outputs:
        outputs.write_numbers([*ROWS, {"image": None, "z": z}])
    first, _, last = json.loads(path.read_text("utf-8"))
    assert first == {"image": "a, b.jpg", "n": 0.1, "count": 3, "z": [0.1, -2.0]}
    assert last["image"] is None
    np.testing.assert_array_equal(np.array(last["z"], np.float32), z)


def test_nothing_is_written_unless_asked_for(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with Outputs() as outputs:
        outputs.write_numbers(ROWS)
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().out == ""


def test_existing_files_are_kept_without_overwrite(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("precious")
    with pytest.raises(FileExistsError, match="overwrite=True"), Outputs(json=path) as outputs:
        outputs.write_numbers(ROWS)
    assert path.read_text() == "precious"
    with Outputs(json=path, overwrite=True) as outputs:
        outputs.write_numbers(ROWS)
    assert len(json.loads(path.read_text("utf-8"))) == 2


def test_picture_and_numbers_appear_together_or_not_at_all(kvae, tmp_path, monkeypatch):
    """The second file appears while the command works; the first is then not written either."""
    writing = Outputs.write_numbers

    def other_process(outputs, rows):
        writing(outputs, rows)
        outputs.csv.write_text("precious")

    monkeypatch.setattr(Outputs, "write_numbers", other_process)
    before = {path.name for path in tmp_path.iterdir()}
    result = kvae("traverse", "--dims", "0", "--model", "grey", "--csv", "a.csv")
    assert isinstance(result.exception, FileExistsError)
    assert (tmp_path / "a.csv").read_text() == "precious"
    assert {path.name for path in tmp_path.iterdir()} == before | {"a.csv"}


@pytest.mark.parametrize("name", ["-", "/dev/stdout"])
def test_a_picture_on_standard_output(kvae, name):
    result = kvae("generate", "--model", "grey", "--out", name)
    assert result.exit_code == 0, result.output
    assert Image.open(io.BytesIO(result.stdout_bytes)).format == "PNG"


ENDS = {  # first and last bytes of a whole file
    "--out": (b"\x89PNG", b"IEND\xaeB`\x82"),
    "--gif": (b"GIF89a", b";"),
    "--csv": (b"", b"\n"),
    "--json": (b"[\n", b"\n]\n"),
}


@pytest.mark.parametrize(
    ("command", "options"),
    [
        (["generate", "-n", 2], ["--out"]),
        (["reconstruct", "first.jpg"], ["--out"]),
        (["upscale", "first.jpg", "--model", "vdsr"], ["--out"]),
        (["align", "astronaut.png"], ["--out"]),
        (["morph", "first.jpg", "--attr", "Attractive"], ["--out", "--csv", "--json", "--gif"]),
        (["morph", "first.jpg", "--attr", "Young", "--full-size", "--steps", "1"], ["--out"]),
        (["morph", "--seed", 1, "--grid", "Smiling=0:1", "Young=0:1"], ["--out", "--json"]),
        (["interpolate", 1, "first.jpg"], ["--out", "--csv", "--json", "--gif"]),
        (["traverse", "--dims", "0"], ["--out", "--csv", "--json", "--gif"]),
        (["manifold", "--dims", "0,1", "--size", 2], ["--out", "--csv", "--json"]),
        (
            ["latent-map", "labelled.npz", "--split", "train", "--color", "Bright"],
            ["--out", "--csv", "--json"],
        ),
        (["feature-maps", "first.jpg"], ["--csv", "--json"]),
        (["attributes", "contributions", "--to", "Smiling"], ["--out", "--json"]),
        (["attributes", "similarity"], ["--out", "--csv", "--json"]),
        (["attributes", "list"], ["--json"]),
        (["models", "list"], ["--json"]),
    ],
    ids=lambda words: " ".join(map(str, words)),
)
def test_standard_output_holds_the_result_alone(
    kvae, upscalers_dir, models_dir, photo_files, labelled, astronaut, command, options, monkeypatch
):
    monkeypatch.setenv("KVAE_MODELS", f"{models_dir}{os.pathsep}{upscalers_dir}")
    astronaut.save("astronaut.png")
    if command[0] not in ("upscale", "align", "models"):
        command = [*command, "--model", "colour"]
    for option in options:
        result = kvae(*command, option, "-", "--overwrite")
        assert result.exit_code == 0, result.output
        start, end = ENDS[option]
        found = result.stdout_bytes
        assert found.startswith(start)
        assert found.endswith(end)
        if option == "--csv":
            rows = list(csv.reader(found.decode().splitlines()))
            assert len({len(row) for row in rows}) == 1 < len(rows)
        if option == "--json":
            assert json.loads(found)


def test_the_page_of_the_experiments_is_no_stream(kvae, tmp_path):
    result = kvae("experiment", "report", "--page", "-", "--out", "results")
    assert result.exit_code == 2
    assert "must be a file: a folder of its name receives tables" in result.output
    assert not list(tmp_path.iterdir())


def test_several_pictures_do_not_go_to_one_stream(kvae, photo_files):
    words = ("morph", "first.jpg", "--attr", "Smiling", "--full-size", "--out", "-")
    result = kvae(*words)
    assert result.exit_code == 2
    assert "Several pictures cannot be written to one stream: -." in result.output


def test_a_device_is_written_to_and_stays(kvae, tmp_path):
    result = kvae("traverse", "--dims", "0", "--model", "grey", "--out", "/dev/null", "--overwrite")
    assert result.exit_code == 0, result.exception
    assert Path("/dev/null").is_char_device()


def test_a_name_that_is_too_long_is_one_line_and_leaves_nothing(kvae, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    result = kvae("generate", "--model", "grey", "--out", f"new/{'a' * 300}.png")
    assert result.exit_code == 1
    assert "File name too long" in str(result.exception)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_full_device_is_named(kvae, tmp_path):
    result = kvae("traverse", "--dims", "0", "--model", "grey", "--csv", "/dev/full")
    assert str(result.exception) == "[Errno 28] No space left on device: '/dev/full'"
    assert not (tmp_path / "traverse.png").exists()
