import json
import re
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from keras_vae.choices import RESAMPLINGS
from keras_vae.export import saved_model as export_module
from keras_vae.export.saved_model import export_model
from keras_vae.inference import registry as runtime
from keras_vae.models.vae import VAE
from keras_vae.presets import get_preset
from keras_vae.training.distribution import make_strategy
from tests.encoding import encode_png, encoded

# The contract, as clients of TensorFlow Serving rely on it: inputs, outputs. L = 6, 32×32×3.
BYTES, PIXELS, Z = (tf.string, [None]), (tf.uint8, [None, 32, 32, 3]), (tf.float32, [None, 6])
SCALAR = (tf.float32, [None])
NOISE = {"seed": (tf.int64, [None]), "temperature": SCALAR}
CONTRACT = {
    "serving_default": ({"image_bytes": BYTES}, {"image_bytes": BYTES}),
    "reconstruct": ({"image_bytes": BYTES}, {"image_bytes": BYTES}),
    "encode": ({"image_bytes": BYTES}, {"z_mean": Z, "z_log_var": Z}),
    "decode": ({"z": Z}, {"image_bytes": BYTES}),
    "generate": (NOISE, {"image_bytes": BYTES, "z": Z}),
    "generate_gmm": (NOISE, {"image_bytes": BYTES, "z": Z}),
    "log_prior_gmm": (
        {"z": (tf.float32, [None, None, 6])},
        {"log_prior": (tf.float32, [None, None])},
    ),
    "morph": (
        {"image_bytes": BYTES, "attribute": BYTES, "strength": SCALAR},
        {"image_bytes": BYTES},
    ),
    "directions": ({"attribute": BYTES}, {"direction": Z}),
    "encode_pixels": ({"image": PIXELS}, {"z_mean": Z, "z_log_var": Z}),
    "decode_pixels": ({"z": Z}, {"image": PIXELS}),
    "generate_pixels": (NOISE, {"image": PIXELS, "z": Z}),
    "generate_gmm_pixels": (NOISE, {"image": PIXELS, "z": Z}),
    "log_likelihood": (
        {"image": PIXELS, "z": (tf.float32, [None, None, 6])},
        {"log_likelihood": (tf.float32, [None, None])},
    ),
    "feature_maps": (
        {"image": PIXELS},
        {
            "encoder_conv_1": (tf.float32, [None, 16, 16, 8]),
            "encoder_conv_2": (tf.float32, [None, 8, 8, 8]),
            "decoder_conv_1": (tf.float32, [None, 16, 16, 8]),
            "decoder_conv_2": (tf.float32, [None, 32, 32, 8]),
            "decoder_conv_3": (tf.float32, [None, 32, 32, 3]),
        },
    ),
    "describe": ({"row": (tf.int64, [None])}, {"model_json": BYTES}),
}

# What a stranger's process does: TensorFlow, a path, arrays in and out.
STRANGER = """
import sys
import numpy as np, tensorflow as tf
path, requests, answers = sys.argv[1:]
model = tf.saved_model.load(path)
inputs = np.load(requests)
outputs = {}
for key in inputs.files:
    signature, name = key.split("/")
    outputs.setdefault(signature, {})[name] = tf.constant(inputs[key])
results = {s: model.signatures[s](**request) for s, request in outputs.items()}
assert not [name for name in sys.modules if name.startswith("keras_vae")]
np.savez(answers, **{f"{s}/{n}": v.numpy() for s, r in results.items() for n, v in r.items()})
"""


def meta_graph(path):
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    saved = SavedModel.FromString((path / "saved_model.pb").read_bytes())
    (graph,) = saved.meta_graphs
    return graph


def test_signatures_are_the_contracts(models_dir):
    signatures = meta_graph(models_dir / "colour" / "1").signature_def
    public = {name: signature for name, signature in signatures.items() if name[0] != "_"}
    assert set(public) == set(CONTRACT)

    def described(tensors):
        return {
            name: (
                tf.dtypes.as_dtype(info.dtype),
                [side.size if side.size >= 0 else None for side in info.tensor_shape.dim],
            )
            for name, info in tensors.items()
        }

    for name, (inputs, outputs) in CONTRACT.items():
        assert described(public[name].inputs) == inputs, name
        assert described(public[name].outputs) == outputs, name


