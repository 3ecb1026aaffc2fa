import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from keras_vae import plotting
from keras_vae.cli.latent_map import METHODS
from keras_vae.datasets import load_dataset
from keras_vae.datasets.binarization import binarize
from keras_vae.inference import registry as runtime
from keras_vae.latent_space import projections
from keras_vae.latent_space.grouping import Grouping


def test_methods_are_those_of_the_library():
    assert list(METHODS) == list(projections.METHODS)


def test_map_shows_the_encoded_images_of_a_split(kvae, labelled, colour_model, tmp_path):
    arguments = ("latent-map", labelled, "--color", "Bright", "--split", "train")
    result = kvae(*arguments, "--model", "colour", "--json", "map.json", "--csv", "map.csv")
    assert result.exit_code == 0, result.output
    with np.load(labelled) as data:
        z_mean, _ = colour_model.encode(data["images"][:48])
        bright = data["attributes"][:48, 0] > 0
    rows = json.loads((tmp_path / "map.json").read_text())
    assert [row["row"] for row in rows] == list(range(48))
    assert [row["group"] for row in rows] == np.where(bright, "Bright", "not Bright").tolist()
    expected = projections.project(z_mean, "pca")[0]
    np.testing.assert_allclose([[row["x"], row["y"]] for row in rows], expected, atol=1e-4)
    auc = Grouping(("Bright", "not Bright"), np.where(bright, 0, 1)).probe_auc(z_mean)
    assert f"Linear probe: AUC {auc:.3f} " in result.stdout
    assert min(Image.open(tmp_path / "latent-map.png").size) > 1000
    assert len((tmp_path / "map.csv").read_text().splitlines()) == 49


def test_a_split_of_too_few_images_names_one_of_enough(kvae, labelled):
    result = kvae("latent-map", labelled, "--model", "colour")
    assert str(result.exception) == (
        "A map needs at least 10 images. Received: 6 validation images of 'labelled'. "
        "--split train has 48."
    )


def test_classes_of_digits_in_the_dimensions_that_vary_most(kvae, grey_model, tmp_path):
    arguments = ("latent-map", "digits", "--model", "grey", "--method", "none", "--limit", "100")
    result = kvae(*arguments, "--seed", "4", "--json", "map.json")
    assert result.exit_code == 0, result.output
    assert "Linear probes, one class against the rest: mean AUC 0." in result.stdout
    rows = json.loads((tmp_path / "map.json").read_text())
    digits = load_dataset("digits")
    chosen = np.array([row["row"] for row in rows])
    assert len(set(chosen)) == 100
    assert set(chosen) <= set(digits.indices("validation"))
    assert [row["group"] for row in rows] == [str(label) for label in digits.labels[chosen]]
    z_mean, _ = grey_model.encode(digits.images[chosen])
    dims = np.sort(np.argsort(-z_mean.var(axis=0))[:2])
    np.testing.assert_allclose([[row["x"], row["y"]] for row in rows], z_mean[:, dims], atol=1e-4)


def test_images_are_binarized_as_in_training_and_the_caption_says_so(
    kvae, grey_model, monkeypatch, read_json
):
    model = replace(
        grey_model, metadata={**grey_model.metadata, "preset": {"binarization": "dynamic"}}
    )
    monkeypatch.setattr(runtime, "load", lambda name, **_: model)
    captions, scatter = [], plotting.scatter
    monkeypatch.setattr(
        plotting,
        "scatter",
        lambda *args, **options: captions.append(options["caption"]) or scatter(*args, **options),
    )
    arguments = ("latent-map", "digits", "--method", "none", "--limit", "100", "--seed", "4")
    result = kvae(*arguments, "--json", "map.json")
    assert result.exit_code == 0, result.output
    rows = read_json("map.json")
    chosen = np.array([row["row"] for row in rows])
    z_mean, _ = model.encode(binarize(load_dataset("digits").images, "dynamic", 4)[chosen])
    dims = np.sort(np.argsort(-z_mean.var(axis=0))[:2])
    np.testing.assert_allclose([[row["x"], row["y"]] for row in rows], z_mean[:, dims], atol=1e-4)
    (caption,) = captions
    assert "images of digits (validation), binarized as in training (dynamic): z_mean" in caption


