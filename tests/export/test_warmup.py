import math

import numpy as np
import pytest
import tensorflow as tf

from keras_vae.export.signatures import Endpoints
from keras_vae.export.warmup import WARMUP, warmup_requests
from keras_vae.inference import registry as runtime
from tests.serving.signatures import NAMES, SHIPPED, signatures_of

REFUSED = {"morph", "directions"}  # by a model without attributes
CHEAP = {"describe"}


def records(model):
    """The requests in a model's file, read with TensorFlow Serving's own messages."""
    from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

    for record in tf.data.TFRecordDataset(str(model.path / "assets.extra" / WARMUP)):
        log = PredictionLog.FromString(record.numpy())
        assert log.WhichOneof("log_type") == "predict_log"
        yield log.predict_log.request


@pytest.fixture(params=["colour", "grey", *NAMES])
def model(request, models_dir):
    folder = SHIPPED if request.param in NAMES else models_dir
    return runtime.load(folder / request.param, runtime="tensorflow")


def test_a_record_for_each_signature_that_answers(model):
    found = [request.model_spec.signature_name for request in records(model)]
    assert len(found) == len(set(found))
    refused = set() if model.attributes.names else REFUSED
    assert set(found) == set(signatures_of(model.path)) - refused - CHEAP
    assert {request.model_spec.name for request in records(model)} == {model.name}


@pytest.mark.slow
def test_every_record_is_answered(model):
    """The server does not load a model whose warm-up fails."""
    for request in records(model):
        inputs = {name: tf.make_ndarray(tensor) for name, tensor in request.inputs.items()}
        outputs = model.call(request.model_spec.signature_name, **inputs)
        assert all(len(output) == 1 for output in outputs.values())


@pytest.mark.slow
def test_images_are_the_models_own(model):
    image, _ = model.sample([0], prior="normal")
    for request in records(model):
        if "image" in request.inputs:
            check_generated(tf.make_ndarray(request.inputs["image"]), image, model)
        if "image_bytes" in request.inputs:
            (data,) = tf.make_ndarray(request.inputs["image_bytes"])
            check_generated(tf.io.decode_png(data)[tf.newaxis], image, model)


def check_generated(found, image, model):
    """Another processor generated a shipped model's, and rounds one pixel in 1,000 elsewhere."""
    difference = np.abs(np.int32(found) - image)
    levels, share = (1, 1e-3) if model.name in NAMES else (0, 0.0)
    assert difference.shape == image.shape
    assert difference.max() <= levels
    assert difference.mean() <= share


def test_file_is_small(model):
    """A handful of requests show the same image: a few bytes for each of its values."""
    size = (model.path / "assets.extra" / WARMUP).stat().st_size
    assert size < 5_000 + 10 * math.prod(model.image_shape)


@pytest.mark.slow
def test_the_same_model_has_the_same_requests(grey_vae):
    first, second = (
        [each.SerializeToString(deterministic=True) for each in warmup_requests("grey", endpoints)]
        for endpoints in (Endpoints(grey_vae), Endpoints(grey_vae))
    )
    assert first == second