def test_dense_model_without_a_fitted_prior_has_the_rest(models_dir):
    signatures = meta_graph(models_dir / "grey" / "1").signature_def
    missing = {"feature_maps", "generate_gmm", "generate_gmm_pixels", "log_prior_gmm"}
    assert {name for name in signatures if name[0] != "_"} == set(CONTRACT) - missing


def test_the_graph_holds_the_prior_once(models_dir, prior):
    """Of 200 dimensions and 10 components it is 1.6 MB."""
    folder = models_dir / "colour" / "1"
    assert prior.scale_tril.tobytes() not in (folder / "saved_model.pb").read_bytes()
    variables = (folder / "variables" / "variables.data-00000-of-00001").read_bytes()
    assert variables.count(prior.scale_tril.tobytes()) == 1


@pytest.mark.slow
def test_fresh_process_answers_as_the_keras_model(
    tmp_path, models_dir, colour_vae, photos, directions
):
    images = photos[:5]
    files = np.array([encode_png(image) for image in images], dtype=object)
    z = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    requests = {
        "encode_pixels/image": images,
        "encode/image_bytes": files.astype("S"),
        "decode_pixels/z": z,
        "decode/z": z,
        "serving_default/image_bytes": files.astype("S"),
        "morph/image_bytes": files.astype("S"),
        "morph/attribute": np.array([b"Smiling"] * 5),
        "morph/strength": np.linspace(-2, 2, 5, dtype=np.float32),
        "generate/seed": np.arange(3),
        "generate/temperature": np.ones(3, np.float32),
        "generate_gmm/seed": np.arange(3),
        "generate_gmm/temperature": np.ones(3, np.float32),
        "generate_pixels/seed": np.arange(3),
        "generate_pixels/temperature": np.ones(3, np.float32),
        "generate_gmm_pixels/seed": np.arange(3),
        "generate_gmm_pixels/temperature": np.ones(3, np.float32),
        "feature_maps/image": images,
    }
    np.savez(tmp_path / "requests.npz", **requests)
    command = [sys.executable, "-c", STRANGER, str(models_dir / "colour" / "1")]
    command += [str(tmp_path / "requests.npz"), str(tmp_path / "answers.npz")]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)
    with np.load(tmp_path / "answers.npz", allow_pickle=True) as file:
        answers = {name: file[name] for name in file.files}

    def decoded(name):
        return np.stack([tf.io.decode_png(data).numpy() for data in answers[name].ravel()])

    def assert_decoded_from(pixels, latents):
        # Rounded to whole levels: half a level, and what float32 adds.
        np.testing.assert_allclose(pixels, colour_vae.mean_images(latents), atol=0.5 + 255e-5)

    posterior = colour_vae.encode(images)
    z_mean, z_log_var = posterior.mean.numpy(), posterior.log_var.numpy()
    for endpoint in ("encode_pixels", "encode"):
        np.testing.assert_allclose(answers[f"{endpoint}/z_mean"], z_mean, atol=1e-5)
        np.testing.assert_allclose(answers[f"{endpoint}/z_log_var"], z_log_var, atol=1e-5)
    assert_decoded_from(answers["decode_pixels/image"], z)
    assert_decoded_from(decoded("decode/image_bytes"), z)
    assert_decoded_from(decoded("serving_default/image_bytes"), z_mean)
    move = np.linspace(-2, 2, 5)[:, None] * directions.direction("Smiling")
    assert_decoded_from(decoded("morph/image_bytes"), z_mean + move)
    assert_decoded_from(decoded("generate/image_bytes"), answers["generate/z"])
    assert_decoded_from(decoded("generate_gmm/image_bytes"), answers["generate_gmm/z"])
    for endpoint in ("generate_pixels", "generate_gmm_pixels"):
        assert_decoded_from(answers[f"{endpoint}/image"], answers[f"{endpoint}/z"])
    logits = colour_vae.decoder(z_mean, training=False)
    np.testing.assert_allclose(answers["feature_maps/decoder_conv_3"], logits, atol=1e-5)
    assert np.ptp(answers["decode_pixels/image"], axis=0).max() > 20  # the images do differ


