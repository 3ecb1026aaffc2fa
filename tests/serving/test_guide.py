"""The requests of docs/serving.md return the answers shown there."""

import base64
import json
import re
from pathlib import Path

import numpy as np
import pytest

from keras_vae.inference import registry as runtime
from tests.serving.signatures import SHIPPED, signatures_of

GUIDE = Path(__file__).parents[2] / "docs" / "serving.md"
BLOCKS = [
    block.split("\n") for block in re.findall(r"```json\n(.*?)\n```", GUIDE.read_text(), re.S)
]
PAIRS = [tuple(map(json.loads, block)) for block in BLOCKS]
NAMES = [request["signature_name"] for request, _ in PAIRS]


@pytest.fixture(scope="module")
def faces():
    return runtime.load(SHIPPED / "celeba64", runtime="tensorflow")


@pytest.fixture(scope="module")
def whole(faces):
    """What the guide shortens: the face of seed 7, by the names of inputs."""
    face = faces.call("generate", seed=[7], temperature=[0.7])
    return {**face, "image": faces.decode(face["z"])}


def test_every_signature_has_its_example(faces):
    assert sorted([*NAMES, "serving_default"]) == sorted(signatures_of(faces.path))


def test_the_layout_of_an_exported_model_is_complete(faces):
    layout = re.search(r"## What is exported\n\n((?:    .*\n)+)", GUIDE.read_text())[1]
    named = {line.split()[0].rstrip("/") for line in layout.splitlines()}
    folders = (faces.path.parent, faces.path, faces.path / "assets.extra")
    assert {file.name for folder in folders for file in folder.iterdir()} <= named


def test_the_models_that_have_describe_are_named():
    text = " ".join(GUIDE.read_text().split())
    versions = SHIPPED.glob("*/1")
    assert [each.parent.name for each in versions if "describe" in signatures_of(each)] == [
        "celeba128"
    ]
    assert "of the models that come with kvae only `celeba128` has it" in text
    assert "`describe` (`vdsr`, which is older, does not)" in text


@pytest.mark.parametrize(("request_", "answer"), PAIRS, ids=NAMES)
def test_answers_are_those_of_the_model(faces, whole, request_, answer):
    name, (row,) = request_["signature_name"], request_["instances"]
    inputs = {}
    for key, value in row.items():
        full = whole[key] if key in whole else np.array([value])
        if name.startswith("log_") and key == "z":
            full = full[:, None]
        assert_shows(value, as_json(key, full[0]))
        inputs[key] = full
    outputs = {key: as_json(key, value[0]) for key, value in faces.call(name, **inputs).items()}
    (shown,) = answer["predictions"]
    assert_shows(shown, outputs if len(outputs) > 1 else next(iter(outputs.values())))


def as_json(name, value):
    """A value as TensorFlow Serving writes it."""
    if name.endswith("_bytes"):
        return {"b64": base64.b64encode(value).decode()}
    return value.tolist()


def assert_shows(shown, actual):
    """Compare what is shown of a value; "…" marks omitted parts."""
    if isinstance(shown, str):
        assert shown.endswith("…") or shown == actual
        assert str(actual).startswith(shown.removesuffix("…"))
    elif isinstance(shown, dict):
        assert set(shown) == set(actual)
        for key, value in shown.items():
            assert_shows(value, actual[key])
    elif isinstance(shown, list):
        kept = shown[:-1] if shown[-1] == "…" else shown
        assert len(kept) < len(actual) if kept is not shown else len(kept) == len(actual)
        for value, other in zip(kept, actual, strict=False):
            assert_shows(value, other)
    else:
        assert shown == pytest.approx(actual, rel=1e-3, abs=1e-3)
