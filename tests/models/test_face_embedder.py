"""dlib's network in Keras against what dlib itself computes."""

from importlib.machinery import ModuleSpec

import keras
import numpy as np
import pytest
from PIL import Image
from skimage import data

from keras_vae.losses.identity import open_embedder
from keras_vae.models import face_embedder as module
from keras_vae.models.face_embedder import SIDE, face_embedder

FACE = (160, 0, 290, 130)  # of scikit-image's astronaut
# The first numbers of dlib's descriptor of the chip that the embedder cuts out, and its length:
# face_recognition_model_v1(FILE).compute_face_descriptor(chip), dlib-bin 20.0.1.
DESCRIPTOR = [-0.157995, 0.067144, 0.064204, -0.028544, -0.132005, -0.032993, 0.016489, -0.072686]
LENGTH = 1.416973


@pytest.fixture(scope="module")
def embedder():
    return face_embedder()


def test_descriptors_are_dlibs(embedder):
    face = Image.fromarray(data.astronaut()).crop(FACE)
    square = np.asarray(face.resize((SIDE, SIDE), Image.Resampling.BILINEAR))
    mean = -embedder.get_layer("embedding").bias.numpy()
    descriptor = embedder(square[None] / 127.5 - 1.0).numpy()[0] + mean
    np.testing.assert_allclose(descriptor[:8], DESCRIPTOR, atol=2e-6)
    assert np.linalg.norm(descriptor) == pytest.approx(LENGTH, abs=1e-5)


def test_it_is_a_file_of_keras_that_safe_mode_opens(embedder, tmp_path):
    embedder.save(tmp_path / "dlib.keras")
    again = open_embedder(tmp_path / "dlib.keras")
    square = np.random.default_rng(0).uniform(-1, 1, (1, SIDE, SIDE, 3)).astype(np.float32)
    np.testing.assert_array_equal(again(square), embedder(square))
    maps = [layer.name for layer in again.layers if layer.name.startswith("maps_")]
    assert maps == ["maps_1", "maps_2", "maps_3"]


def test_the_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    with pytest.raises(ImportError, match=r"pip install 'keras-vae\[faces\]'"):
        open_embedder("dlib")


def test_another_network_of_that_name_is_refused(monkeypatch, tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / module.FILE).write_bytes(b"another")
    found = ModuleSpec("models", None, is_package=True)
    found.submodule_search_locations.append(str(tmp_path))
    monkeypatch.setattr(module, "find_spec", lambda _: found)
    with pytest.raises(ValueError, match=r"resnet_model_v1\.dat is missing or is another network"):
        open_embedder("dlib")


def test_gradients_reach_the_pixels(embedder):
    import tensorflow as tf

    square = tf.random.stateless_uniform((1, SIDE, SIDE, 3), (0, 0), -1.0, 1.0)
    with tf.GradientTape() as tape:
        tape.watch(square)
        length = keras.ops.norm(embedder(square))
    gradient = tape.gradient(length, square).numpy()[0]
    assert np.abs(gradient[80:, 40:170]).max() > 0
    assert not gradient[:40].any()  # above the chip nothing is seen
