import numpy as np
import pytest
from PIL import Image

from keras_vae import plotting
from keras_vae.files.photos import open_photo, prepare
from keras_vae.files.pictures import CELL
from keras_vae.latent_space.arithmetic import interpolate


@pytest.fixture
def ends(colour_model, photo_files):
    """The latents of the two photos and of seed 5."""
    photos = np.stack([prepare(open_photo(file), (32, 32)) for file in photo_files])
    return np.concatenate([colour_model.encode(photos)[0], colour_model.sample([5])[1]])


@pytest.mark.parametrize("method", ["linear", "spherical"])
def test_rows_lead_from_each_image_to_the_next(
    kvae, colour_model, photo_files, ends, tmp_path, method
):
    result = kvae(
        *("interpolate", *photo_files, 5, "--model", "colour", "--steps", 4, "--method", method)
    )
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == ["interpolate.png"]
    legs = [interpolate(a, b, 4, method) for a, b in (ends[:2], ends[1:])]
    first, second = (prepare(open_photo(file), (32, 32))[None] for file in photo_files)
    rows = [
        np.concatenate([first, colour_model.decode(legs[0]), second]),
        np.concatenate([second, colour_model.decode(legs[1]), np.full_like(second, 255)]),
    ]
    names = ["first.jpg\n→ second.png", "second.png\n→ seed 5"]
    labels = ["original", "t = 0", "t = 0.33", "t = 0.67", "t = 1", "original"]
    strip = plotting.strip(rows, labels, names)
    np.testing.assert_array_equal(Image.open(tmp_path / "interpolate.png"), strip)


def test_ends_are_the_reconstructions(kvae, colour_model, photo_files, ends, read_json):
    files = [prepare(open_photo(file), (32, 32)) for file in photo_files]
    kvae(
        *("interpolate", *photo_files, 5, "--model", "colour", "--steps", 3),
        *("--method", "spherical", "--json", "path.json"),
    )
    rows = read_json("path.json")
    assert [(row["from"], row["to"], row["t"]) for row in rows] == [
        *(("first.jpg", "second.png", t) for t in (0, 0.5, 1)),
        *(("second.png", "seed 5", t) for t in (0, 0.5, 1)),
    ]
    z = np.array([row["z"] for row in rows], np.float32)
    np.testing.assert_array_equal(z[[0, 2, 3, 5]], ends[[0, 1, 1, 2]])
    shown = colour_model.decode(z)
    np.testing.assert_array_equal(shown[[0, 2]], colour_model.reconstruct(np.stack(files)))
    np.testing.assert_array_equal(shown[5], colour_model.sample([5])[0][0])


def test_a_side_without_photos_has_no_place_for_them(kvae, colour_model, photo_files, tmp_path):
    widths = []
    for ends in ([photo_files[0], 5], [5, photo_files[0]], [5, 6], photo_files):
        result = kvae("interpolate", *ends, "--model", "colour", "--steps", 3, "--overwrite")
        assert result.exit_code == 0, result.output
        with Image.open(tmp_path / "interpolate.png") as picture:
            widths.append(picture.width)
    places = (np.array(widths) - widths[2]) // CELL  # the rest is the names' width
    assert places.tolist() == [1, 1, 0, 2]


@pytest.mark.parametrize("name", ["normal", "gmm"])
def test_seed_is_drawn_from_the_prior_at_the_temperature(kvae, colour_model, read_json, name):
    kvae(
        *("interpolate", 1, 2, "--model", "colour", "--steps", 2, "--temperature", 0.25),
        *("--prior", name, "--json", "path.json"),
    )
    z = np.array([row["z"] for row in read_json("path.json")], np.float32)
    np.testing.assert_array_equal(z, colour_model.sample([1, 2], 0.25, name)[1])


def test_animation_goes_along_all_legs_and_back(kvae, grey_model, gif_frames):
    result = kvae("interpolate", 1, 2, 3, "--model", "grey", "--gif", "path.gif")
    assert result.stdout.splitlines() == ["interpolate.png", "path.gif"]
    _, z = grey_model.sample([1, 2, 3])
    path = np.concatenate([interpolate(*z[:2], 25), interpolate(*z[1:], 25)[1:]])
    labels = plotting.step_labels(np.linspace(0, 2, 49), "t")
    assert labels[:3] == ["t = 0", "t = 0.04", "t = 0.08"]
    there = [
        plotting.strip([image[None]], [label], cell=plotting.FRAME_CELL)
        for label, image in zip(labels, grey_model.decode(path), strict=True)
    ]
    gif_frames("path.gif", plotting.there_and_back(there))


def test_each_frame_lies_between_the_photos_that_it_leads_from_and_to(
    kvae, colour_model, photo_files, ends, gif_frames
):
    result = kvae("interpolate", *photo_files, 5, "--model", "colour", "--gif", "path.gif")
    assert result.exit_code == 0, result.output
    first, second = (prepare(open_photo(file), (32, 32))[None] for file in photo_files)
    path = np.concatenate([interpolate(*ends[:2], 25), interpolate(*ends[1:], 25)[1:]])
    pairs = [(first, second)] * 24 + [(second, np.full_like(second, 255))] * 25
    labels = plotting.step_labels(np.linspace(0, 2, 49), "t")
    there = [
        plotting.strip(
            [np.concatenate([left, image[None], right])],
            ["original", label, "original"],
            cell=plotting.FRAME_CELL,
        )
        for image, (left, right), label in zip(
            colour_model.decode(path), pairs, labels, strict=True
        )
    ]
    gif_frames("path.gif", plotting.there_and_back(there))


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "Missing argument"),
        ([1], "at least two"),
        (["missing.jpg", 2], "is not a file or a seed"),
        ([1, 2, "--steps", 1], "--steps"),
        ([1, 2, "--method", "cubic"], "--method"),
    ],
)
def test_wrong_usage_is_exit_status_2(kvae, arguments, reason):
    result = kvae("interpolate", *arguments, "--model", "grey")
    assert result.exit_code == 2
    assert reason in result.output
