import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_vae.datasets import load_dataset
from keras_vae.datasets.binarization import binarize


@pytest.fixture
def album(tmp_path, photos):
    """Four photos of the model's size in a folder and its subfolder, and a bad file."""
    (tmp_path / "album" / "deep").mkdir(parents=True)
    for name, tile in zip(
        ("a.png", "b.png", "deep/a.png", "deep/c.png"), photos[90:], strict=False
    ):
        Image.fromarray(tile).save(tmp_path / "album" / name)
    (tmp_path / "album" / "bad.jpg").write_bytes(b"no image")
    return tmp_path / "album"


def test_a_folder_is_encoded_with_file_names(kvae, colour_model, album, photos, tmp_path):
    result = kvae("encode", "album", "--model", "colour", "--out", "z.npz")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == ["z.npz: 4 images"]
    assert result.stderr.splitlines()[0] == "1 of 5 images was left out:"
    assert "bad.jpg" in result.stderr.splitlines()[1]
    with np.load(tmp_path / "z.npz") as found:
        assert sorted(found) == ["names", "z_log_var", "z_mean"]
        assert found["names"].tolist() == ["a.png", "b.png", "deep/a.png", "deep/c.png"]
        z_mean, z_log_var = colour_model.encode(photos[90:94])
        np.testing.assert_allclose(found["z_mean"], z_mean, atol=1e-5)
        np.testing.assert_allclose(found["z_log_var"], z_log_var, atol=1e-5)


def test_a_folder_has_one_range_in_every_command(kvae, colour_model, photos, caplog, read_json):
    """By its own values, the dark photo would be of 10 bits and bright."""
    Path("deep").mkdir()
    levels = photos[100][..., 0].astype(np.uint16)
    for name, values in (("bright", levels * 257), ("dark", levels)):
        Image.fromarray(values + 300).save(f"deep/{name}.png")
    encode = kvae("encode", "deep", "--model", "colour", "--out", "z.npz")
    moved = kvae(
        *("morph", "deep", "--model", "colour", "--attr", "Young", "--steps", "0"),
        *("--json", "z.json"),
    )
    files = kvae("reconstruct", "deep", "--model", "colour", "--out", "out")
    for result in (encode, moved, files):
        assert result.exit_code == 0, result.output
    note = "deep: pixels of 0 … 65535 (uint16) were converted to 0 … 255."
    assert [record.getMessage() for record in caplog.records] == [note] * 3
    with np.load("z.npz") as found:
        z = found["z_mean"]
    np.testing.assert_allclose([row["z"] for row in read_json("z.json")], z, rtol=1e-4, atol=1e-4)
    dark = np.repeat((levels + 300 >> 8).astype(np.uint8)[..., None], 3, axis=-1)
    np.testing.assert_allclose(z[1], colour_model.encode(dark).z_mean[0], atol=1e-4)
    written = np.asarray(Image.open("out/dark.png"), int)
    assert np.abs(written - colour_model.decode(z[1:])[0]).max() <= 1


@pytest.mark.parametrize("command", ["encode", "reconstruct"])
def test_an_image_of_no_known_range_is_left_out_by_name(command, kvae, photos):
    Path("mixed").mkdir()
    Image.fromarray(photos[100][..., 0].astype(np.int32) * 9000).save("mixed/a.tiff")
    Image.fromarray(photos[101]).save("mixed/b.png")
    options = ("mixed", "--model", "colour", "--out", {"encode": "z.npz"}.get(command, "out"))
    result = kvae(command, *options)
    assert result.exit_code == 0, result.output
    assert "1 of 2 images was left out:\n  a.tiff: `images` must be uint8" in result.stderr
    Path("mixed/b.png").unlink()
    result = kvae(command, *options, "--overwrite")
    assert str(result.exception).startswith("a.tiff: `images` must be uint8")


