"""`kvae data`."""

import os
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from keras_vae.cli.data import data
from keras_vae.presets import LEAST_IMAGES


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("KVAE_CACHE", str(folder))
    return folder


def run(*arguments):
    result = CliRunner().invoke(data, [str(item) for item in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_list_shows_the_sets_and_what_is_prepared(cache):
    before = run("list").output
    for part in ("mnist", "fashion_mnist", "202,599", "TFDS: celeb_a", "frey_rawface.mat"):
        assert part in before
    assert f"Prepared in {cache}: nothing yet" in before
    run("prepare", "digits")
    assert "1,797  8×8×1" in run("list").output.split("Prepared in")[1]


def test_list_imports_no_tensorflow():
    code = (
        "import sys; from keras_vae.cli.data import data; data(['list'], standalone_mode=False);"
        "assert not {'tensorflow', 'keras', 'tensorflow_datasets', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ, capture_output=True)


def test_prepare_reports_what_it_did(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (50, 9, 9, 3), np.uint8)
    np.savez(tmp_path / "celeba.npz", images=images, partition=np.arange(50) % 2)
    output = run("prepare", "celeba", "--data-dir", tmp_path, "--image-size", "6x4").output
    for part in (
        "50 images 6×4×3",
        "images/s",
        "25 train, 25 validation, 0 test",
        "non-commercial",
    ):
        assert part in output


def test_prepare_takes_the_size_of_the_sets_own_preset(tmp_path, monkeypatch):
    np.savez(
        tmp_path / "celeba.npz",
        images=np.random.default_rng(0).integers(0, 256, (20, 64, 64, 3), np.uint8),
    )
    assert "8×8×1" in run("prepare", "digits").output
    assert "32×32×3" in run("prepare", "celeba", "--data-dir", tmp_path).output
    part = tmp_path / "celeba.npz"
    assert "64×64×3" in run("prepare", part).output  # a part: as one's own images
    monkeypatch.setitem(LEAST_IMAGES, "celeba", 20)
    assert "32×32×3" in run("prepare", part).output


def test_prepare_names_what_is_missing_and_corrupt(tmp_path):
    from PIL import Image

    for number in range(150):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / f"{number:03d}.png")
    (tmp_path / "077.png").write_bytes(b"")
    output = run("prepare", tmp_path, "--channels", "1").output
    assert "1 damaged (077.png: not an image that can be read: it is an empty file)" in output
    assert "149 images 8×8×1" in output


def test_a_wrong_size_is_a_usage_error():
    result = run("prepare", "digits", "--image-size", "big")
    assert result.exit_code == 2
    assert "'big' is not an image size" in result.output


@pytest.mark.parametrize("command", [(), ("list",), ("prepare",)])
def test_help_gives_an_example(command):
    assert "Example: kvae data" in run(*command, "--help").output


@pytest.mark.slow
@pytest.mark.data
def test_prepare_counts_the_faces_that_are_not_there(kvae_data, celeba_counts):
    output = run("prepare", "celeba", "--data-dir", kvae_data / "celeba").output
    assert "{:,} train, {:,} validation, {:,} test (official)".format(*celeba_counts) in output
    missing = 202_599 - sum(celeba_counts)
    assert (f"{missing:,} named by the lists, but not there" in output) == (missing > 0)


def test_prepare_prints_at_most_six_lines(tmp_path):
    from PIL import Image

    for number in range(40):
        folder = tmp_path / "set" / ("train", "val")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{number}.{('png', 'jfif', 'avif')[number % 3]}"
        Image.linear_gradient("L").resize((8 + number, 9)).save(folder / name)
        (folder / f"{number}.kind{number}").touch()
    output = run("prepare", tmp_path / "set", "--image-size", "8").output
    assert output.count("\n") == 6
    for line in (
        "set: 40 images 8×8×3; licence: ",
        f"  from      folder of images: {tmp_path / 'set'}",
        "  taken     14 .png, 13 .jfif, 13 .avif",
        "  left out  1 .kind0: no image (train/0.kind0); ",
        "34 for 34 other reasons",
        "  split     20 train, 20 validation, 0 test (official)",
        "  prepared  ",
    ):
        assert line in output


def test_names_are_printed_without_control_characters(cache, tmp_path):
    np.save(tmp_path / "a\x1b[31mb.npy", np.random.default_rng(0).integers(0, 256, (9, 8, 8)))
    output = run("prepare", tmp_path / "a\x1b[31mb.npy").output
    output += run("list").output + run("verify").output
    assert "a�[31mb" in output
    assert "\x1b" not in output


def test_verify_names_and_removes_what_is_damaged(cache):
    run("prepare", "digits")
    assert "as it was written" in run("verify").output
    file = next(cache.glob("*/known.npz"))
    file.write_bytes(file.read_bytes()[:-1])
    result = run("verify")
    assert result.exit_code == 1
    assert "damaged and removed: known.npz must have" in result.output
    assert "1 prepared set damaged; 1 removed." in result.output
    assert run("verify").exit_code == 0


def test_a_set_of_another_version_is_listed_as_such(cache):
    run("prepare", "digits")
    file = next(cache.glob("*/about.json"))
    assert "another version" not in run("list").output
    file.write_text(file.read_text().replace('"version": ', '"version": 9'))
    line = f"\n{file.parent} is of another version of kvae and is not used: it can be removed\n"
    assert line in run("list").output
    result = run("verify")
    assert result.output == f"{file.parent}: not read: it is of another version of kvae\n"
    assert result.exit_code == 0


def test_a_limit_of_pixels_leaves_out_larger_images(tmp_path):
    from PIL import Image

    for number in range(3):
        Image.linear_gradient("L").resize((8, 8 + number)).save(tmp_path / f"{number}.png")
    output = run("prepare", tmp_path, "--image-size", "4", "--max-pixels", "72").output
    assert "1 damaged (2.png: too large: 10×8 = " in output


def test_faces_of_photos_are_aligned_and_the_others_left_out(kvae, couple, astronaut, tmp_path):
    from keras_vae.datasets import load_dataset
    from keras_vae.faces.crops import align_largest
    from keras_vae.files.photos import open_photo, prepare

    album = tmp_path / "album"
    album.mkdir()
    couple.save(album / "couple.png")
    astronaut.rotate(10).save(album / "turned.png")
    Image.new("RGB", (90, 70), "peru").save(album / "wall.png")
    result = kvae("data", "prepare", "album", "--align-faces", "--image-size", "32")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].startswith("album: 2 images 32×32×3")
    assert "folder of images, faces aligned" in lines[1]
    assert lines[2] == "  taken     2 .png"
    assert "1 without a face (wall.png)" in lines[3]
    assert len(lines) <= 6
    from keras_vae.cli.data_source import DataSource

    prepared = DataSource(align_faces=True).load("album", (32, 32), 3)
    for name, image in zip(prepared.names, prepared.images, strict=True):
        expected = prepare(align_largest(open_photo(album / str(name))), (32, 32))
        np.testing.assert_array_equal(image, expected)
    assert prepared.provenance["aligned"] is True
    assert load_dataset(album, image_size=(32, 32)).images.shape[0] == 3


def test_a_process_prints_no_warnings_of_decoders(tmp_path):
    from PIL import Image

    exif = b"Exif\0\0II*\0\x08\0\0\0\x05\0\x12\x01"  # cut short
    for name in ("0.jpg", "1.png", "2.webp"):
        Image.linear_gradient("L").resize((8, 8)).save(tmp_path / name, exif=exif)
    command = [sys.executable, "-m", "keras_vae.cli.main", "data", "prepare", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False)
    assert done.stderr == ""
    assert done.stdout.count("\n") == 6


def test_a_name_of_a_known_set_that_is_also_a_folder_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("prepare", "digits").stderr == ""
    (tmp_path / "digits").mkdir()
    for number in range(2):
        Image.linear_gradient("L").rotate(90 * number).save(tmp_path / f"digits/{number}.png")
    told = "Note: digits is the data set Digits of scikit-learn; ./digits takes the folder of this"
    named = run("prepare", "digits")
    assert told in named.stderr
    assert "1,797 images" in named.stdout
    folder = run("prepare", "./digits")
    assert folder.stderr == ""
    assert "2 images" in folder.stdout
