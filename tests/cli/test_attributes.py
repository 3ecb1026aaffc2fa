import json

import numpy as np
import pytest
from PIL import Image

from keras_vae.attributes import Attributes, contributions, mean_difference


def test_list_names_every_attribute_with_its_counts(kvae, directions):
    result = kvae("attributes", "list", "--model", "colour")
    assert result.exit_code == 0, result.output
    head, *rows = result.stdout.splitlines()
    assert head.split() == ["attribute", "length", "with", "without"]
    assert [row.split()[0] for row in rows] == list(directions.names)
    assert rows[1].split()[2:] == ["7", "93"]
    lengths = [float(row.split()[1]) for row in rows]
    np.testing.assert_allclose(lengths, np.linalg.norm(directions.directions, axis=1), atol=0.01)


def test_list_as_json(kvae, directions):
    rows = json.loads(kvae("attributes", "list", "--model", "colour", "--json").stdout)
    assert [row["name"] for row in rows] == list(directions.names)
    assert (rows[1]["with"], rows[1]["without"]) == (7, 93)


def test_model_without_attributes_is_an_error(kvae):
    for arguments in (["list"], ["contributions", "--to", "Smiling"]):
        result = kvae("attributes", *arguments, "--model", "grey")
        assert result.exit_code == 1
        assert "has no attributes" in str(result.exception)


def test_contributions_are_sorted_by_the_dot_product(kvae, directions, tmp_path):
    expected = contributions(directions.directions, directions.names, "Attractive")
    arguments = ("attributes", "contributions", "--to", "Attractive", "--model", "colour")
    result = kvae(*arguments, "--out", "bars.png")
    assert result.exit_code == 0, result.output
    _, *rows, path = result.stdout.splitlines()
    assert [row.split()[0] for row in rows] == [entry.name for entry in expected]
    for row, entry in zip(rows, expected, strict=True):
        np.testing.assert_allclose(
            [float(value) for value in row.split()[1:]], [entry.dot, entry.cosine], atol=1e-3
        )
    assert path == "bars.png"
    assert min(Image.open(tmp_path / "bars.png").size) > 100
    table = json.loads(kvae(*arguments, "--json").stdout)
    assert table[0] == pytest.approx(vars(expected[0]))


def test_contributions_to_an_unknown_attribute(kvae):
    result = kvae("attributes", "contributions", "--to", "Attractiv", "--model", "colour")
    assert result.exit_code == 1
    assert "Did you mean 'Attractive'" in str(result.exception)


def test_fit_writes_directions_of_the_training_split(kvae, labelled, colour_model, tmp_path):
    result = kvae("attributes", "fit", labelled, "--model", "colour", "--out", "own.npz")
    assert result.exit_code == 0, result.output
    assert "2 directions, from 48 images: own.npz" in result.stdout
    fitted = Attributes.load(tmp_path / "own.npz")
    with np.load(labelled) as data:
        z_mean, _ = colour_model.encode(data["images"][:48])
        expected = mean_difference(z_mean, data["attributes"][:48])
    assert fitted.names == ("Bright", "Third")
    np.testing.assert_allclose(fitted.directions, expected, atol=1e-5)
    listed = kvae("attributes", "list", "--model", "colour", "--directions", "own.npz").stdout
    assert listed.splitlines()[1].split()[2:] == ["24", "24"]


def test_fit_needs_attributes_and_an_npz(kvae, tmp_path, photos):
    np.savez(tmp_path / "bare.npz", images=photos[:20])
    result = kvae("attributes", "fit", "bare.npz", "--model", "colour")
    assert result.exit_code == 1
    assert "attributes" in str(result.exception)
    result = kvae("attributes", "fit", "bare.npz", "--model", "colour", "--out", "own.txt")
    assert result.exit_code == 2


def test_fit_overwrites_only_when_told(kvae, labelled, tmp_path):
    (tmp_path / "directions.npz").write_bytes(b"precious")
    result = kvae("attributes", "fit", labelled, "--model", "colour")
    assert result.exit_code == 1
    assert "--overwrite" in str(result.exception)
    assert (tmp_path / "directions.npz").read_bytes() == b"precious"
