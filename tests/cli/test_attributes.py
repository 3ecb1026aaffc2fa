import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from keras_vae.datasets.binarization import binarize
from keras_vae.files.exported import METADATA
from keras_vae.inference import registry as runtime
from keras_vae.latent_space.attributes import (
    Attributes,
    cluster_order,
    contributions,
    cosines,
)


def test_list_names_every_attribute_with_its_counts(kvae, directions):
    result = kvae("attributes", "list", "--model", "colour")
    assert result.exit_code == 0, result.output
    head, *rows = result.stdout.splitlines()
    assert head.split() == ["attribute", "length", "with", "without"]
    assert [row.split()[0] for row in rows] == list(directions.names)
    assert rows[1].split()[2:] == ["7", "93"]
    lengths = [float(row.split()[1]) for row in rows]
    np.testing.assert_allclose(lengths, np.linalg.norm(directions.directions, axis=1), atol=0.01)


def test_list_as_json(kvae, directions, read_json):
    command = ("attributes", "list", "--model", "colour", "--json")
    rows = json.loads(kvae(*command, "-").stdout)
    assert [row["name"] for row in rows] == list(directions.names)
    assert (rows[1]["with"], rows[1]["without"]) == (7, 93)
    assert kvae(*command, "list.json").stdout == "list.json\n"
    assert read_json("list.json") == rows
    assert "--overwrite" in str(kvae(*command, "list.json").exception)


def test_model_without_attributes_is_an_error(kvae):
    for arguments in (["list"], ["contributions", "--to", "Smiling"]):
        result = kvae("attributes", *arguments, "--model", "grey")
        assert result.exit_code == 1
        assert "has no attributes" in str(result.exception)


def test_contributions_are_sorted_by_the_dot_product(kvae, directions, tmp_path):
    expected = contributions(directions, "Attractive")
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
    again = kvae(*arguments, "--json", "-", "--out", "bars.png", "--overwrite")
    assert again.stderr == "bars.png\n"  # standard output is the JSON's alone
    table = json.loads(again.stdout)
    assert (table[0]["name"], table[0]["dot_interval"]) == (expected[0].name, None)
    assert table[0]["dot"] == pytest.approx(expected[0].dot)


def test_contributions_show_the_intervals_of_directions_that_have_them(kvae, directions, tmp_path):
    errors = {"dot_errors": np.full((4, 4), 0.5), "cosine_errors": np.full((4, 4), 0.01)}
    own = Attributes(directions.names, directions.directions, **errors)
    own.save(tmp_path / "own.npz")
    options = ("--to", "Young", "--model", "colour", "--directions", "own.npz")
    result = kvae("attributes", "contributions", *options, "--out", "bars.png")
    assert result.exit_code == 0, result.output
    expected = contributions(own, "Young")
    for row, entry in zip(result.stdout.splitlines()[1:-1], expected, strict=True):
        numbers = row.replace("[", " ").replace("]", " ").replace(",", " ").split()[1:]
        known = (entry.dot, *entry.dot_interval, entry.cosine, *entry.cosine_interval)
        np.testing.assert_allclose([float(number) for number in numbers], known, atol=6e-4)
    table = json.loads(kvae("attributes", "contributions", *options, "--json", "-").stdout)
    assert table[0]["cosine_interval"] == pytest.approx(expected[0].cosine_interval)
    assert (tmp_path / "bars.png").exists()


def test_directions_of_another_model_of_as_many_latents_are_refused(
    kvae, models_dir, labelled, tmp_path
):
    other = tmp_path / "saved_models" / "other" / "1"
    shutil.copytree(models_dir / "colour" / "1", other)
    facts = json.loads((other / METADATA).read_text("utf-8"))
    (other / METADATA).write_text(json.dumps({**facts, "seed": 5}))
    fit = kvae("attributes", "fit", labelled, "--model", "colour", "--out", "d.npz")
    assert fit.exit_code == 0, fit.exception
    shown = kvae("attributes", "list", "--model", "colour", "--directions", "d.npz")
    assert (shown.exit_code, shown.stderr) == (0, "")
    result = kvae(
        "morph", "--seed", 1, "--attr", "Bright", "--model", "other", "--directions", "d.npz"
    )
    message = "d.npz was fitted to another model: to colour/1, not to this other/1."
    assert str(result.exception).startswith(message)


def test_directions_of_an_older_version_are_used_with_a_note(kvae, directions, tmp_path):
    Attributes(directions.names, directions.directions).save(tmp_path / "old.npz")
    result = kvae("attributes", "list", "--model", "colour", "--directions", "old.npz")
    assert result.exit_code == 0
    assert result.stderr == "Note: old.npz does not say which model it was fitted to.\n"


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["attributes", "similarity"], "attribute"),
        (["morph", "--seed", 1, "--grid", "Own=0:1", "z=0:1"], "z"),
        (["manifold", "--size", 2, "--attr", "z_3", "--attr", "Own"], "z_3"),
    ],
)
def test_numbers_of_an_attribute_with_the_name_of_another_column_are_refused(
    kvae, command, name, tmp_path
):
    deltas = np.random.default_rng(0).normal(size=(2, 6)).astype(np.float32)
    Attributes(("Own", name), deltas).save(tmp_path / "own.npz")
    arguments = (*command, "--model", "colour", "--directions", "own.npz", "--out", "a.png")
    for option in ("--csv", "--json"):
        result = kvae(*arguments, option, "numbers")
        assert f"an attribute called '{name}', as another column" in str(result.exception)
        assert [file.name for file in tmp_path.iterdir()] == ["own.npz"]
    assert kvae(*arguments).exit_code == 0  # the picture needs no column