def test_what_is_known_of_the_images_is_beside_their_latents(
    kvae, colour_model, labelled, tmp_path
):
    for out in ("z.npz", "z.csv"):
        result = kvae("encode", labelled, "--model", "colour", "--out", out)
        assert result.exit_code == 0, result.output
    with np.load(labelled) as given, np.load(tmp_path / "z.npz") as found:
        for name in ("attributes", "attribute_names", "partition"):
            np.testing.assert_array_equal(found[name], given[name])
        z_mean, _ = colour_model.encode(given["images"])
        np.testing.assert_allclose(found["z_mean"], z_mean, atol=1e-5)
        with (tmp_path / "z.csv").open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert [int(row["Bright"]) for row in rows] == given["attributes"][:, 0].tolist()
        assert rows[50]["split"] == "validation"
        written = [[float(row[f"z_mean_{axis}"]) for axis in range(6)] for row in rows]
        np.testing.assert_allclose(written, found["z_mean"], rtol=1e-6)


@pytest.mark.parametrize("name", ["name", "split", "z_mean_0"])
def test_an_attribute_that_would_take_the_place_of_a_column_is_refused(kvae, album, name, tmp_path):
    for split in ("train", "test"):
        (album / "deep").rename(album / split) if split == "test" else (album / split).mkdir()
    for photo in album.glob("*.png"):
        photo.rename(album / "train" / f"{photo.stem}1.png")
    photos = sorted(path.relative_to(album).as_posix() for path in album.glob("*/*.png"))
    lines = [f"image,Smiling,{name}", *(f"{photo},1,-1" for photo in photos)]
    (album / "attributes.csv").write_text("\n".join(lines))
    result = kvae("encode", "album", "--model", "colour", "--out", "z.csv")
    assert result.exit_code == 1
    assert f"an attribute called '{name}', as another column. Rename it." in str(result.exception)
    assert not (tmp_path / "z.csv").exists()
    result = kvae("encode", "album", "--model", "colour", "--out", "z.npz")
    assert result.exit_code == 0, result.output


def test_an_attribute_called_label_is_a_column_where_there_are_no_classes(kvae, album):
    lines = ["image,label", "a,1", "b,-1", "deep/a,-1", "deep/c,1"]
    (album / "attributes.csv").write_text("\n".join(lines))
    assert kvae("encode", "album", "--model", "colour", "--out", "z.csv").exit_code == 0
    with Path("z.csv").open(encoding="utf-8", newline="") as stream:
        assert [row["label"] for row in csv.DictReader(stream)] == ["1", "-1", "-1", "1"]