@pytest.mark.slow
@pytest.mark.usefixtures("without_lite")
def test_graph_holds_inference_alone(tmp_path, photos):
    from keras_vae.models.vae import VAE
    from keras_vae.presets import get_preset

    vae = VAE.from_preset(get_preset("celeba").override(filters=(4,), latent_dim=3))
    vae.compile(optimizer="adam")
    vae.fit(photos[:8], batch_size=8, epochs=1, verbose=0)
    path = export_model(vae, tmp_path / "trained")
    saved = dict(tf.train.list_variables(str(path / "variables" / "variables")))
    saved.pop("_CHECKPOINTABLE_OBJECT_GRAPH")
    parts = (vae.encoder, vae.likelihood)  # the decoder is the likelihood's
    expected = [tuple(weight.shape) for part in parts for weight in part.weights]
    assert sorted(map(tuple, saved.values())) == sorted(expected)
    graph = meta_graph(path).graph_def
    ops = {node.op for function in graph.library.function for node in function.node_def}
    assert not {op for op in ops if "PyFunc" in op or "Grad" in op or "Adam" in op}
    assert not any("HashTable" in op for op in ops)


@pytest.mark.slow
@pytest.mark.usefixtures("without_lite")
def test_half_precision_training_exports_float32(tmp_path, colour_vae, photos):
    from keras_vae.models.vae import VAE
    from keras_vae.presets import get_preset

    preset = get_preset("celeba").override(filters=(8, 8), latent_dim=6)
    mixed = VAE.from_preset(preset, dtype="mixed_bfloat16")
    mixed.encoder.set_weights(colour_vae.encoder.get_weights())
    mixed.decoder.set_weights(colour_vae.decoder.get_weights())
    path = export_model(mixed, tmp_path / "mixed")
    assert "BFLOAT16" not in str(meta_graph(path).graph_def)
    z_mean, _ = runtime.load(path, runtime="tensorflow").encode(photos[:3])
    np.testing.assert_allclose(z_mean, colour_vae.encode(photos[:3]).mean, atol=1e-5)


