"""The signatures of a SavedModel: what it takes to call each of them by tensor name."""

from __future__ import annotations

from pathlib import Path

import numpy as np

SHIPPED = Path(__file__).parents[2] / "saved_models"
NAMES = ("celeba", "celeba128", "celeba64", "mnist", "mnist-best", "mnist-iwae")
WITH_SAMPLES = ("log_likelihood", "log_prior_gmm")
INVALID_ARGUMENT = 3  # TF_INVALID_ARGUMENT


def meta_graph(path):
    """The only meta graph of a SavedModel, which has the tag `serve`."""
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    (graph,) = SavedModel.FromString((path / "saved_model.pb").read_bytes()).meta_graphs
    assert list(graph.meta_info_def.tags) == ["serve"]
    return graph


def signatures_of(path):
    """The public signatures by name."""
    signatures = meta_graph(path).signature_def
    return {name: signatures[name] for name in signatures if not name.startswith("_")}


def inputs_of(model, count):
    """Inputs of every endpoint by name, from images that the model generates, [count, …]."""
    z = model.call("generate", seed=np.arange(count), temperature=np.ones(count))["z"]
    inputs = {
        "seed": np.arange(count),
        "temperature": np.linspace(0.5, 1, count, dtype=np.float32),
        "z": z,
        "image": model.decode(z),
        "image_bytes": model.call("decode", z=z)["image_bytes"],
        "attribute": np.full(count, b"Smiling", object),
        "strength": np.linspace(-2, 2, count, dtype=np.float32),
        "row": np.arange(count),
    }
    samples = {**inputs, "z": np.stack([z, 0.9 * z], axis=1)}
    return {
        name: {key: (samples if name in WITH_SAMPLES else inputs)[key] for key in names}
        for name, names in model.endpoints.items()
    }


def by_tensor(signature, inputs):
    """A request as the C interface takes it."""
    feeds = {signature.inputs[name].name: as_array(value) for name, value in inputs.items()}
    return feeds, [info.name for info in signature.outputs.values()]


def as_array(value):
    """An array of one of the types that cross the C interface; strings are objects."""
    return np.asarray(value, object) if isinstance(value, list) else np.asarray(value)


def by_name(signature, answer):
    """An answer by the names of the signature; an error as it is."""
    if isinstance(answer, tuple):
        return answer
    return {name: answer[info.name] for name, info in signature.outputs.items()}
