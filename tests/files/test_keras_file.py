"""Keras's safe mode: what it refuses is one line that says what to do."""

import io
import json
import zipfile

import keras
import numpy as np
import pytest

from keras_vae.files.keras_file import check_keras_file, load_keras_file


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    image = keras.Input((2, 2, 1))
    path = tmp_path_factory.mktemp("models") / "plain.keras"
    keras.Model(image, keras.layers.Flatten()(image)).save(path)
    return path


def changed(path, folder, **members):
    """A copy of a file with other members."""
    copy = folder / "model.keras"
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(copy, "w") as after:
        contents = {name: before.read(name) for name in before.namelist()} | members
        for name, content in contents.items():
            if content is not None:
                after.writestr(name, content)
    return copy


def refusal(path):
    with pytest.raises(ValueError, match=str(path.name)) as raised:
        load_keras_file(path, compile=False)
    assert len(str(raised.value).splitlines()) == 1
    return str(raised.value)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_lambda_layer_is_refused_by_safe_mode(suffix, tmp_path):
    image = keras.Input((2, 2, 1))
    twice = keras.layers.Lambda(lambda x: 2 * x, output_shape=(2, 2, 1))
    path = tmp_path / f"lambda{suffix}"
    keras.Model(image, twice(image)).save(path)
    message = refusal(path)
    assert "Python code, such as a Lambda layer, which Keras's safe mode does not run" in message
    assert "register_keras_serializable" in message


def test_a_class_that_nothing_registers_is_named(tmp_path):
    class Own(keras.layers.Layer):
        def call(self, inputs):
            return inputs

    image = keras.Input((2, 2, 1))
    keras.Model(image, Own()(image)).save(tmp_path / "own.keras")
    assert "needs the class 'Own'. Keras's safe mode" in refusal(tmp_path / "own.keras")


@pytest.mark.parametrize("name", ["system", "popen"])
def test_functions_of_other_packages_are_not_called(plain, tmp_path, name):
    command = {"module": "os", "class_name": name, "config": {"command": "touch called"}}
    config = json.dumps({**command, "registered_name": None})
    message = refusal(changed(plain, tmp_path, **{"config.json": config}))
    assert f"needs the class '{name}'" in message


def test_a_pickle_in_place_of_the_weights_is_not_loaded(plain, tmp_path):
    class Pickled:
        def __reduce__(self):
            return pytest.fail, ("a pickle was loaded",)

    weights = io.BytesIO()
    np.savez(weights, vars=np.array([Pickled()], object), allow_pickle=True)
    members = {"model.weights.h5": None, "model.weights.npz": weights.getvalue()}
    config = json.loads(zipfile.ZipFile(plain).read("config.json"))
    config["config"]["layers"][1] = {
        **config["config"]["layers"][1],
        "class_name": "Dense",
        "config": {"name": "flatten", "units": 1},
    }
    assert refusal(changed(plain, tmp_path, **members, **{"config.json": json.dumps(config)}))


@pytest.mark.parametrize("config", ["[1]", "null", "{", "[" * 100_000])
def test_a_configuration_that_is_none_is_refused(plain, tmp_path, config):
    assert "not a Keras model" in refusal(changed(plain, tmp_path, **{"config.json": config}))


def test_a_damaged_file_is_named_with_what_to_do(plain, tmp_path):
    check_keras_file(plain, "Do something.")
    for file, reason in (
        (changed(plain, tmp_path, **{"metadata.json": None}), r"its member metadata\.json"),
        (tmp_path, r"must be a regular file"),
    ):
        with pytest.raises(ValueError, match=rf"is damaged \(.*{reason}.*\)\. Do something\."):
            check_keras_file(file, "Do something.")


def test_a_member_that_expands_like_no_weights_is_not_unpacked(plain, tmp_path, monkeypatch):
    monkeypatch.setattr("keras_vae.files.limits.MAX_BYTES", 10**6)
    bomb = tmp_path / "model.keras"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.weights.h5", bytes(2 * 10**6))
    with pytest.raises(ValueError, match=r"is damaged \(model.weights.h5 expands from"):
        check_keras_file(bomb, "Do something.")


def test_a_text_is_no_model(tmp_path):
    (tmp_path / "bad.keras").write_text("no model")
    with pytest.raises(ValueError, match=r"bad\.keras is not a Keras model .* a zip archive\.$"):
        load_keras_file(tmp_path / "bad.keras")
