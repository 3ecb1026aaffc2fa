"""Requests that TensorFlow Serving replays while it loads a model, so that no client waits for it.

The server fails to load a model whose warm-up is refused, so the file holds only requests that are
answered: a model without attributes has none for `morph` and `directions`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf

from ..serving.messages import PredictionLog, PredictLog, PredictRequest
from ..serving.tensors import predict_request
from .signatures import Endpoints

WARMUP = "tf_serving_warmup_requests"  # in assets.extra: where the server looks


def write_warmup(path: Path, model: str, endpoints: Endpoints) -> None:
    """Write a record for each signature that answers.

    Args:
        path: The file.
        model: Name of the model.
        endpoints: What is exported.
    """
    with tf.io.TFRecordWriter(str(path)) as writer:
        for request in warmup_requests(model, endpoints):
            record = PredictionLog(predict_log=PredictLog(request=request))
            writer.write(record.SerializeToString(deterministic=True))


def warmup_requests(model: str, endpoints: Endpoints) -> Iterator[PredictRequest]:
    """Make a request of one row, the commonest, for each signature that answers."""
    known = examples(endpoints)
    signatures = endpoints.signatures()
    default = next(iter(signatures))
    for name, (_, specs) in {"serving_default": signatures[default], **signatures}.items():
        if all(spec.name in known for spec in specs):
            inputs = {spec.name: _of_rank(known[spec.name], spec.shape.rank) for spec in specs}
            yield predict_request(model, name, inputs)


def examples(endpoints: Endpoints) -> dict[str, np.ndarray]:
    """Make an example of each input by its name; the image is one that the model generates."""
    inputs = {
        "seed": np.zeros(1, np.int64),
        "temperature": np.ones(1, np.float32),
        "strength": np.ones(1, np.float32),
    }
    for spec in endpoints.condition:
        inputs[spec.name] = np.zeros((1, *spec.shape[1:]), spec.dtype.as_numpy_dtype)
    condition = [tf.constant(inputs[spec.name]) for spec in endpoints.condition]
    noise = (tf.constant(inputs[name]) for name in ("seed", "temperature"))
    generated = endpoints.generate(*noise, *condition)
    z = [generated[spec.name] for spec in endpoints.latents]
    generated |= endpoints.decode_pixels(*z, *condition)
    inputs |= {name: value.numpy() for name, value in generated.items()}
    if endpoints.attributes is not None and endpoints.attributes.names:
        inputs["attribute"] = np.array(endpoints.attributes.names[:1], object)
    return inputs


def _of_rank(array: np.ndarray, rank: int) -> np.ndarray:
    """Add the axis of samples to a latent, [B, L] → [B, 1, L], where the signature has one."""
    return array if array.ndim == rank else array[:, np.newaxis]
