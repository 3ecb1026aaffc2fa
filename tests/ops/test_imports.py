"""What `import keras_vae` does for TensorFlow and Keras, in processes of their own."""

import os
import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

import keras_vae
from keras_vae.models import VAE
from keras_vae.ops.backend import check_backend
from keras_vae.ops.registration import CLASSES, StandIn

ROOT = Path(keras_vae.__file__).parents[1]
ROOMS = ("losses", "models", "training", "export", "super_resolution")


def python(code, *arguments, check=True, **environment):
    """Run code, as a user with none of the variables of the tests."""
    clean = {k: v for k, v in os.environ.items() if k not in ("TF_CPP_MIN_LOG_LEVEL",)}
    path = os.pathsep.join([str(ROOT), clean.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**clean, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
    )
    assert not check or done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A compiled model with terms, a fused optimizer and layers of the package's own."""
    from keras_vae.ops.adam import FusedAdam

    preset = keras_vae.get_preset("celeba").override(filters=(4, 4), latent_dim=3, mmd_weight=1.0)
    vae = VAE.from_preset(preset, seed=0)
    vae.compile(optimizer=FusedAdam(1e-3), jit_compile=False)
    images = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), np.uint8)
    vae.fit(images, verbose=0)
    file = tmp_path_factory.mktemp("saved") / "vae.keras"
    vae.save(file)
    return file


ORDERS = {
    "the package first": "import keras_vae, keras",
    "Keras first": "import keras, keras_vae",
    "TensorFlow first": "import keras_vae, tensorflow\nimport keras",
}


@pytest.mark.slow
@pytest.mark.parametrize("order", ["the package first", *(
    pytest.param(order, marks=pytest.mark.slow) for order in ("Keras first", "TensorFlow first")
)])  # fmt: skip
def test_a_fresh_process_loads_a_model_after_the_import_alone(order, saved):
    script = (
        f"{ORDERS[order]}\nimport sys\n"
        "assert 'keras_vae.models' not in sys.modules\n"
        "vae = keras.saving.load_model(sys.argv[1])\n"
        "print(type(vae), type(vae.optimizer), int(vae.optimizer.iterations))\n"
    )
    output = python(script, saved).stdout
    assert "keras_vae.models.vae.VAE" in output
    assert "keras_vae.ops.adam.FusedAdam" in output
    assert output.split()[-1] == "1"


def test_every_registered_class_is_listed():
    for module in pkgutil.walk_packages([str(ROOT / "keras_vae")], "keras_vae."):
        if module.name.split(".")[1] in ("ops", *ROOMS):
            import_module(module.name)
    registered = {
        name: value.__module__
        for name, value in keras.saving.get_custom_objects().items()
        if name.startswith("keras_vae>")
    }
    listed = {
        f"keras_vae>{name}": f"keras_vae.{module}"
        for module, names in CLASSES.items()
        for name in names
    }
    assert registered == listed


def test_a_stand_in_makes_an_instance_of_the_class():
    sampling = keras_vae.Sampling(seed=3)
    again = StandIn("models.sampling", "Sampling").from_config(sampling.get_config())
    assert isinstance(again, keras_vae.Sampling)
    assert again.seed == 3


def test_the_import_alone_imports_neither_tensorflow_nor_keras():
    code = "import keras_vae, sys; print({'tensorflow', 'keras', 'numpy'} & set(sys.modules))"
    assert python(code).stdout.strip() == "set()"


TRAINING = """
import keras_vae, numpy as np
preset = keras_vae.get_preset("digits").override(hidden=(8,), latent_dim=2)
vae = keras_vae.VAE.from_preset(preset, seed=0)
vae.compile(optimizer="adam")
vae.fit(np.zeros((64, 8, 8, 1), np.uint8), epochs=2, verbose=0)
vae.generate(2)
"""


@pytest.mark.slow
def test_training_in_python_is_quiet():
    done = python(TRAINING)
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.slow
def test_a_log_level_of_the_user_remains():
    code = "import keras_vae, tensorflow, os; print(os.environ['TF_CPP_MIN_LOG_LEVEL'])"
    done = python(code, TF_CPP_MIN_LOG_LEVEL="0")
    assert done.stdout.strip() == "0"
    assert done.stderr


def test_an_import_that_fails_shows_what_was_written(tmp_path):
    (tmp_path / "tensorflow.py").write_text(
        "import os\nos.write(2, b'a library is missing')\nraise ImportError('no')\n"
    )
    path = f"{tmp_path}{os.pathsep}{ROOT}"
    done = python("import keras_vae, tensorflow", check=False, PYTHONPATH=path)
    assert done.returncode == 1
    assert "a library is missing" in done.stderr
    assert "ImportError: no" in done.stderr


@pytest.mark.parametrize("backend", ["jax", "torch"])
@pytest.mark.parametrize(
    "code", ["import keras_vae; keras_vae.VAE", "from keras_vae import train", *(
        f"import keras_vae.{room}" for room in ROOMS)]
)  # fmt: skip
def test_another_backend_is_named_in_one_error(code, backend):
    done = python(code, check=False, KERAS_BACKEND=backend)
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 1
    assert last.startswith("ImportError: keras_vae builds and trains models with Keras's backend")
    assert f"Received: {backend!r}, from the environment variable KERAS_BACKEND" in last
    assert "During handling" not in done.stderr


def test_a_backend_that_keras_has_already_is_named(monkeypatch):
    config = SimpleNamespace(backend=lambda: "openvino")
    monkeypatch.setitem(sys.modules, "keras", SimpleNamespace(config=config))
    with pytest.raises(ImportError, match=r"Received: 'openvino', from the .* or ~/\.keras"):
        check_backend()


def test_exported_models_are_loaded_with_any_backend(models_dir):
    code = "import keras_vae, sys; print(keras_vae.load(sys.argv[1]).sample(seeds=[0])[1].shape)"
    done = python(code, models_dir / "colour", KERAS_BACKEND="jax")
    assert done.stdout.strip() == "(1, 6)"


@pytest.mark.slow
def test_a_notebook_logs_as_little_as_a_script():
    interactive = "import sys; sys.ps1 = '>>> '"
    done = python(
        f"{interactive}\nimport keras_vae, tensorflow as tf; print(tf.get_logger().level)"
    )
    assert done.stdout.strip() == "30"  # WARNING
