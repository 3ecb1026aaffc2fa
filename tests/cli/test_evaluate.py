import json
from pathlib import Path

import pytest

from keras_vae.export.card import card_of
from keras_vae.export.saved_model import export_model
from keras_vae.presets import get_preset

QUICK = ("--importance-samples", 3, "--no-samples")


@pytest.fixture(scope="module")
def faces(tmp_path_factory, colour_vae, directions):
    """The folder of an exported model that tells its preset."""
    folder = tmp_path_factory.mktemp("faces") / "faces"
    preset = get_preset("celeba").override(filters=(8, 8), latent_dim=6)
    facts = {
        "name": "faces",
        "preset": preset.to_dict(),
        "objective": {"reconstruction": "Gaussian", "unit": "nats"},
        "data": {"title": "Tiles", "counts": {}, "split": "official", "homepage": ""},
        "epochs": {"exported": 1, "trained": 1},
        "metrics": {},
        "command": "kvae train tiles",
        "precision": "float32",
        "seed": 0,
    }
    export_model(colour_vae, folder, attributes=directions, metadata=facts)
    return folder


def test_one_model_one_table_one_json(kvae, faces, labelled):
    result = kvae("evaluate", faces, labelled, *QUICK, "--by", "Bright", "--json", "out.json",
                  "--split", "train", "--limit", 40)  # fmt: skip
    assert result.exit_code == 0, result.output
    found = json.loads(Path("out.json").read_text())
    assert (found["model"], found["split"], found["images"]) == ("faces", "train", 40)
    assert found["likelihood"]["importance_samples"] == 3
    assert found["likelihood"]["kind"] == "density"
    assert [probe["name"] for probe in found["probes"]] == ["Bright", "Third"]
    assert sum(group["count"] for group in found["groups"]) == 40
    assert found["samples"] == {}
    assert found["command"] == (
        "kvae evaluate faces labelled.npz --split train --limit 40 --importance-samples 3 "
        "--by Bright --no-samples"
    )
    for text in (
        "faces, version 1",
        "−log p(x), upper bound (nats)",
        "not Bright",
        "More `--importance-samples` tighten it.",
        found["command"],
    ):
        assert text in result.stdout
    assert f"{found['pixels']['mse']:.5f}" in result.stdout


@pytest.mark.slow
def test_models_are_compared_side_by_side(kvae, faces, labelled):
    arguments = ("evaluate", faces, faces, labelled, *QUICK, "--no-probes", "--json", "out.json")
    result = kvae(*arguments, "--compare")
    assert result.exit_code == 0, result.output
    assert result.stdout.count("faces, version 1") == 2
    (line,) = (line for line in result.stdout.splitlines() if "−ELBO (nats)" in line)
    first, second = json.loads(Path("out.json").read_text())
    assert line.count(f"{first['likelihood']['elbo']:,.2f}") == 2
    assert first["likelihood"] == second["likelihood"]
    apart = kvae(*arguments, "--overwrite")
    assert sum("−ELBO (nats)" in line for line in apart.stdout.splitlines()) == 2


def test_the_card_is_written_from_the_numbers(kvae, faces, labelled):
    card = faces / "README.md"
    card.write_text("old")
    arguments = ("evaluate", faces, labelled, *QUICK, "--by", "Bright,Third", "--card")
    refused = kvae(*arguments)
    assert (refused.exit_code, card.read_text()) == (1, "old")
    result = kvae(*arguments, "--overwrite")
    assert result.exit_code == 0, result.output
    text = card.read_text()
    assert text == card_of(faces / "1")
    found = json.loads((faces / "1" / "assets.extra" / "evaluation.json").read_text())
    assert f"{found['pixels']['mse']:.5f}" in text
    assert found["command"] in text
    for group in found["groups"]:
        assert f"| {group['name']} | {group['mse']:.5f}" in text
    for probe in found["probes"]:
        assert f"| {probe['name']} | {probe['auc']:.3f} |" in text
    assert "Limits and bias" in text


def test_standard_output_is_the_numbers_alone(kvae, faces, labelled, tmp_path):
    before = set(tmp_path.iterdir())
    result = kvae("evaluate", faces, labelled, *QUICK, "--no-probes", "--json", "-")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["model"] == "faces"
    assert "−ELBO (nats)" in result.stderr
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize("option", [("--samples", 20), ("--features", "labelled.npz")])
def test_what_is_left_out_is_not_asked_for(kvae, labelled, option):
    result = kvae("evaluate", "nobody", labelled, *option, "--no-samples")
    assert result.exit_code == 2
    assert f"{option[0]} has no effect with --no-samples" in result.output


def test_existing_files_are_refused_before_any_work(kvae, faces, labelled, tmp_path, monkeypatch):
    (tmp_path / "out.json").write_text("mine")
    monkeypatch.setattr("keras_vae.evaluation.evaluate", None)
    result = kvae("evaluate", faces, labelled, "--json", "out.json")
    assert result.exit_code == 1
    assert "--overwrite" in str(result.exception)
    assert (tmp_path / "out.json").read_text() == "mine"


def test_a_model_without_a_preset(kvae, labelled):
    result = kvae("evaluate", "colour", labelled, *QUICK)
    assert result.exit_code == 1
    assert "kvae export RUN" in str(result.exception)


def test_an_unknown_group(kvae, faces, labelled):
    result = kvae("evaluate", faces, labelled, *QUICK, "--by", "Brigth")
    assert result.exit_code == 1
    assert "'Bright'" in str(result.exception)


def test_data_alone_is_no_model(kvae, labelled):
    result = kvae("evaluate", labelled)
    assert result.exit_code == 2
    assert "MODEL" in result.output


def test_features_decide_what_samples_are_measured_by(kvae, faces, labelled, tmp_path):
    import keras

    keras.utils.set_random_seed(0)
    inputs = keras.Input((32, 32, 3))
    keras.Model(inputs, keras.layers.Dense(4)(keras.layers.Flatten()(inputs))).save(
        tmp_path / "net.keras"
    )
    samples = ("--samples", 25, "--features", tmp_path / "net.keras", "--split", "train")
    result = kvae("evaluate", faces, labelled, *QUICK[:2], "--no-probes", *samples,
                  "--json", "out.json")  # fmt: skip
    assert result.exit_code == 0, result.output
    found = json.loads(Path("out.json").read_text())
    assert set(found["samples"]) == {"reconstructions", "N(0, I)"}
    quality = found["samples"]["N(0, I)"]
    assert (quality["count"], quality["real_count"]) == (25, 48)
    assert quality["fid"] > 0
    assert "net.keras" in quality["extractor"]
    assert str(tmp_path) not in json.dumps(found)
