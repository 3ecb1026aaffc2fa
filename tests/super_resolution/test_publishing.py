import json

import numpy as np
import pytest

from keras_vae.export.card import card_of
from keras_vae.inference import registry as runtime
from keras_vae.super_resolution.measurement import measure
from keras_vae.super_resolution.pairs import load_pairs
from keras_vae.super_resolution.publishing import publish
from keras_vae.super_resolution.run import UpscalerConfig, UpscalerRun
from keras_vae.super_resolution.training import train


@pytest.fixture(scope="module")
def published(photos, tmp_path_factory):
    """A run of one epoch, its images, and what was made of it."""
    folder = tmp_path_factory.mktemp("publishing")
    np.savez(folder / "tiles.npz", images=photos[:24], partition=np.repeat([0, 1], [18, 6]))
    pairs = load_pairs(folder / "tiles.npz", size=(10, 10), factor=3, cache_dir=folder / "cache")
    config = UpscalerConfig(
        "tiles",
        size=(10, 10),
        depth=3,
        filters=4,
        epochs=1,
        learning_rate=0.01,
        command="kvae train-upscaler tiles",
        provenance=pairs.large.provenance,
    )
    run = train(config, pairs, folder / "run")
    return run, pairs, publish(run, pairs, folder / "models" / "tiles-x3")


@pytest.mark.slow
def test_the_model_scores_what_its_facts_say(published):
    _, pairs, path = published
    model = runtime.load_upscaler(path, runtime="tensorflow")
    metrics = model.metadata["metrics"]
    assert metrics["images"] == 6
    score = measure({"model": model.upscale}, pairs)["model"]
    assert score["psnr"] == pytest.approx(metrics["validation"]["network"]["psnr"], abs=1e-3)
    assert score["ssim"] == pytest.approx(metrics["validation"]["network"]["ssim"], abs=1e-4)
    assert score["psnr"] != metrics["validation"]["bicubic"]["psnr"]


def test_facts_tell_the_training_and_no_place_of_this_machine(published, tmp_path):
    _, _, path = published
    facts = (path / "assets.extra" / "model.json").read_text()
    assert '"depth": 3' in facts
    assert '"command": "kvae train-upscaler tiles"' in facts
    assert str(tmp_path.parent) not in facts
    assert "cache" not in facts


def test_the_card_says_what_the_facts_say(published):
    _, _, path = published
    text = (path.parent / "README.md").read_text()
    assert text == card_of(path)
    score = runtime.load_upscaler(path, runtime="tensorflow").metadata["metrics"]["validation"][
        "network"
    ]
    assert f"| network | {score['psnr']:.2f} | {score['ssim']:.4f} |" in text
    assert "18 train, 6 validation" in text
    assert "lowest validation loss: epoch 1 of 1" in text
    assert "makes images 3 times larger" in text


def test_without_a_validation_split_the_card_claims_none(published, tmp_path):
    _, _, path = published
    facts = json.loads((path / "assets.extra" / "model.json").read_text())
    facts["data"]["counts"] = {"train": 18, "validation": 0, "test": 6}
    (tmp_path / "assets.extra").mkdir()
    (tmp_path / "assets.extra" / "model.json").write_text(json.dumps({**facts, "metrics": {}}))
    text = card_of(tmp_path)
    assert "lowest training loss: epoch 1 of 1" in text
    assert "PSNR" not in text


@pytest.mark.slow
def test_versions_add_up_and_a_card_is_kept(published):
    run, pairs, path = published
    (path.parent / "README.md").write_text("mine")
    assert publish(run, pairs, path.parent).name == "2"
    assert (path.parent / "README.md").read_text() == "mine"
    publish(run, pairs, path.parent, overwrite=True)
    assert (path.parent / "README.md").read_text().startswith("# tiles-x3")


def test_a_run_without_an_epoch_is_refused(published, tmp_path):
    run, pairs, _ = published
    empty = UpscalerRun.create(tmp_path / "run", run.config())
    with pytest.raises(FileNotFoundError, match="no epoch has ended"):
        publish(empty, pairs, tmp_path / "model")
