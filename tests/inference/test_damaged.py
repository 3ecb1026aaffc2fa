"""Models of which one file is cut short."""

import json
import re
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from keras_vae.inference import registry
from keras_vae.latent_space.priors import GaussianMixturePrior
from tests.serving.signatures import SHIPPED


@pytest.mark.parametrize(
    ("file", "runtime", "use"),
    [
        ("saved_model.pb", "tensorflow", lambda model: model.sample([1])),
        ("assets.extra/lite/decode.tflite", "lite", lambda model: model.sample([1])),
        ("assets.extra/lite/prior.npz", "lite", lambda model: model.sample([1], prior="gmm")),
        ("assets.extra/attributes.npz", "lite", lambda model: model.attributes),
        ("assets.extra/model.json", "lite", lambda model: model),
    ],
)
def test_the_file_is_named_in_one_line(models_dir, tmp_path, file, runtime, use):
    shutil.copytree(models_dir / "colour", tmp_path / "colour")
    damaged = tmp_path / "colour" / "1" / file
    damaged.write_bytes(damaged.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"colour.1") as raised:
        use(registry.load(tmp_path / "colour", runtime=runtime))
    assert str(damaged.name) in str(raised.value) or file == "saved_model.pb"
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("probes", [3, [{}], [{"name": "Young", "auc": None}]])
def test_probes_without_a_number_are_refused(models_dir, tmp_path, probes):
    shutil.copytree(models_dir / "colour", tmp_path / "colour")
    path = tmp_path / "colour" / "1" / "assets.extra" / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "attribute_probes": probes}))
    with pytest.raises(ValueError, match=r"model\.json: `attribute_probes` must be a list"):
        registry.load(tmp_path / "colour", runtime="lite")


@pytest.mark.parametrize(
    ("fact", "value", "message"),
    [
        ("kl_per_dimension", {}, "must be a list of numbers. Received: {}."),
        ("kl_per_dimension", ["a"] * 6, "must be a list of numbers."),
        ("kl_per_dimension", [float("nan")] * 6, "must be a list of numbers."),
        ("kl_per_dimension", [0.5], "must have 6 numbers, as `latent_dim`. Received: 1."),
        ("labels", "abc", "must be a list of names. Received: 'abc'."),
        ("labels", [1], "must be a list of names. Received: [1]."),
        ("condition", "abc", "must be a JSON object. Received: 'abc'."),
        ("preset", [], "must be a JSON object. Received: []."),
        ("preset", {"resampling": "box"}, "must have the resampling bilinear or bicubic."),
        ("attribute_names", None, "must be a list of names. Received: None."),
    ],
)
def test_facts_of_another_type_are_refused(models_dir, tmp_path, fact, value, message):
    shutil.copytree(models_dir / "colour", tmp_path / "colour")
    path = tmp_path / "colour" / "1" / "assets.extra" / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), fact: value}))
    with pytest.raises(ValueError, match=re.escape(f"model.json: `{fact}` {message}")):
        registry.load_any(tmp_path / "colour")


def test_directions_of_another_length_are_refused(models_dir, tmp_path):
    shutil.copytree(models_dir / "colour", tmp_path / "colour")
    path = tmp_path / "colour" / "1" / "assets.extra" / "attributes.npz"
    np.savez(path, names=["Young"], directions=np.zeros((1, 7), np.float32))
    with pytest.raises(ValueError, match=r"attributes\.npz must hold directions of length 6"):
        _ = registry.load(tmp_path / "colour", runtime="lite").attributes


def test_a_prior_of_another_length_is_refused(models_dir, tmp_path):
    shutil.copytree(models_dir / "colour", tmp_path / "colour")
    path = tmp_path / "colour" / "1" / "assets.extra" / "lite" / "prior.npz"
    shutil.copy(SHIPPED / "mnist" / "1" / "assets.extra" / "lite" / "prior.npz", path)
    model = registry.load(tmp_path / "colour", runtime="lite")
    with pytest.raises(ValueError, match=r"prior\.npz must be over 6 dimensions\. Received: 20\."):
        model.sample([1], prior="gmm")


@pytest.mark.parametrize("runtime", ["lite", "tensorflow"])
@pytest.mark.parametrize(
    ("fact", "value", "expected"),
    [
        ("latent_dim", 7, "6, as `z.*Received: 7"),
        ("latent_dim", None, "6, as `z.*Received: None"),
        ("image_shape", [32, 32, 1], r"\[32, 32, 3\], as `image`.*Received: \[32, 32, 1\]"),
    ],
)
def test_facts_of_another_model_are_refused(models_dir, tmp_path, runtime, fact, value, expected):
    shutil.copytree(models_dir / "colour", tmp_path / "colour")
    path = tmp_path / "colour" / "1" / "assets.extra" / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), fact: value}))
    model = registry.load(tmp_path / "colour", runtime=runtime)
    with pytest.raises(ValueError, match=rf"model\.json: `{fact}` must be {expected}\."):
        model.sample([1])


@pytest.mark.parametrize(
    ("signature", "name", "spec"),
    [
        ("directions", "direction", tf.TensorSpec([None, 1])),
        ("encode_pixels", "z_mean", tf.TensorSpec([None, 7])),
        ("decode_pixels", "image", tf.TensorSpec([None, 32, 32, 3], tf.float32)),
        ("decode_pixels", "picture", tf.TensorSpec([None, 32, 32, 3], tf.uint8)),
    ],
)
def test_outputs_of_another_model_are_refused(models_dir, monkeypatch, signature, name, spec):
    model = registry.load(models_dir / "colour", runtime="tensorflow")
    signatures = dict(model._model.signatures)
    inputs = signatures[signature].structured_input_signature
    signatures[signature] = SimpleNamespace(
        structured_input_signature=inputs, structured_outputs={name: spec}
    )
    monkeypatch.setitem(vars(model), "_model", SimpleNamespace(signatures=signatures))
    expected = rf"model\.json: The SavedModel must answer '{signature}' with '.*', .*\. Received: "
    with pytest.raises(ValueError, match=expected):
        model.sample([1])


def test_a_network_of_another_model_is_refused(models_dir, tmp_path):
    shutil.copytree(models_dir / "colour", tmp_path / "colour")
    network = "1/assets.extra/lite/encode.tflite"
    shutil.copy(models_dir / "grey" / network, tmp_path / "colour" / network)
    with pytest.raises(ValueError, match=r"must be \[8, 8, 1\], as `image` of encode\.tflite"):
        registry.load(tmp_path / "colour", runtime="lite").sample([1])


def test_a_prior_of_another_program_is_refused(tmp_path):
    np.savez(tmp_path / "prior.npz", weights=np.ones(1))
    with pytest.raises(ValueError, match=r"prior\.npz holds no fitted prior"):
        GaussianMixturePrior.load(tmp_path / "prior.npz")
