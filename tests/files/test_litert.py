import os
from pathlib import Path

import numpy as np
import pytest

import keras_vae.faces
from keras_vae.files.litert import LiteSignature

NETWORK = Path(keras_vae.faces.__file__).parent / "mtcnn" / "rnet.tflite"


@pytest.fixture(scope="module")
def signature():
    return LiteSignature(NETWORK, "detect")


def images(count):
    return np.random.default_rng(0).normal(size=(count, 24, 24, 3)).astype(np.float32)


def test_outputs_have_names_and_the_size_of_the_batch(signature):
    for count in (3, 1, 5):
        outputs = signature(images=images(count))
        shapes = {name: output.shape for name, output in outputs.items()}
        assert shapes == {"offsets": (count, 4), "scores": (count,)}


def test_outputs_are_not_overwritten_by_the_next_call(signature):
    first = signature(images=images(2))["offsets"]
    kept = first.copy()
    signature(images=images(2) + 1)
    np.testing.assert_array_equal(first, kept)


def test_files_and_signatures_that_do_not_exist(tmp_path):
    with pytest.raises(ValueError, match="missing"):
        LiteSignature(tmp_path / "missing.tflite", "detect")
    with pytest.raises(ValueError, match=r"rnet\.tflite is not .*classify"):
        LiteSignature(NETWORK, "classify")


@pytest.mark.parametrize("size", [0, 3, 100, 5000])
def test_damaged_files_are_named(tmp_path, size):
    damaged = tmp_path / "damaged.tflite"
    damaged.write_bytes(NETWORK.read_bytes()[:size])
    with pytest.raises(ValueError, match=r"damaged\.tflite is not a network that LiteRT can run"):
        LiteSignature(damaged, "detect")


@pytest.mark.parametrize("shape", [(2, 12, 48, 3), (2, 1728), (0, 24, 24, 4), (2, 24, 24)])
def test_other_shapes_of_as_many_numbers_are_refused(signature, shape):
    with pytest.raises(ValueError, match=r"rnet\.tflite cannot be run with .*it takes"):
        signature(images=np.zeros(shape, np.float32))


def test_inputs_of_another_shape_are_refused_with_the_file(signature):
    with pytest.raises(ValueError, match=r"rnet\.tflite cannot be run with .*\[2, 24, 24, 4\]"):
        signature(images=np.zeros((2, 24, 24, 4), np.float32))


def test_a_first_call_that_fails_prints_nothing(capfd, monkeypatch):
    def fail(**inputs):
        os.write(2, b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n")
        raise RuntimeError("Node number 0 failed to invoke")

    signature = LiteSignature(NETWORK, "detect")
    monkeypatch.setattr(signature, "_run", fail)
    with pytest.raises(ValueError, match=r"rnet\.tflite cannot be run with .*: Node number 0"):
        signature(images=images(1))
    assert capfd.readouterr().err == ""


def test_an_empty_batch_has_no_rows(signature):
    outputs = signature(images=images(0))
    shapes = {name: output.shape for name, output in outputs.items()}
    assert shapes == {"offsets": (0, 4), "scores": (0,)}


def test_a_named_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "encode.tflite")
    with pytest.raises(ValueError, match=r"encode\.tflite is not .*: .*a named pipe \(FIFO\)"):
        LiteSignature(tmp_path / "encode.tflite")
