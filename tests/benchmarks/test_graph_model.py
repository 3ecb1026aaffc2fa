"""A small graph model of TensorFlow.js against its arithmetic in NumPy."""

import json

import numpy as np
import pytest

from benchmarks.graph_model import graph_model

KERNEL = np.arange(12, dtype=np.float32).reshape(1, 1, 3, 4)
OFFSETS = np.array([1.0, -2.0, 3.0, -4.0], np.float32)
SHAPE = np.array([-1, 16], np.int32)


def node(name, op, *inputs, **attributes):
    return {"name": name, "op": op, "input": list(inputs), "attr": attributes}


def constant(name, values):
    kind = {"type": "DT_INT32" if values.dtype == np.int32 else "DT_FLOAT"}
    value = {"tensor": {"dtype": kind["type"], "tensorShape": {}}}
    return node(name, "Const", dtype=kind, value=value)


@pytest.fixture
def layout():
    """A convolution, offsets and a change of shape, as the converter of TensorFlow.js writes it."""
    values = {"kernel": KERNEL, "shape": SHAPE, "offsets": OFFSETS}
    number = {"type": "DT_FLOAT"}
    convolution = node(
        "convolution",
        "Conv2D",
        *("image", "kernel"),
        T=number,
        padding={"s": "VkFMSUQ="},  # VALID
        data_format={"s": "TkhXQw=="},  # NHWC
        strides={"list": {"i": ["1", "2", "2", "1"]}},
        explicit_paddings={"list": {}},
    )
    nodes = [
        *(constant(name, each) for name, each in values.items()),
        node("image", "Placeholder", dtype=number),
        convolution,
        node("sum", "AddV2", "convolution", "offsets", T=number),
        node("flat", "Reshape", "sum", "shape", T=number, Tshape={"type": "DT_INT32"}),
    ]
    weights = [
        {"name": name, "shape": list(each.shape), "dtype": str(each.dtype)}
        for name, each in values.items()
    ]
    sizes = [{"size": size} for size in ("-1", "4", "4", "3")]
    inputs = {"image:0": {"name": "image:0", "tensorShape": {"dim": sizes}}}
    return {
        "format": "graph-model",
        "signature": {"inputs": inputs, "outputs": {"flat:0": {"name": "flat:0"}}},
        "modelTopology": {"node": nodes},
        "weightsManifest": [{"paths": ["one.bin", "two.bin"], "weights": weights}],
    }


@pytest.fixture
def read(layout, tmp_path):
    def write_and_read():
        content = KERNEL.tobytes() + SHAPE.tobytes() + OFFSETS.tobytes()
        (tmp_path / "one.bin").write_bytes(content[:50])
        (tmp_path / "two.bin").write_bytes(content[50:])
        (tmp_path / "model.json").write_text(json.dumps(layout))
        return graph_model(tmp_path / "model.json")

    return write_and_read


def test_a_graph_computes_what_its_operations_say(read):
    images = np.random.default_rng(0).normal(size=(5, 4, 4, 3)).astype(np.float32)
    expected = images[:, ::2, ::2] @ KERNEL[0, 0] + OFFSETS
    np.testing.assert_allclose(read()(images), expected.reshape(5, 16), rtol=1e-5)


def test_what_is_not_a_graph_model_is_refused(read, layout):
    layout["format"] = "layers-model"
    with pytest.raises(ValueError, match=r"model\.json must be a graph model of TensorFlow\.js"):
        read()


def test_quantized_weights_are_refused_by_name(read, layout):
    layout["weightsManifest"][0]["weights"][2]["quantization"] = {"dtype": "uint8"}
    with pytest.raises(ValueError, match=r"not quantized\. Received: offsets, uint8"):
        read()


def test_missing_values_are_named(read, layout):
    layout["weightsManifest"][0]["weights"][2]["shape"] = [5]
    with pytest.raises(ValueError, match="end before offsets"):
        read()


def test_an_unknown_operation_is_named(read, layout):
    layout["modelTopology"]["node"][-2]["op"] = "Ponder"
    with pytest.raises(ValueError, match="Ponder"):
        read()


def test_several_outputs_are_refused(read, layout):
    layout["signature"]["outputs"]["sum:0"] = {"name": "sum:0"}
    with pytest.raises(ValueError, match=r"must have one of outputs\. Received: 2"):
        read()