def test_similarity_draws_and_writes_the_cosines_in_clustered_order(kvae, directions, tmp_path):
    arguments = ("attributes", "similarity", "--model", "colour", "--csv", "cosines.csv")
    result = kvae(*arguments)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == ["similarity.png", "cosines.csv"]
    matrix = cosines(directions.directions)
    order = cluster_order(matrix)
    head, *rows = (line.split(",") for line in (tmp_path / "cosines.csv").read_text().splitlines())
    assert head == ["attribute", *(directions.names[index] for index in order)]
    assert [row[0] for row in rows] == head[1:]
    written = np.array([row[1:] for row in rows], float)
    np.testing.assert_allclose(written, matrix[np.ix_(order, order)])
    assert min(Image.open(tmp_path / "similarity.png").size) > 300
    assert "--overwrite" in str(kvae(*arguments).exception)


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
        present = data["attributes"][:48].T > 0
    expected = [z_mean[each].mean(axis=0) - z_mean[~each].mean(axis=0) for each in present]
    assert fitted.names == ("Bright", "Third")
    np.testing.assert_allclose(fitted.directions, expected, atol=1e-5)
    listed = kvae("attributes", "list", "--model", "colour", "--directions", "own.npz").stdout
    assert listed.splitlines()[1].split()[2:4] == ["24", "24"]
    assert result.stdout.splitlines()[:3] == listed.splitlines()  # with scores on 6 held-out images
    assert listed.splitlines()[0].split()[-3:] == ["AUC", "accuracy", "balanced"]
    scores = [[float(score) for score in row.split()[4:]] for row in listed.splitlines()[1:]]
    np.testing.assert_allclose(scores, fitted.scores, atol=6e-4)


def test_fit_binarizes_as_the_models_training_did(
    kvae, labelled, colour_model, monkeypatch, tmp_path
):
    facts = {**colour_model.metadata, "preset": {"binarization": "dynamic"}}
    model = replace(colour_model, metadata=facts)
    monkeypatch.setattr(runtime, "load", lambda name, **_: model)
    result = kvae("attributes", "fit", labelled)
    assert result.exit_code == 0, result.output
    last = "2 directions, from 48 images, binarized as in training (dynamic): directions.npz"
    assert result.stdout.splitlines()[-1] == last
    with np.load(labelled) as data:
        z_mean, _ = model.encode(binarize(data["images"], "dynamic")[:48])
        present = data["attributes"][:48].T > 0
    expected = [z_mean[each].mean(axis=0) - z_mean[~each].mean(axis=0) for each in present]
    fitted = Attributes.load(tmp_path / "directions.npz")
    np.testing.assert_allclose(fitted.directions, expected, atol=1e-5)


def test_fit_by_regression_with_balanced_groups(kvae, labelled, colour_model, tmp_path):
    options = ("--model", "colour", "--method", "logistic", "--balance", "Third")
    result = kvae("attributes", "fit", labelled, *options)
    assert result.exit_code == 0, result.output
    fitted = Attributes.load(tmp_path / "directions.npz")
    with np.load(labelled) as data:
        z_mean, _ = colour_model.encode(data["images"][:48])
        labels, names = data["attributes"][:48], tuple(data["attribute_names"])
    expected = Attributes.fit(z_mean, labels, names, method="logistic", balance=("Third",))
    np.testing.assert_allclose(fitted.directions, expected.directions, atol=1e-5)
    assert (fitted.method, fitted.balance) == ("logistic", ("Third",))


def test_fit_says_what_it_leaves_out(kvae, labelled, tmp_path):
    with np.load(labelled) as data:
        arrays = dict(data)
    arrays["attributes"][arrays["attributes"][:, 1] > 0, 0] = 1  # no dark image is a Third
    np.savez(tmp_path / "gap.npz", **arrays)
    result = kvae("attributes", "fit", "gap.npz", "--model", "colour", "--balance", "Third")
    assert "Left out, because one of their groups has no image: Bright." in result.stdout
    assert Attributes.load(tmp_path / "directions.npz").names == ("Third",)


def test_fit_refuses_to_balance_by_a_name_it_does_not_know(kvae, labelled, tmp_path):
    result = kvae("attributes", "fit", labelled, "--model", "colour", "--balance", "Thrd")
    assert result.exit_code == 1
    assert "Did you mean 'Third'" in str(result.exception)
    assert not (tmp_path / "directions.npz").exists()


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
