import json
import subprocess
import sys

import pytest

from keras_vae.inference import registry as runtime
from keras_vae.inference.exported import kind_of
from keras_vae.inference.saved_model import SavedModel
from keras_vae.inference.upscaler import Upscaler

# An upscaler without a Keras model class of ours, and its facts without TensorFlow.
LEAN = """
import sys
import numpy as np
from keras_vae.inference import registry as runtime
model = runtime.load_upscaler(sys.argv[1])
assert model.factor == 3 and runtime.load_any(sys.argv[1]).kind == "upscaler"
assert "tensorflow" not in sys.modules, "tensorflow was imported for facts"
model.upscale(np.zeros((1, 4, 5, 3), np.uint8))
ours = {name.split(".")[1] for name in sys.modules if name.startswith("keras_vae.")}
assert not ours & {"models", "super_resolution", "export"}, ours
"""


def test_loading_an_upscaler_imports_no_model_class(upscalers_dir):
    done = subprocess.run(
        [sys.executable, "-c", LEAN, str(upscalers_dir / "vdsr")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_each_kind_is_distinguished(upscalers_dir, models_dir):
    upscaler, autoencoder = upscalers_dir / "vdsr", models_dir / "grey"
    with pytest.raises(
        ValueError, match=r"^'vdsr' is an upscaler, not an autoencoder.*upscale IMG"
    ):
        runtime.load(upscaler)
    with pytest.raises(ValueError, match=r"^'grey' is an autoencoder, not an upscaler.*generate"):
        runtime.load_upscaler(autoencoder)


def test_any_kind_is_opened_as_its_class(upscalers_dir, models_dir):
    assert isinstance(runtime.load_any(upscalers_dir / "twice"), Upscaler)
    assert isinstance(runtime.load_any(models_dir / "grey"), SavedModel)


def test_the_kind_of_an_autoencoder_is_optional():
    assert kind_of({}) == kind_of({"kind": "autoencoder"}) == "autoencoder"
    with pytest.raises(ValueError, match=r"autoencoder, upscaler\. Received: 'oracle'"):
        kind_of({"kind": "oracle"})


def test_the_error_of_an_unknown_endpoint_lists_similar_names(upscaler):
    with pytest.raises(ValueError, match="Did you mean 'upscale'"):
        upscaler.endpoint("upscales")


def test_facts_hold_contract_and_versions(upscaler):
    facts = json.loads((upscaler.path / "assets.extra" / "model.json").read_text())
    assert facts["contract"] == 1
    assert {"keras", "tensorflow"} <= set(facts["versions"])
    assert (facts["kind"], facts["factor"]) == ("upscaler", 3)
    assert set(upscaler.endpoints) == {"serving_default", "upscale", "upscale_pixels", "describe"}