def test_a_split_is_encoded_with_labels(kvae, grey_model, digits, tmp_path):
    options = ("--model", "grey", "--split", "test")
    result = kvae("encode", "digits", *options, "--out", "z.csv")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == ["z.csv: 179 images"]
    with (tmp_path / "z.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    indices = [int(row["name"].removeprefix("image ")) for row in rows]
    assert [row["label"] for row in rows] == [str(label) for label in digits.labels[indices]]
    z_mean, _ = grey_model.encode(digits.images[indices])
    written = [[float(row[f"z_mean_{axis}"]) for axis in range(4)] for row in rows]
    np.testing.assert_allclose(written, z_mean, atol=1e-5)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_a_split_is_that_of_training_also_with_a_damaged_image(
    kvae, album, photos, tmp_path, split
):
    for number, tile in enumerate(photos[:40]):
        Image.fromarray(tile).save(tmp_path / "album" / f"{number:02d}.png")
    options = ("--model", "colour", "--split", split, "--cache-dir", "cache")
    assert kvae("encode", "album", *options, "--out", "z.npz").exit_code == 0
    trained_on = load_dataset("album", image_size=(32, 32), cache_dir="cache")
    assert trained_on.provenance["account"]["left_out"], "no image is damaged"
    with np.load(tmp_path / "z.npz") as found:
        expected = trained_on.names[trained_on.indices(split)].tolist()
        assert found["names"].tolist() == expected


def test_a_split_without_images_names_those_that_have_some(kvae, album):
    result = kvae("encode", "album", "--model", "colour", "--split", "test", "--out", "z.npz")
    assert "has no test images. It has: train (4)" in str(result.exception)


def test_images_are_binarized_as_in_training(kvae, grey_model, digits, tmp_path, monkeypatch):
    from keras_vae.cli import encode

    monkeypatch.setattr(encode, "binarization_of", lambda model: "static")
    result = kvae("encode", "digits", "--model", "grey", "--out", "z.npz")
    assert result.exit_code == 0, result.output
    z_mean, _ = grey_model.encode(binarize(digits.images, "static"))
    with np.load(tmp_path / "z.npz") as found:
        np.testing.assert_allclose(found["z_mean"], z_mean, atol=1e-5)


def test_floats_are_converted_by_the_range_of_the_whole_set(kvae, colour_model, photos, tmp_path):
    images = photos[90:94] / np.float32(255)
    images[0] /= 4  # a dark image remains dark
    np.savez(tmp_path / "floats.npz", images=images)
    assert kvae("encode", "floats.npz", "--model", "colour", "--out", "z.npz").exit_code == 0
    z_mean, _ = colour_model.encode(np.rint(images * 255).astype(np.uint8))
    with np.load(tmp_path / "z.npz") as found:
        np.testing.assert_allclose(found["z_mean"], z_mean, atol=1e-4)


def test_a_single_image_is_encoded(kvae, album, tmp_path):
    result = kvae("encode", "album/a.png", "--model", "colour", "--out", "z.npz")
    assert result.exit_code == 0, result.output
    assert result.stdout == "z.npz: 1 image\n"
    with np.load(tmp_path / "z.npz") as found:
        assert found["names"].tolist() == ["a.png"]


def test_gray_arrays_are_searched_for_faces(kvae, astronaut, tmp_path):
    grey = np.asarray(astronaut.convert("L"))
    noise = np.random.default_rng(0).integers(0, 256, grey.shape, np.uint8)
    np.save(tmp_path / "grey.npy", np.stack([grey, noise]))
    result = kvae("encode", "grey.npy", "--model", "colour", "--align", "--out", "z.npz")
    assert result.exit_code == 0, result.output
    assert "image 1: No face was detected. Use --no-align" in result.stderr
    with np.load(tmp_path / "z.npz") as found:
        assert found["names"].tolist() == ["image 0"]


def test_the_limit_of_pixels_holds_for_arrays(kvae, photos, tmp_path):
    np.save(tmp_path / "mine.npy", photos[:4])
    options = ("--model", "colour", "--max-pixels", 32 * 32 - 1, "--out", "z.npz")
    result = kvae("encode", "mine.npy", *options)
    assert "32×32 = 1,024 pixels are more than `--max-pixels 1023`" in str(result.exception)


def test_usage_errors(kvae, album, tmp_path):
    result = kvae("encode", "album", "--model", "colour", "--cache-dir", "c", "--out", "z.csv")
    assert "--cache-dir has no effect without --split" in result.output
    for option in (("--data-dir", "."), ("--split", "test"), ("--cache-dir", "c")):
        result = kvae("encode", "album/a.png", "--model", "colour", *option, "--out", "z.csv")
        assert "needs a data set: DATA is an image." in result.output
    result = kvae("encode", "album", "--model", "colour", "--out", "z.txt")
    assert result.exit_code == 2
    assert "must end in .npz or .csv" in result.output
    (tmp_path / "z.npz").write_bytes(b"precious")
    result = kvae("encode", "album", "--model", "colour", "--out", "z.npz")
    assert "z.npz exists" in str(result.exception)
    assert (tmp_path / "z.npz").read_bytes() == b"precious"
    result = kvae("encode", "albumm", "--model", "colour", "--out", "a.npz")
    assert "'albumm' is neither a known data set nor a path that exists" in str(result.exception)
    assert "--model" not in str(result.exception)
    assert not (tmp_path / "a.npz").exists()
