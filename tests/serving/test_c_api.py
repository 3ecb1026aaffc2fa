"""The loader that TensorFlow Serving is built on runs the shipped models, without any Python."""

import numpy as np
import pytest

from keras_vae.inference import registry as runtime
from tests.serving.signatures import INVALID_ARGUMENT, SHIPPED, inputs_of

GROWTH = 40  # MB over 8,000 requests, or 5 kB each: less than any of their images


@pytest.mark.slow
def test_every_signature_answers_as_in_python(shipped, loader):
    requests = list(inputs_of(shipped, count=3).items())
    answers = loader(shipped)(requests)["answers"]
    for (name, inputs), answer in zip(requests, answers, strict=True):
        if "attribute" in inputs and not shipped.attributes.names:
            assert answer[0] == INVALID_ARGUMENT
            assert "has no attributes" in answer[1]
            continue
        expected = shipped.call(name, **inputs)
        assert set(answer) == set(expected)
        for output, value in expected.items():  # the same kernels: the same bits
            np.testing.assert_array_equal(answer[output], value, err_msg=f"{name}/{output}")


@pytest.mark.slow
def test_ten_thousand_requests_from_eight_threads(loader):
    model = runtime.load(SHIPPED / "mnist", runtime="tensorflow")
    requests = list(inputs_of(model, count=2).items())  # refused ones among them
    requests.append(("encode", {"image_bytes": [b"no image"]}))
    report = loader(model)(requests, threads=8, total=10_000)
    assert report["wrong"] == 0
    assert report["after"] - report["before"] < GROWTH
