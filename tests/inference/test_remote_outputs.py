"""What a server answers must be what the model's facts and the request say."""

import json
import re

import numpy as np
import pytest

from keras_vae.inference import batches
from keras_vae.inference.remote import connect
from tests.serving.fake_server import serve


def tensor(kind, *sides):
    return {"dtype": f"DT_{kind}", "tensor_shape": {"dim": [{"size": side} for side in sides]}}


IMAGE, Z = tensor("UINT8", -1, 2, 1, 1), tensor("FLOAT", -1, 3)
NOISE = {"seed": tensor("INT64", -1), "temperature": tensor("FLOAT", -1)}
ATTRIBUTE = {"attribute": tensor("STRING", -1)}
ENDPOINTS = {
    "encode_pixels": ({"image": IMAGE}, {"z_mean": Z, "z_log_var": Z}),
    "decode_pixels": ({"z": Z}, {"image": IMAGE}),
}
IMAGES = np.zeros((1, 2, 1, 1), np.uint8)


@pytest.fixture(scope="module")
def server():
    """A server that has no model, and answers as it is told."""
    with serve([]) as fake:
        yield fake


def described(server, **endpoints):
    """Connect to a model of 2×1 grey pixels, z = 3, with further or other endpoints."""
    signatures = {
        name: {"inputs": inputs, "outputs": outputs}
        for name, (inputs, outputs) in {**ENDPOINTS, **endpoints}.items()
    }
    answer = {"metadata": {"signature_def": {"signature_def": signatures}}}
    server.faults.clear()
    server.faults.append(json.dumps(answer).encode())
    return connect(server.rest, "tiny", timeout=60)


@pytest.mark.parametrize(
    ("endpoint", "inputs", "outputs", "message"),
    [
        ("decode_pixels", {"z": Z}, {"picture": IMAGE}, "'image', uint8 ['B', 2, 1, 1]"),
        (
            "decode_pixels",
            {"z": Z},
            {"image": tensor("UINT8", -1, 2, 2, 1)},
            "'image', uint8 ['B', 2, 1, 1]. Received: uint8 ['B', 2, 2, 1]",
        ),
        (
            "decode_pixels",
            {"z": Z},
            {"image": tensor("FLOAT", -1, 2, 1, 1)},
            "'image', uint8 ['B', 2, 1, 1]. Received: float32 ['B', 2, 1, 1]",
        ),
        ("generate_pixels", NOISE, {"image": IMAGE}, "'z', float32 ['B', 3]. Received: nothing"),
        (
            "generate_gmm_pixels",
            NOISE,
            {"image": IMAGE, "z": tensor("FLOAT", -1, 1)},
            "'z', float32 ['B', 3]. Received: float32 ['B', 1]",
        ),
        (
            "encode_pixels",
            {"image": IMAGE},
            {"z_mean": tensor("FLOAT", -1, 1), "z_log_var": Z},
            "'z_mean', float32 ['B', 3]. Received: float32 ['B', 1]",
        ),
        (
            "directions",
            ATTRIBUTE,
            {"direction": tensor("FLOAT", -1, 1)},
            "'direction', float32 ['B', 3]. Received: float32 ['B', 1]",
        ),
    ],
)
def test_outputs_of_another_model_are_refused(server, endpoint, inputs, outputs, message):
    expected = f"The SavedModel must answer '{endpoint}' with "
    with pytest.raises(ConnectionError, match=re.escape(expected)) as raised:
        described(server, **{endpoint: (inputs, outputs)})
    assert message in str(raised.value)


@pytest.mark.parametrize("sides", [(-1, -1, -1, -1), ()], ids=["sides", "their number"])
def test_what_a_signature_leaves_open_must_be_of_the_models_size(server, sides):
    remote = described(server, decode_pixels=({"z": Z}, {"image": tensor("UINT8", *sides)}))
    server.faults.append(b'{"predictions": [[[[0]], [[255]]]]}')
    assert remote.decode(np.zeros((1, 3))).shape == (1, 2, 1, 1)
    server.faults.append(b'{"predictions": [[[[0], [255]]]]}')
    with pytest.raises(
        ConnectionError, match=r"uint8 \[1, 2, 1, 1\]\. Received: uint8 \[1, 1, 2, 1\]"
    ):
        remote.decode(np.zeros((1, 3)))


