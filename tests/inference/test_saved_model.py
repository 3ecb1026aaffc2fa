import subprocess
import sys

import numpy as np
import pytest

from keras_vae.inference.saved_model import SavedModel
from keras_vae.presets import get_preset

# Facts without TensorFlow; endpoints without a Keras model class of ours.
LEAN = """
import sys
from keras_vae.files import exported
from keras_vae.inference import registry as runtime
model = runtime.load(sys.argv[1])
assert model.attributes.names and model.direction("Young").shape == (6,)
exported.list_models()
assert "tensorflow" not in sys.modules, "tensorflow was imported for facts"
images, z = model.sample([1, 2])
model.reconstruct(images)
ours = {name.split(".")[1] for name in sys.modules if name.startswith("keras_vae.")}
assert not ours & {"models", "losses", "training", "export"}, ours
"""


def test_loading_imports_no_model_class(models_dir):
    done = subprocess.run(
        [sys.executable, "-c", LEAN, str(models_dir / "colour")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_foreign_saved_model_is_refused(tmp_path):
    (tmp_path / "saved_model.pb").touch()
    with pytest.raises(ValueError, match=r"not a model that kvae exported"):
        SavedModel.open(tmp_path)


def test_facts_are_those_exported(colour_model, grey_model, directions):
    assert colour_model.image_shape == (32, 32, 3)
    assert colour_model.latent_dim == 6
    assert colour_model.attributes.names == directions.names
    np.testing.assert_array_equal(colour_model.attributes.directions, directions.directions)
    assert colour_model.metadata["preset"]["source"] == "Foster"
    assert grey_model.attributes.names == ()
    assert grey_model.attributes.directions.shape == (0, 4)
    assert grey_model.metadata["licence"] == "BSD-3-Clause"
    assert grey_model.kl_per_dimension is None
    assert SavedModel(grey_model.path, {"kl_per_dimension": [2, 1]}).kl_per_dimension == [2, 1]


def test_direction_of_a_model_without_attributes(grey_model):
    with pytest.raises(ValueError, match="'grey' has no attributes"):
        grey_model.direction("Smiling")


@pytest.mark.parametrize(
    ("dataset", "aligned"), [("celeba", True), ("mnist", False), (None, False)]
)
def test_photos_are_aligned_for_models_of_celeba_with_any_preset(tmp_path, dataset, aligned):
    """The preset `celeba` is also what a folder of anybody's images is trained with."""
    facts = {"preset": get_preset("celeba").to_dict(), "data": {"dataset": dataset}}
    assert SavedModel(tmp_path, facts).of_aligned_faces == aligned
    assert not SavedModel(tmp_path, {}).of_aligned_faces


@pytest.mark.parametrize(("part", "name"), [("network", "gating"), ("objective", "tilt")])
def test_the_error_of_a_newer_preset_names_what_is_unknown(tmp_path, part, name):
    preset = get_preset("mnist").to_dict()
    preset[part][name] = 1
    model = SavedModel(tmp_path / "faces" / "1", {"preset": preset})
    with pytest.raises(ValueError, match=rf"(?s)model\.json of 'faces'.*Upgrade.*'{name}'"):
        _ = model.preset
