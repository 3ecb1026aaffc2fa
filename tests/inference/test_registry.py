import json

import pytest

from keras_vae.inference.exported import lite_folder
from keras_vae.inference.lite_model import LiteModel
from keras_vae.inference.registry import faster_runtime, load
from tests.fake_models import fake_model


def test_the_runtime_is_that_of_the_version_or_of_the_argument(empty_folder):
    fake_model(empty_folder / "saved_models", "faces", 1, 2)
    lite_folder(empty_folder / "saved_models" / "faces" / "2").mkdir()
    assert isinstance(load("faces"), LiteModel)
    assert isinstance(load("faces", runtime="lite"), LiteModel)
    assert not isinstance(load("faces", runtime="tensorflow"), LiteModel)
    assert not isinstance(load("faces", version=1), LiteModel)
    cure = "`kvae export --lite saved_models/faces/1`"  # of `faces` alone it would be version 2
    with pytest.raises(ValueError, match=rf"faces/1' has no networks for LiteRT.*{cure}"):
        load("faces", version=1, runtime="lite")
    with pytest.raises(ValueError, match=r"auto, lite, tensorflow\. Received: 'onnx'"):
        load("faces", runtime="onnx")


def test_a_conditional_model_needs_tensorflow(empty_folder):
    folder = fake_model(empty_folder / "saved_models", "shoes", 1)
    facts = {"image_shape": [8, 8, 1], "latent_dim": 2, "condition": {"shape": []}}
    (folder / "1" / "assets.extra" / "model.json").write_text(json.dumps(facts))
    assert not isinstance(load("shoes"), LiteModel)
    with pytest.raises(ValueError, match=r"`runtime` of 'shoes' must be tensorflow"):
        load("shoes", runtime="lite")


def test_tensorflow_is_faster_for_many_images():
    assert faster_runtime(1) == faster_runtime(1000) == "lite"
    assert faster_runtime(10**6) == "tensorflow"
