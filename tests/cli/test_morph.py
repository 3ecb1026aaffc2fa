import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from keras_vae import plotting
from keras_vae.cli.morph import title_of
from keras_vae.files.photos import open_photo, prepare

MORPH = [sys.executable, "-m", "keras_vae.cli.main", "morph", "--model", "colour"]


def test_title_is_the_sum():
    assert title_of([("Smiling", 1.0)]) == "Smiling"
    minus = "\N{MINUS SIGN}"
    assert title_of([("A", -1.0), ("B", 0.5)]) == f"n × ({minus} A + 0.5 B)"
    assert title_of([("A", 2.0), ("B", -1.0)]) == f"n × (2 A {minus} B)"


@pytest.fixture
def expected_strip(colour_model, directions, photo_files):
    """The strip that a morph must write, put together by hand."""

    def build(move, steps, title):
        originals = np.stack([prepare(open_photo(file), (32, 32)) for file in photo_files])
        z_mean, _ = colour_model.encode(originals)
        frames = [colour_model.decode(z_mean + n * move) for n in steps]
        rows = np.stack([originals, *frames], axis=1)
        labels = ["original", *plotting.step_labels(steps, notes={0: "reconstruction"})]
        return plotting.strip(rows, labels, [file.name for file in photo_files], title)

    return build


def test_strip_shows_original_reconstruction_and_each_n(
    kvae, photo_files, directions, expected_strip, tmp_path
):
    result = kvae(
        "morph", *photo_files, "--model", "colour", "--attr", "Smiling", "--steps", "-3:3"
    )
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == ["morph.png"]
    assert result.stderr == ""
    strip = expected_strip(directions.direction("Smiling"), range(-3, 4), "Smiling")
    np.testing.assert_array_equal(Image.open(tmp_path / "morph.png"), strip)


def test_several_attributes_add_up(kvae, photo_files, directions, expected_strip, tmp_path):
    result = kvae(
        *("morph", *photo_files, "--model", "colour", "--out", "sum.png"),
        *("--attr", "Smiling", "--attr", "Young=-0.5", "--steps=-2,0,1.5"),
    )
    assert result.exit_code == 0, result.output
    move = directions.direction("Smiling") - 0.5 * directions.direction("Young")
    title = "n × (Smiling \N{MINUS SIGN} 0.5 Young)"
    strip = expected_strip(move, (-2, 0, 1.5), title)
    np.testing.assert_array_equal(Image.open(tmp_path / "sum.png"), strip)


def test_strip_without_0_still_shows_the_reconstruction(
    kvae, photo_files, directions, expected_strip, tmp_path
):
    result = kvae("morph", *photo_files, "--model=colour", "--attr=Young", "--steps", "-2,2")
    assert result.exit_code == 0, result.output
    strip = expected_strip(directions.direction("Young"), (0, -2, 2), "Young")
    np.testing.assert_array_equal(Image.open(tmp_path / "morph.png"), strip)


def test_attractive_comes_with_a_notice(kvae, photo_files):
    result = kvae("morph", photo_files[0], "--model", "colour", "--attr", "Attractive=2")
    assert result.exit_code == 0, result.output
    (line,) = result.stderr.splitlines()
    assert "not a fact about a person" in line
    assert "kvae models show colour --card" in line


def test_wrong_attribute_is_answered_with_near_ones(kvae, photo_files, tmp_path):
    result = kvae("morph", photo_files[0], "--model", "colour", "--attr", "smile")
    assert result.exit_code == 1
    assert "Did you mean 'Smiling'" in str(result.exception)
    assert not (tmp_path / "morph.png").exists()


def test_model_without_attributes_says_how_to_get_some(kvae, photo_files):
    result = kvae("morph", photo_files[0], "--model", "grey", "--attr", "Smiling")
    assert result.exit_code == 1
    assert "kvae attributes fit" in str(result.exception)


