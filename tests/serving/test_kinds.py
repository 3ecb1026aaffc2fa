"""Models of other kinds than the plain VAE on a server, untrained."""

from importlib import import_module

import keras
import numpy as np
import pytest

from keras_vae.export.saved_model import export_model
from keras_vae.inference import registry as runtime
from keras_vae.inference.remote import connect
from tests.serving.fake_server import serve
from tests.serving.suite import same

KINDS = ("conditional", "vector_quantized", "ladder", "flow_prior")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kinds")
    for kind in KINDS:
        keras.utils.set_random_seed(0)
        export_model(import_module(f"tests.extending.{kind}").build(), folder / kind)
    return folder


@pytest.fixture(scope="module")
def server(models):
    with serve([models / kind for kind in KINDS]) as fake:
        yield fake


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["rest", "grpc"])
@pytest.mark.parametrize("kind", KINDS)
def test_answers_are_those_of_the_model_bit_for_bit(models, server, kind, protocol):
    local, remote = (
        runtime.load(models / kind, runtime="tensorflow"),
        connect(getattr(server, protocol), kind),
    )
    assert remote.metadata == local.metadata
    assert remote.latent_dim == local.latent_dim
    assert remote.attributes.names == local.attributes.names == ()
    condition = {"condition": [3, 7]} if local.metadata["condition"] else {}
    noise = {"seed": [1, 2], "temperature": [1.0, 0.5]}
    generated = remote.call("generate_pixels", **noise, **condition)
    latents = {name: generated[name] for name in local.metadata["latents"]}
    for name, inputs in {
        "generate_pixels": noise,
        "decode_pixels": latents,
        "encode_pixels": {"image": generated["image"]},
    }.items():
        expected = local.call(name, **inputs, **condition)
        found = remote.call(name, **inputs, **condition)
        assert set(found) == set(expected)
        for key, value in found.items():
            same(np.asarray(value), expected[key])
