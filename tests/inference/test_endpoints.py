import re

import numpy as np
import pytest

from keras_vae.inference.endpoints import TensorSpec, as_batches, reason

NODE = "[[{{node decode_pixels_1/CheckNumerics}}]]"


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (f"`z` must be finite. : Tensor had NaN values\n\t {NODE}", "`z` must be finite."),
        (f"assertion failed: [No such `a`.]\n\t {NODE}\n\t{NODE}", "No such `a`."),
        ("Bad image.\n\t [[{{function_node map_8}}{{node a}}]]", "Bad image."),
        (
            f"2 root error(s) found.\n  (0) INVALID_ARGUMENT: Bad image.\n\t {NODE}\n"
            f"  (1) INVALID_ARGUMENT: Worse.\n\t {NODE}\n0 successful operations.",
            "Bad image.",
        ),
        (f"Graph execution error:\n\nDetected at node x\n\t{NODE}\nBad image.", "Bad image."),
        ("Servable not found for request: Latest(x)", "Servable not found for request: Latest(x)"),
        ("", ""),
    ],
)
def test_reason_is_the_sentence_within_the_noise(message, sentence):
    assert reason(message) == sentence


Z, SEED = TensorSpec(np.dtype(np.float32), (-1, 2)), TensorSpec(np.dtype(np.int64), (-1,))
IMAGE = TensorSpec(np.dtype(np.uint8), (-1, 4, 4, 1))


@pytest.mark.parametrize(
    ("name", "spec", "value", "message"),
    [
        ("z", Z, np.zeros((2, 3, 2)), "must have shape ['B', 2]. Received: [2, 3, 2]."),
        ("z", Z, np.zeros((0, 3)), "must have shape ['B', 2]. Received: [0, 3]."),
        ("z", Z, [[1, 2], [1]], "must have entries of one shape, ['B', 2]."),
        ("z", Z, [["nan", "1"]], "must be numbers. Received: [['nan', '1']]."),
        ("z", Z, [[None, None]], "must be numbers. Received: [[None, None]]."),
        ("z", Z, [[1j, 0]], "must be numbers."),
        ("z", Z, [[1e39, 0]], "must be finite."),
        ("seed", SEED, [1.7], "must be whole numbers of int64. Received: [1.7]."),
        ("seed", SEED, [2**63], "must be whole numbers of int64."),
        ("seed", SEED, [2**70], "must be whole numbers of int64."),
        ("seed", SEED, ["1"], "must be whole numbers of int64. Received: ['1']."),
        ("image", IMAGE, np.zeros((2, 16), np.uint8), "Received: [2, 16]."),
        ("image", IMAGE, np.zeros((2, 2, 8, 1), np.uint8), "Received: [2, 2, 8, 1]."),
    ],
)
@pytest.mark.filterwarnings("error")
def test_inputs_of_another_shape_or_type_are_refused(name, spec, value, message):
    with pytest.raises(ValueError, match=rf"^`{name}` .*{re.escape(message)}"):
        as_batches({name: value}, {name: spec})


@pytest.mark.parametrize("value", [[[1, 2]], np.ones((3, 2), np.float16), np.zeros((0, 2))])
def test_numbers_of_other_types_are_converted(value):
    z = as_batches({"z": value}, {"z": Z})["z"]
    assert z.dtype == np.float32
    np.testing.assert_array_equal(z, value)
    assert as_batches({"seed": []}, {"seed": SEED})["seed"].dtype == np.int64


def test_texts_that_are_no_utf8_are_refused():
    spec = TensorSpec(np.dtype(object), (-1,))
    with pytest.raises(ValueError, match=r"^`a` must be UTF-8\. Received: 'caf.udce9'\.$"):
        as_batches({"a": ["x", "caf\udce9"]}, {"a": spec})


def test_texts_are_passed_on():
    spec = TensorSpec(np.dtype(object), (-1,))
    assert as_batches({"a": ["x", b"y"]}, {"a": spec})["a"].tolist() == ["x", b"y"]