@pytest.mark.slow
@pytest.mark.usefixtures("without_lite")
def test_a_scale_learned_by_two_replicas_is_exported(tmp_path, digits):
    preset = get_preset("digits").override(
        hidden=(16,), latent_dim=2, likelihood="learned_gaussian"
    )
    with make_strategy("mirrored").scope():
        vae = VAE.from_preset(preset, seed=0)
    vae.likelihood.log_variance.assign(-1.3)
    path = export_model(vae, tmp_path / "mirrored")
    z = np.random.default_rng(0).standard_normal((4, 3, 2)).astype(np.float32)
    answer = tf.saved_model.load(str(path)).signatures["log_likelihood"](
        image=tf.constant(digits.images[:4]), z=tf.constant(z)
    )
    mean = np.asarray(vae.mean_images(z.reshape(-1, 2))).reshape(4, 3, 64) / 255
    pixels = digits.images[:4].reshape(4, 1, 64) / 255
    expected = stats.norm.logpdf(pixels, mean, np.exp(-1.3 / 2)).sum(axis=-1)
    np.testing.assert_allclose(answer["log_likelihood"], expected, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.usefixtures("without_lite")
def test_the_endpoints_scale_photos_as_the_preset_and_as_python_does(
    tmp_path, colour_vae, astronaut
):
    photo = astronaut.crop((80, 0, 380, 300))
    data, z_mean = tf.constant([encoded(photo)]), {}
    for resampling in RESAMPLINGS:
        facts = {"preset": {"resampling": resampling}}
        path = export_model(colour_vae, tmp_path / resampling, metadata=facts)
        model = runtime.load(path, runtime="tensorflow")
        assert model.resampling == resampling
        z_mean[resampling] = model.encode(photo, align=False).z_mean
        answer = tf.saved_model.load(str(path)).signatures["encode"](data)["z_mean"]
        np.testing.assert_allclose(answer, z_mean[resampling], atol=0.002)
    assert np.abs(z_mean["bicubic"] - z_mean["bilinear"]).max() > 0.01


@pytest.mark.slow
@pytest.mark.usefixtures("without_lite")
def test_export_leaves_the_model_as_it_was(tmp_path, grey_vae):
    before = [weight.numpy() for weight in grey_vae.weights]
    export_model(grey_vae, tmp_path / "grey")
    for weight, value in zip(grey_vae.weights, before, strict=True):
        np.testing.assert_array_equal(weight, value)


@pytest.mark.slow
@pytest.mark.usefixtures("without_lite")
def test_versions_count_up_numerically(tmp_path, grey_vae):
    (tmp_path / "m" / "9").mkdir(parents=True)
    (tmp_path / "m" / "10").mkdir()
    (tmp_path / "m" / "notes").mkdir()
    assert export_model(grey_vae, tmp_path / "m") == tmp_path / "m" / "11"


@pytest.mark.slow
@pytest.mark.usefixtures("without_lite")
def test_existing_version_is_kept_unless_told(tmp_path, grey_vae):
    first = export_model(grey_vae, tmp_path / "m", version=3, metadata={"take": 1})
    with pytest.raises(FileExistsError, match="Use `overwrite=True`"):
        export_model(grey_vae, tmp_path / "m", version=3, metadata={"take": 2})
    assert runtime.load(first).metadata["take"] == 1
    export_model(grey_vae, tmp_path / "m", version=3, metadata={"take": 2}, overwrite=True)
    assert runtime.load(first).metadata["take"] == 2
    assert [path.name for path in (tmp_path / "m").iterdir()] == ["3"]


@pytest.mark.parametrize("version", [0, -1, 1.5, True, "2", 10**18])
def test_version_must_be_a_positive_integer(tmp_path, grey_vae, version):
    message = "`version` must be a positive integer of at most 18 digits. Received: "
    with pytest.raises(ValueError, match=re.escape(f"{message}{version!r}.")):
        export_model(grey_vae, tmp_path / "m", version=version)


def test_folders_with_names_that_no_version_has_are_not_counted(tmp_path):
    for name in ("7", "20261130120000123456", "٣٠", "8.draft"):
        (tmp_path / name).mkdir()
    assert export_module.next_version(tmp_path) == 8
    (tmp_path / "999999999999999999").mkdir()
    with pytest.raises(ValueError, match="has the last number that a version can have"):
        export_module.next_version(tmp_path)


def test_what_is_no_vae_is_not_exported(tmp_path):
    with pytest.raises(TypeError, match=r"`vae` must be a `VAE`\. Received: NoneType\."):
        export_model(None, tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_only_a_version_is_overwritten(tmp_path, grey_vae):
    photo = tmp_path / "photos" / "2024" / "a.jpg"
    photo.parent.mkdir(parents=True)
    photo.touch()
    with pytest.raises(FileExistsError, match="2024 is no version of a model"):
        export_model(grey_vae, tmp_path / "photos", version=2024, overwrite=True)
    assert photo.exists()


@pytest.mark.parametrize("directory", [".", "..", "models/.."])
def test_a_models_folder_has_a_name(empty_folder, grey_vae, directory):
    with pytest.raises(ValueError, match="`name` of a model must be"):
        export_model(grey_vae, directory)


@pytest.mark.slow
@pytest.mark.usefixtures("without_lite")
def test_failed_export_leaves_nothing_behind(tmp_path, grey_vae, monkeypatch):
    export_model(grey_vae, tmp_path / "m", metadata={"take": 1})

    def fail(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(export_module, "write_warmup", fail)
    for version in (None, 1):
        with pytest.raises(OSError, match="No space"):
            export_model(grey_vae, tmp_path / "m", version=version, overwrite=True)
    assert [path.name for path in (tmp_path / "m").iterdir()] == ["1"]
    assert runtime.load(tmp_path / "m").metadata["take"] == 1


def test_describe_returns_model_json_for_each_row(colour_model, upscaler):
    for model in (colour_model, upscaler):
        text = (model.path / "assets.extra" / "model.json").read_bytes()
        returned = model.endpoint("describe")(row=tf.constant([0, 7], tf.int64))["model_json"]
        assert returned.numpy().tolist() == [text, text]


def test_model_json_holds_the_facts(models_dir, directions):
    path = models_dir / "colour" / "1" / "assets.extra" / "model.json"
    facts = json.loads(path.read_text())
    assert facts["attribute_names"] == list(directions.names)
    assert (facts["image_shape"], facts["latent_dim"]) == ([32, 32, 3], 6)
    assert facts["versions"]["keras"] == keras.__version__
    assert facts["metrics"] == {"test": {"mse": 0.5}}
    assert facts["contract"] == 1
    assert facts["priors"] == ["normal", "gmm"]
    assert "licence" in facts
    assert "git_commit" in facts


@pytest.mark.usefixtures("without_lite")
def test_numbers_that_json_does_not_have_are_written_as_null(tmp_path, grey_vae):
    metrics = {"test": {"psnr": float("inf"), "mse": float("nan"), "nats": 1.5}}
    path = export_model(grey_vae, tmp_path / "m", metadata={"metrics": metrics})
    text = (path / "assets.extra" / "model.json").read_text()
    facts = json.loads(text, parse_constant=pytest.fail)
    assert facts["metrics"] == {"test": {"psnr": None, "mse": None, "nats": 1.5}}