def test_a_direction_of_another_length_is_refused(server):
    remote = described(server, directions=(ATTRIBUTE, {"direction": tensor("FLOAT", -1, -1)}))
    server.faults.append(b'{"predictions": [[1, 2, 3]]}')
    assert remote.direction("Young").tolist() == [1, 2, 3]
    server.faults.append(b'{"predictions": [[1]]}')
    with pytest.raises(ConnectionError, match=r"float32 \[1, 3\]\. Received: float32 \[1, 1\]"):
        remote.direction("Young")


def test_likelihoods_are_of_as_many_latents_as_were_sent(server):
    inputs = {"image": IMAGE, "z": tensor("FLOAT", -1, -1, 3)}
    outputs = {"log_likelihood": tensor("FLOAT", -1, -1)}
    remote = described(server, log_likelihood=(inputs, outputs))
    z = np.zeros((1, 2, 3))
    server.faults.append(b'{"predictions": [[-1, -2]]}')
    assert remote.log_likelihood(IMAGES, z).tolist() == [[-1, -2]]
    server.faults.append(b'{"predictions": [[-1]]}')
    with pytest.raises(ValueError, match=r"`log_likelihood` \[1, 2\]\. Received: \[1, 1\]"):
        remote.log_likelihood(IMAGES, z)


@pytest.mark.parametrize(
    "name", ["/a/out_1", "../up_2", "a/b", "..", ".hidden", "a\\b", "", "a\n1"]
)
def test_names_of_outputs_are_no_paths(server, name):
    maps = tensor("FLOAT", -1, 1, 1, 1)
    for endpoint, call in (("feature_maps", "feature_maps"), ("encode_pixels", "posterior")):
        remote = described(server, **{endpoint: ({"image": IMAGE}, {name: maps, "other": maps})})
        values = {name: [[[1]]], "other": [[[2]]]}
        server.faults.append(json.dumps({"predictions": [values]}).encode())
        with pytest.raises(ValueError, match="'tiny' must name its outputs by letters, digits"):
            getattr(remote, call)(IMAGES)


def test_feature_maps_are_maps_by_any_plain_name(server):
    maps = tensor("FLOAT", -1, 1, 1, 1)
    outputs = {"decoder_conv": maps, "conv2d_10": maps, "conv2d": maps, "conv2d_9": maps}
    remote = described(server, feature_maps=({"image": IMAGE}, outputs))
    values = {name: [[[1]]] for name in outputs}
    server.faults.append(json.dumps({"predictions": [values]}).encode())
    expected = ["conv2d", "conv2d_9", "conv2d_10", "decoder_conv"]
    assert list(remote.feature_maps(IMAGES)) == expected
    remote = described(server, feature_maps=({"image": IMAGE}, {"conv_1": tensor("STRING", -1)}))
    server.faults.append(b'{"predictions": ["x"]}')
    with pytest.raises(ValueError, match=r"must return feature maps, .*Received: 'conv_1', object"):
        remote.feature_maps(IMAGES)


def test_a_posterior_of_other_parameters_is_named(server):
    remote = described(server, encode_pixels=({"image": IMAGE}, {"z": Z}))
    server.faults.append(b'{"predictions": [[1, 2, 3]]}')
    assert remote.posterior(IMAGES)["z"].tolist() == [[1, 2, 3]]
    server.faults.append(b'{"predictions": [[1, 2, 3]]}')
    with pytest.raises(ValueError, match=r"'tiny' must have z_mean and z_log_var: .*Received: z\."):
        remote.encode(IMAGES)


def test_a_parameter_does_not_replace_a_fact_of_the_images(server):
    remote = described(server, encode_pixels=({"image": IMAGE}, {"z_mean": Z, "label": Z}))
    server.faults.append(b'{"predictions": [{"z_mean": [1, 2, 3], "label": [4, 5, 6]}]}')
    with pytest.raises(ValueError, match=r"than the images have facts\. Received: label\."):
        batches.encode({"image": IMAGES, "label": np.array([7])}, remote)


def test_a_model_of_images_that_no_request_holds_is_refused(server):
    image = tensor("UINT8", -1, 10_000, 10_000, 1)
    with pytest.raises(ValueError, match=r"images \[10000, 10000, 1\], of which one is too large"):
        described(
            server,
            encode_pixels=({"image": image}, {"z_mean": Z, "z_log_var": Z}),
            decode_pixels=({"z": Z}, {"image": image}),
        )
