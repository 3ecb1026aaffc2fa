import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from keras_vae.export import lite
from keras_vae.export.saved_model import export_model
from keras_vae.inference import registry as runtime
from keras_vae.latent_space.priors import GaussianMixturePrior
from keras_vae.models.vae import VAE


def ops(path):
    """Operations of a file, before a delegate takes them."""
    return {node["op_name"] for node in Interpreter(str(path))._get_ops_details()}


def floats(path):
    """Types of the constants of a file."""
    interpreter = Interpreter(str(path))
    return {np.dtype(each["dtype"]).name for each in interpreter.get_tensor_details()}


@pytest.fixture
def version(models_dir, tmp_path):
    """A copy of `colour`, without networks for LiteRT, as version 0.1 exported it."""
    path = tmp_path / "colour" / "1"
    shutil.copytree(models_dir / "colour" / "1", path)
    shutil.rmtree(path / "assets.extra" / "lite")
    return path


def test_exports_have_networks_with_named_inputs_and_outputs(models_dir):
    for name, files in (("colour", 3), ("grey", 2)):
        folder = models_dir / name / "1" / "assets.extra" / "lite"
        assert len(list(folder.iterdir())) == files
        for file, inputs, outputs in (
            ("encode.tflite", ["image"], ["z_log_var", "z_mean"]),
            ("decode.tflite", ["z"], ["image"]),
        ):
            (signature,) = Interpreter(str(folder / file)).get_signature_list().values()
            assert signature == {"inputs": inputs, "outputs": outputs}


def test_networks_have_no_guards_and_the_weights_of_the_smallest_size(models_dir):
    for file in (models_dir / "colour" / "1" / "assets.extra" / "lite").glob("*.tflite"):
        assert not ops(file) & {"PAD", "PADV2", "CUSTOM", "WHILE", "IF"}
        assert "CONV_2D" in ops(file)
        assert "float16" in floats(file)


@pytest.mark.slow
def test_existing_models_are_given_theirs(version, models_dir):
    folder = lite.write_lite(version)
    for file in (models_dir / "colour" / "1" / "assets.extra" / "lite").iterdir():
        assert (folder / file.name).read_bytes() == file.read_bytes()
    with pytest.raises(FileExistsError, match="overwrite=True"):
        lite.write_lite(version)
    assert lite.write_lite(version, overwrite=True) == folder
    assert [path.name for path in folder.parent.glob(".*")] == []


def test_the_fitted_prior_is_the_one_that_was_exported(models_dir, prior):
    path = models_dir / "colour" / "1" / "assets.extra" / "lite" / "prior.npz"
    loaded = GaussianMixturePrior.load(path)
    for name in ("weights", "means", "scale_tril"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(prior, name))


def test_the_copy_without_checks_has_the_same_results(version, colour_model):
    original = colour_model.sample([1, 2])
    model = lite.load_without_checks(version)
    z = tf.constant(original[1])
    np.testing.assert_array_equal(model.signatures["decode_pixels"](z=z)["image"], original[0])
    library = model.signatures["decode_pixels"].graph.as_graph_def().library.function
    left = {node.op for function in library for node in function.node_def}
    assert "CheckNumerics" not in left
    assert "Conv2D" in left


def test_the_padding_of_a_network_stays():
    constant = tf.constant([[0, 0], [1, 1]])

    @tf.function(input_signature=[tf.TensorSpec([None, 3])])
    def padded(x):
        guard = tf.stack([[0, tf.maximum(1 - tf.shape(x)[0], 0)], [0, 0]])
        return tf.pad(tf.pad(x, guard), constant)

    definition = padded.get_concrete_function().graph.as_graph_def()
    for node in definition.node:  # as in a function of a SavedModel's library
        if node.input:
            node.input[:] = [f"{name}:output:0" for name in node.input]
    function = type("Function", (), {"node_def": definition.node})
    lite._remove_checks(function)
    assert [node.op for node in definition.node].count("Pad") == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("agreements", "expected"),
    [
        ([True], {"encode": "float16", "decode": "float16"}),
        ([False, True], {"encode": "float32", "decode": "float16"}),
        ([False, False, True], {"encode": "float32", "decode": "float32"}),
    ],
)
def test_weights_are_float32_where_float16_changes_pixels(
    version, monkeypatch, agreements, expected
):
    answers = iter(agreements)
    monkeypatch.setattr(lite, "_agree", lambda folder, expected: next(answers))
    folder = lite.write_lite(version)
    for name, weights in expected.items():
        assert ("float16" in floats(folder / f"{name}.tflite")) == (weights == "float16")


@pytest.mark.parametrize(
    ("share", "fault", "same"),
    [(0.005, 1, True), (0.02, 1, False), (0.005, 2, False), (0.0, 0, True)],
)
def test_pixels_agree_within_a_level_in_one_of_a_hundred(share, fault, same):
    theirs = np.full((2, 10, 10, 5), 100, np.uint8)
    ours = theirs.copy()
    ours.flat[: round(share * ours.size)] -= np.uint8(fault)
    assert lite._same_pixels(ours, theirs) == same


@pytest.mark.slow
def test_reconstructions_count(version, monkeypatch):
    """An encoder whose latents are within the tolerance can still change many pixels."""
    real = lite._results

    def results(signatures):
        found = real(signatures)
        return found | {"reconstruction": found["reconstruction"] ^ np.uint8(1)}

    monkeypatch.setattr(lite, "_results", results)
    with pytest.raises(lite.ConversionError, match="differ"):
        lite.write_lite(version)


@pytest.mark.slow
def test_results_that_differ_are_refused(version, monkeypatch):
    monkeypatch.setattr(lite, "_agree", lambda folder, expected: False)
    with pytest.raises(lite.ConversionError, match="results differ"):
        lite.write_lite(version)
    assert not list((version / "assets.extra").glob("*lite*"))


def vae_with(layer):
    """A VAE of 8×8 images whose decoder has a layer of its own."""
    inputs = keras.Input((8, 8, 1))
    flat = keras.layers.Flatten()(inputs)
    encoder = keras.Model(inputs, [keras.layers.Dense(2)(flat), keras.layers.Dense(2)(flat)])
    z = keras.Input((2,))
    outputs = keras.layers.Reshape((8, 8, 1))(layer(keras.layers.Dense(64)(z)))
    return VAE.from_networks(encoder, keras.Model(z, outputs), output="logits")


class Digamma(keras.layers.Layer):
    """An operation that LiteRT does not have."""

    def call(self, inputs):
        return tf.sigmoid(tf.math.digamma(1.0 + tf.square(inputs)))


@pytest.mark.slow
def test_a_model_that_cannot_be_converted_is_exported_with_a_warning(tmp_path):
    with pytest.warns(RuntimeWarning, match=r"TensorFlow only\. LiteRT does not support"):
        path = export_model(vae_with(Digamma()), tmp_path / "special")
    assert not (path / "assets.extra" / "lite").exists()
    model = runtime.load(path)
    assert type(model) is runtime.SavedModel
    assert model.sample([1])[0].shape == (1, 8, 8, 1)
    with pytest.raises(lite.ConversionError, match="LiteRT does not support"):
        lite.write_lite(path)


def test_an_upscaler_is_no_vae(upscalers_dir):
    with pytest.raises(lite.ConversionError, match=r"latent is a vector.*Received.*\{\}"):
        lite.write_lite(upscalers_dir / "vdsr" / "1", overwrite=True)
    assert (upscalers_dir / "vdsr" / "1" / "assets.extra" / "lite").is_dir()