def test_of_more_than_ten_classes_the_nine_largest_have_colours(kvae, photos, read_json, tmp_path):
    labels = np.concatenate([np.arange(60) % 12, np.arange(1, 10)])
    partition = np.ones(69, np.int8)
    np.savez(tmp_path / "many.npz", images=photos[:69], labels=labels, partition=partition)
    result = kvae("latent-map", "many.npz", "--model", "colour", "--json", "map.json")
    assert result.exit_code == 0, result.output
    assert [row["group"] for row in read_json("map.json")] == [str(label) for label in labels]
    assert [row["name"] for row in read_json("map.json")[:2]] == ["image 0", "image 1"]


def test_a_folder_without_labels_has_one_group_and_file_names(kvae, photos, read_json, tmp_path):
    (tmp_path / "album").mkdir()
    for number in range(15):
        Image.fromarray(photos[90 + number]).save(tmp_path / "album" / f"{number:02}.png")
    arguments = ("latent-map", "album", "--model", "colour", "--split", "train")
    result = kvae(*arguments, "--json", "map.json")
    assert result.exit_code == 0, result.output
    rows = read_json("map.json")
    assert {row["name"] for row in rows} <= {f"{number:02}.png" for number in range(15)}
    assert {row["group"] for row in rows} == {"images"}
    assert "neither labels nor attributes" in result.stdout
    result = kvae(*arguments, "--color", "label", "--overwrite")
    assert "has neither attributes nor class labels" in str(result.exception)


def test_an_attribute_called_label_colors_and_names_the_map(kvae, labelled, monkeypatch, read_json):
    with np.load(labelled) as data:
        arrays = {**data, "attribute_names": np.array(["label", "Third"])}
    np.savez("other.npz", **arrays)
    titles = []
    monkeypatch.setattr(
        plotting, "scatter", lambda *_, title, **__: titles.append(title) or Image.new("L", (9, 9))
    )
    result = kvae("latent-map", "other.npz", "--model", "colour", "--split", "train", "--json", "m")
    assert result.exit_code == 0, result.output
    assert {row["group"] for row in read_json("m")} == {"label", "not label"}
    assert titles == ["label in the latent space of colour"]


def test_standard_output_is_the_numbers_alone(kvae, labelled):
    arguments = ("latent-map", labelled, "--color", "Bright", "--split", "train")
    result = kvae(*arguments, "--model", "colour", "--json", "-", "--csv", "map.csv")
    assert result.exit_code == 0, result.output
    assert len(json.loads(result.stdout)) == 48
    probe, *files = result.stderr.splitlines()
    assert probe.startswith("Linear probe: AUC")
    assert files == ["latent-map.png", "map.csv"]


def test_without_umap_learn_nothing_is_begun(kvae, labelled, monkeypatch, tmp_path):
    monkeypatch.setattr(projections, "find_spec", lambda name: None)
    result = kvae("latent-map", labelled, "--model", "colour", "--method", "umap")
    assert result.exit_code == 1
    assert "pip install 'keras-vae[umap]'" in str(result.exception)
    assert "\n" not in str(result.exception)
    assert not (tmp_path / "latent-map.png").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--split", "train"], "no class labels. Choose from: Bright, Third. `--color NAME` g"),
        (["--split", "train", "--color", "Brigt"], "Did you mean 'Bright'"),
    ],
)
def test_what_cannot_be_drawn_is_an_error(kvae, labelled, options, message):
    result = kvae("latent-map", labelled, "--model", "colour", *options)
    assert result.exit_code == 1
    assert message in str(result.exception)


def test_a_split_without_images_is_an_error_that_names_the_others(kvae, photos, tmp_path):
    np.savez(tmp_path / "some.npz", images=photos[:30], partition=np.repeat([0, 1], 15))
    result = kvae("latent-map", "some.npz", "--model", "colour", "--split", "test")
    assert result.exit_code == 1
    assert "no test images. It has: train (15), validation (15)" in str(result.exception)


def test_files_are_replaced_only_when_told(kvae, labelled, tmp_path):
    for name, options in {"latent-map.png": [], "map.csv": ["--csv", "map.csv"]}.items():
        (tmp_path / name).write_bytes(b"precious")
        result = kvae("latent-map", labelled, "--model", "colour", *options)
        assert result.exit_code == 1
        assert "--overwrite" in str(result.exception)
        assert (tmp_path / name).read_bytes() == b"precious"
        (tmp_path / name).unlink()