def test_directions_come_from_a_file(kvae, photo_files, expected_strip, tmp_path):
    from keras_vae.latent_space.attributes import Attributes

    delta = np.full((1, 6), 0.7, np.float32)
    Attributes(("Own",), delta).save(tmp_path / "own.npz")
    options = ("--model", "colour", "--directions", "own.npz", "--steps", "-1:1")
    result = kvae("morph", *photo_files, *options, "--attr", "Own")
    assert result.exit_code == 0, result.output
    strip = expected_strip(delta[0], (-1, 0, 1), "Own")
    np.testing.assert_array_equal(Image.open(tmp_path / "morph.png"), strip)
    Attributes(("Own",), delta[:, :5]).save(tmp_path / "own.npz", overwrite=True)
    result = kvae("morph", *photo_files, *options, "--attr", "Own", "--overwrite")
    assert "was fitted to another model" in str(result.exception)


@pytest.mark.parametrize(
    "arguments",
    [
        ["first.jpg"],
        ["--attr", "Smiling"],
        ["first.jpg", "--seed", 1, "--attr", "Smiling"],
        ["first.jpg", "--attr", "Smiling", "--grid", "Smiling=0:1", "Young=0:1"],
        ["first.jpg", "--grid", "Smiling=0:1", "Smiling=0:2"],
        ["first.jpg", "second.png", "--grid", "Smiling=0:1", "Young=0:1"],
        ["first.jpg", "--grid", "Smiling=0:1", "Young=0:1", "--gif", "a.gif"],
        ["first.jpg", "--grid", "Smiling=0:1", "Young=0:1", "--steps", "0:1"],
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(kvae, photo_files, tmp_path, arguments):
    result = kvae("morph", "--model", "colour", *arguments)
    assert result.exit_code == 2
    assert "Give" in result.output or "--grid" in result.output
    assert not (tmp_path / "morph.png").exists()


def test_grid_is_a_table_of_two_attributes(
    kvae, colour_model, directions, photo_files, tmp_path, read_json
):
    result = kvae(
        *("morph", photo_files[0], "--model", "colour", "--json", "table.json"),
        *("--grid", "Smiling=-1:1", "Young=0:2:0.5"),
    )
    assert result.exit_code == 0, result.output
    z_mean, _ = colour_model.encode(prepare(open_photo(photo_files[0]), (32, 32))[None])
    smiling, young = (directions.direction(name) for name in ("Smiling", "Young"))
    xs, ys = (-1, 0, 1), (0, 0.5, 1, 1.5, 2)
    rows = [
        colour_model.decode(np.stack([z_mean[0] + x * smiling + y * young for x in xs])) for y in ys
    ]
    minus = "\N{MINUS SIGN}"
    table = plotting.strip(
        rows,
        [f"Smiling\nn = {minus}1", "Smiling\nn = 0", "Smiling\nn = 1"],
        [f"Young\nn = {y}" for y in ("0", "0.5", "1", "1.5", "2")],
    )
    np.testing.assert_array_equal(Image.open(tmp_path / "morph.png"), table)
    cells = read_json("table.json")
    assert [(cell["Smiling"], cell["Young"]) for cell in cells[:4]] == [
        (-1, 0),
        (0, 0),
        (1, 0),
        (-1, 0.5),
    ]
    np.testing.assert_allclose(cells[1]["z"], z_mean[0], rtol=1e-6)


def test_seed_is_morphed_without_a_photo(kvae, colour_model, directions, tmp_path):
    result = kvae(
        *("morph", "--model", "colour", "--seed", 7, "--temperature", 0.5),
        *("--attr", "Smiling", "--steps", "0,2"),
    )
    assert result.exit_code == 0, result.output
    generated, z = colour_model.sample([7], 0.5)
    moved = colour_model.decode(z + 2 * directions.direction("Smiling"))
    strip = plotting.strip(
        [np.concatenate([generated, moved])], ["n = 0\n(seed 7)", "n = 2"], None, "Smiling"
    )
    np.testing.assert_array_equal(Image.open(tmp_path / "morph.png"), strip)


def test_numbers_are_the_latents_behind_the_strip(
    kvae, colour_model, directions, photo_files, read_json
):
    kvae(
        *("morph", *photo_files, "--model", "colour", "--attr", "Young", "--steps", "-1:1"),
        *("--json", "morph.json"),
    )
    originals = np.stack([prepare(open_photo(file), (32, 32)) for file in photo_files])
    z_mean, _ = colour_model.encode(originals)
    rows = read_json("morph.json")
    assert [(row["image"], row["n"]) for row in rows] == [
        (name, n) for name in ("first.jpg", "second.png") for n in (-1, 0, 1)
    ]
    for row, z in zip(rows, np.repeat(z_mean, 3, axis=0), strict=True):
        expected = z + row["n"] * directions.direction("Young")
        np.testing.assert_allclose(row["z"], expected, rtol=1e-5, atol=1e-6)


def test_animation_goes_through_the_strip_and_back(
    kvae, colour_model, directions, photo_files, gif_frames
):
    result = kvae(
        *("morph", photo_files[0], "--model", "colour", "--attr", "Smiling", "--steps", "-2:2"),
        *("--gif", "morph.gif"),
    )
    assert result.stdout.splitlines() == ["morph.png", "morph.gif"]
    original = prepare(open_photo(photo_files[0]), (32, 32))[None]
    z_mean, _ = colour_model.encode(original)
    sweep = plotting.sweep(range(-2, 3))
    there = [
        plotting.strip(
            [
                np.concatenate(
                    [original, colour_model.decode(z_mean + n * directions.direction("Smiling"))]
                )
            ],
            ["original", label],
            None,
            "Smiling",
            cell=plotting.FRAME_CELL,
        )
        for n, label in zip(sweep, plotting.step_labels(sweep), strict=True)
    ]
    gif_frames("morph.gif", [*there, *there[-2:0:-1]])


def test_files_that_exist_are_refused_before_any_work(kvae, photo_files, tmp_path, monkeypatch):
    from keras_vae.inference import registry as runtime

    monkeypatch.setattr(runtime, "load", lambda name, **_: pytest.fail("work was begun"))
    for option, name in (("--gif", "a.gif"), ("--csv", "a.csv"), ("--json", "a.json")):
        (tmp_path / name).write_bytes(b"precious")
        result = kvae("morph", photo_files[0], "--attr", "Smiling", option, name)
        assert result.exit_code == 1
        assert f"{name} exists" in str(result.exception)
        assert (tmp_path / name).read_bytes() == b"precious"
    result = kvae("morph", photo_files[0], "--attr", "Smiling", "--gif", "a.png")
    assert "must end in .gif" in str(result.exception)


@pytest.mark.parametrize(
    ("arguments", "status", "reason"),
    [
        (["first.jpg", "--attr", "Smilin"], 1, "Did you mean 'Smiling'?"),
        (["notes.txt", "--attr", "Smiling"], 1, "notes.txt is not an image that can be read: "),
        (
            ["first.jpg", "--attr", "Smiling", "--steps", "a:b"],
            2,
            "'a:b' is not a list of at most 100 steps",
        ),
    ],
)
def test_process_fails_with_one_line(photo_files, tmp_path, models_dir, arguments, status, reason):
    (tmp_path / "notes.txt").write_text("no image")
    done = subprocess.run(
        [*MORPH, *arguments],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "KVAE_MODELS": str(models_dir)},
    )
    assert done.returncode == status
    assert reason in done.stderr
    assert done.stdout == ""
    assert status == 2 or len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_process_is_quiet(photo_files, tmp_path, models_dir):
    done = subprocess.run(
        [*MORPH, "first.jpg", "--attr", "Smiling", "--steps", "-3:3"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "KVAE_MODELS": str(models_dir)},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "morph.png\n", "")


@pytest.fixture
def faces(monkeypatch):
    """Let the models of the tests pass for models of aligned faces."""
    from keras_vae.inference.saved_model import SavedModel

    monkeypatch.setattr(SavedModel, "of_aligned_faces", True)


@pytest.fixture
def photo(astronaut, tmp_path):
    astronaut.save(tmp_path / "astronaut.png")
    return np.asarray(astronaut, int)


FULL_SIZE = ("morph", "astronaut.png", "--model", "colour", "--attr", "Smiling", "--full-size")


def test_full_size_edits_the_photo_where_the_face_is(
    kvae, faces, photo, directions, colour_model, astronaut, tmp_path, read_json
):
    from keras_vae.faces.crops import crop_faces

    result = kvae(*FULL_SIZE, "--steps", "-1:1", "--json", "z.json")
    assert result.exit_code == 0, result.output
    names = [f"morph_{n}.png" for n in (-1, 0, 1)]
    assert result.stdout.splitlines() == [*names, "z.json"]
    minus, zero, plus = (np.asarray(Image.open(tmp_path / name), int) for name in names)
    np.testing.assert_array_equal(zero, photo)

    (crop,) = crop_faces(astronaut, (32, 32, 3))
    z, _ = colour_model.encode(crop.pixels[None])
    np.testing.assert_allclose([row["z"] for row in read_json("z.json")][1], z[0], rtol=1e-5)
    before, after = colour_model.decode(
        np.concatenate([z, z + directions.direction("Smiling")])
    ).astype(int)
    middle = np.rint(crop.to_photo(np.array([16, 16]))).astype(int)
    expected = (after - before)[14:18, 14:18].mean(axis=(0, 1))
    found = (plus - photo)[middle[1] - 3 : middle[1] + 3, middle[0] - 3 : middle[0] + 3]
    np.testing.assert_allclose(found.mean(axis=(0, 1)), expected, atol=6)

    left, upper, right, lower = crop.to_photo.bounds((32, 32))
    for edited in (minus, plus):
        rows, columns = np.nonzero((edited != photo).any(axis=-1))
        assert left <= columns.min() < columns.max() <= right
        assert upper <= rows.min() < rows.max() <= lower


def test_full_size_takes_several_photos_and_faces(kvae, faces, photo, couple, tmp_path):
    result = kvae(
        *("morph", "astronaut.png", "couple.png", "--model", "colour", "--attr", "Smiling"),
        *("--full-size", "--face", "all", "--steps", "1", "--out", "new/edit.png"),
    )
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == ["new/edit_astronaut.png", "new/edit_couple.png"]
    edited = np.asarray(Image.open(tmp_path / "new/edit_couple.png"), int)
    changed = (edited != np.asarray(couple)).any(axis=(0, 2))
    assert changed[:300].any()
    assert changed[305:].any()
    single = np.asarray(Image.open(tmp_path / "new/edit_astronaut.png"), int)
    np.testing.assert_allclose(edited[4:516, 305:817] - single, 0, atol=40)


def test_a_photo_without_a_face_is_listed_and_the_others_go_on(kvae, faces, photo, tmp_path):
    Image.new("RGB", (90, 70), "peru").save(tmp_path / "wall.png")
    photos = ("morph", "astronaut.png", "wall.png", "--model", "colour", "--attr", "Smiling")
    expected = [
        "1 of 2 images was left out:",
        "  wall.png: No face was detected. Use --no-align to take its middle.",
    ]
    strip = kvae(*photos, "--csv", "z.csv")
    edits = kvae(*photos, "--full-size", "--steps", "1", "--out", "edit.png")
    for result, files in ((strip, ["morph.png", "z.csv"]), (edits, ["edit_astronaut.png"])):
        assert result.exit_code == 0, result.output
        assert result.stdout.splitlines() == files
        assert result.stderr.splitlines() == expected
    alone = kvae("morph", "wall.png", "--model", "colour", "--attr", "Smiling", "--out", "a.png")
    assert alone.exit_code == 1
    assert str(alone.exception).startswith("wall.png: No face was detected.")


def test_full_size_leaves_out_a_photo_that_the_format_does_not_take(kvae, photo_files, tmp_path):
    Image.new("RGB", (17_000, 2)).save("long.png")
    result = kvae(
        *("morph", "long.png", photo_files[0], "--model", "colour", "--attr", "Smiling"),
        *("--full-size", "--steps", "1", "--out", "edit.webp"),
    )
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == ["edit_first.webp"]
    reason = "long.png: edit.webp: WEBP does not take a picture of 17000×2 pixels."
    assert result.stderr.splitlines()[1].startswith(f"  {reason}")


def test_full_size_without_alignment_edits_the_middle(kvae, faces, photo, tmp_path):
    result = kvae(*FULL_SIZE, "--no-align", "--steps", "1", "--out", "edit.png")
    assert result.exit_code == 0, result.output
    changed = np.asarray(Image.open(tmp_path / "edit.png"), int) != photo
    rows, columns = np.nonzero(changed.any(axis=-1))
    assert rows.min() < 30
    assert columns.max() > 400  # the face ends before 310


def test_full_size_animation_is_reduced(kvae, faces, astronaut, tmp_path):
    wide = Image.new("RGB", (1280, 800), "grey")
    wide.paste(astronaut, (300, 200))
    wide.save(tmp_path / "astronaut.png")
    result = kvae(*FULL_SIZE, "--steps", "0,1", "--gif", "edit.gif")
    assert result.stdout.splitlines() == ["morph_0.png", "morph_1.png", "edit.gif"]
    with Image.open(tmp_path / "edit.gif") as gif:
        assert gif.size == (640, 400)
        assert gif.n_frames == 48
        gif.seek(24)  # n = 1
        seen = np.asarray(gif.convert("RGB").resize((64, 40), Image.Resampling.BOX), int)
    full = Image.open(tmp_path / "morph_1.png").resize((64, 40), Image.Resampling.BOX)
    assert np.abs(seen - np.asarray(full, int)).mean() < 3


def test_full_size_animation_of_one_n_sets_out_from_the_photo(kvae, faces, photo, tmp_path):
    result = kvae(*FULL_SIZE, "--steps", "2", "--gif", "edit.gif")
    assert result.stdout.splitlines() == ["morph.png", "edit.gif"]
    with Image.open(tmp_path / "edit.gif") as gif:
        assert gif.n_frames == 48
        for frame, expected in ((0, "astronaut.png"), (24, "morph.png")):
            gif.seek(frame)
            seen, meant = (
                np.asarray(image.convert("RGB").resize((64, 64), Image.Resampling.BOX), int)
                for image in (gif, Image.open(tmp_path / expected))
            )
            assert np.abs(seen - meant).mean() < 3, frame


def test_full_size_needs_only_what_it_writes_to_be_free(kvae, faces, photo, tmp_path):
    (tmp_path / "morph.png").write_bytes(b"precious")
    result = kvae(*FULL_SIZE, "--steps", "0,1")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == ["morph_0.png", "morph_1.png"]
    assert (tmp_path / "morph.png").read_bytes() == b"precious"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--seed", "1", "--attr", "Young"], "--full-size takes photos and --attr"),
        (["a.png", "--grid", "Young=0:1", "Smiling=0:1"], "--full-size takes photos and --attr"),
        (["a.png", "b.png", "--attr", "Young", "--gif", "a.gif"], "takes one photo"),
        (
            ["a.png", "b.png", "sub/a.png", "--attr", "Young"],
            "become those of their results. Received: a.png, sub/a.png. Rename them, or",
        ),
    ],
)
def test_full_size_refuses_what_it_cannot_do(kvae, astronaut, tmp_path, arguments, told):
    (tmp_path / "sub").mkdir()
    for name in ("a.png", "b.png", "sub/a.png"):
        astronaut.save(tmp_path / name)
    result = kvae("morph", "--full-size", "--model", "colour", *arguments)
    assert result.exit_code in (1, 2)
    assert told in result.output + str(result.exception)


def test_full_size_refuses_files_that_exist_before_any_work(kvae, photo, tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "open", lambda *_: pytest.fail("work was begun"))
    (tmp_path / "morph_1.png").write_bytes(b"precious")
    result = kvae(*FULL_SIZE, "--steps", "0,1")
    assert "morph_1.png exists" in str(result.exception)
    assert (tmp_path / "morph_1.png").read_bytes() == b"precious"
