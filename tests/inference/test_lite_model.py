import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from keras_vae.inference import registry as runtime
from keras_vae.inference.lite_model import LARGEST, LiteModel
from keras_vae.latent_space.priors import sample_normal

SHIPPED = Path(__file__).parents[2] / "saved_models"
HEAVY = ("tensorflow", "keras", "sklearn", "scipy", "matplotlib")

# Everything that a command does with a model, in a process that cannot import these packages.
LEAN = f"""
import sys

for name in {HEAVY}:
    sys.modules[name] = None  # an import raises ImportError

import numpy as np
from keras_vae.files import exported
from keras_vae.inference import registry as runtime

model = runtime.load(sys.argv[1], runtime="lite")
for prior in ("normal", "gmm"):
    images, z = model.sample(range(40), 0.8, prior)
moved = z + model.direction(model.attributes.names[0])
assert model.decode(moved).shape == model.reconstruct(images).shape == images.shape
model.preset, model.kl_per_dimension, model.has_prior("gmm"), model.card, model.version
assert exported.list_models()
small = runtime.load_upscaler(sys.argv[2], runtime="lite").upscale(images[:1])
assert small.shape[1] > images.shape[1]
"""


@pytest.fixture
def pair(request, models_dir):
    """A model run by LiteRT, and by TensorFlow."""
    path = SHIPPED / "mnist" if request.param == "mnist" else models_dir / request.param
    return tuple(runtime.load(path, runtime=name) for name in ("lite", "tensorflow"))


def differing(ours, theirs):
    """By how many levels pixels differ at most, and the share of those that do."""
    levels = np.abs(ours.astype(int) - theirs)
    return levels.max(), np.mean(levels > 0)


def pixels(model, count=60):
    return np.random.default_rng(0).integers(0, 256, (count, *model.image_shape), np.uint8)


@pytest.mark.slow
def test_nothing_heavy_is_imported(upscalers_dir):
    """Neither are TensorFlow's messages, nor LiteRT's, printed."""
    paths = str(SHIPPED / "celeba64"), str(upscalers_dir / "vdsr")
    environment = {name: value for name, value in os.environ.items() if name[:3] != "TF_"}
    done = subprocess.run(
        [sys.executable, "-c", LEAN, *paths], capture_output=True, text=True, env=environment
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("pair", ["colour", "grey", "mnist"], indirect=True)
class TestSameAsTensorFlow:
    def test_latents(self, pair):
        ours, theirs = (model.encode(pixels(model)) for model in pair)
        for mine, expected in zip(ours, theirs, strict=True):
            assert mine.dtype == np.float32
            np.testing.assert_allclose(mine, expected, rtol=0.01, atol=0.01)

    def test_pixels(self, pair):
        lite, full = pair
        z = np.random.default_rng(1).normal(size=(300, lite.latent_dim))
        seen = []
        ours = lite.decode(z, progress=lambda *step: seen.append(step))
        levels, share = differing(ours, full.decode(z))
        assert ours.dtype == np.uint8
        assert levels <= 1
        assert share <= 0.01
        assert seen[-1] == (300, 300)

    def test_samples(self, pair):
        for prior in ("normal", "gmm") if pair[0].has_prior("gmm") else ("normal",):
            seeds = [0, 5, -3, 2**40, -(2**63)]
            (ours, z), (theirs, expected) = (model.sample(seeds, 0.7, prior) for model in pair)
            np.testing.assert_allclose(z, expected, rtol=0, atol=4e-6)
            assert differing(ours, theirs)[0] <= 1

    def test_facts(self, pair):
        lite, full = pair
        assert lite.metadata == full.metadata
        assert (lite.name, lite.version, lite.path) == (full.name, full.version, full.path)
        np.testing.assert_array_equal(lite.attributes.directions, full.attributes.directions)


@pytest.fixture
def lite(models_dir):
    return runtime.load(models_dir / "colour", runtime="lite")


def test_temperatures_of_single_images(lite, colour_model):
    inputs = {"seed": [4, 4, 4], "temperature": [0.0, 0.5, 1.0]}
    for endpoint in ("generate_pixels", "generate_gmm_pixels"):
        ours, theirs = (model.call(endpoint, **inputs)["z"] for model in (lite, colour_model))
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=4e-6)


def test_batches_do_not_show(lite, monkeypatch):
    images = pixels(lite, 7)
    whole = lite.reconstruct(images)
    monkeypatch.setattr(LiteModel, "batch", 3)
    np.testing.assert_array_equal(lite.reconstruct(images), whole)
    for prior in ("normal", "gmm"):
        np.testing.assert_array_equal(
            lite.sample(range(5), prior=prior)[0][3], lite.sample([3], prior=prior)[0][0]
        )


def test_no_image_gives_none(lite):
    images, z = lite.sample([])
    assert images.shape == (0, 32, 32, 3)
    assert z.shape == (0, 6)
    assert lite.reconstruct(images).shape == images.shape


def test_threads_do_not_mix_their_batches(lite):
    z = np.random.default_rng(2).normal(size=(4, 50, 6)).astype(np.float32)
    expected = [lite.decode(each) for each in z]
    found = {}

    def work(number):
        found[number] = [lite.decode(z[number]) for _ in range(5)]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    for number, results in found.items():
        for result in results:
            np.testing.assert_array_equal(result, expected[number])
    assert len(found) == 4


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.filterwarnings("error")
def test_what_is_not_finite_is_refused_as_by_the_signature(lite, colour_model, value):
    for model in (lite, colour_model):
        with pytest.raises(ValueError, match=r"^`z` must be finite\.$"):
            model.decode(np.full((1, 6), value))
        with pytest.raises(ValueError, match=r"^`temperature` must be finite\."):
            model.sample([1], value)


@pytest.mark.slow
@pytest.mark.parametrize("size", [2 * LARGEST, 1e38])
def test_a_large_latent_is_tensorflows(lite, colour_model, size):
    z = np.full((1, 6), size)
    try:
        expected = colour_model.decode(z)
    except ValueError as error:
        with pytest.raises(ValueError, match=str(error)):
            lite.decode(z)
    else:
        np.testing.assert_array_equal(lite.decode(z), expected)


def test_other_endpoints_are_tensorflows(lite, colour_model):
    images = pixels(lite, 3)
    for name, maps in colour_model.feature_maps(images).items():
        np.testing.assert_array_equal(lite.feature_maps(images)[name], maps)
    z = np.zeros((3, 2, 6), np.float32)
    np.testing.assert_array_equal(
        lite.log_likelihood(images, z), colour_model.log_likelihood(images, z)
    )
    assert set(lite.endpoints) == set(colour_model.endpoints)
    with pytest.raises(ValueError, match=r"'decode_pixel'.*Did you mean 'decode_pixels'"):
        lite.call("decode_pixel", z=z)


@pytest.mark.parametrize("sizes", [(1, 2), (2, 1)])
def test_seeds_and_temperatures_of_different_numbers_are_refused(lite, sizes):
    seeds, temperatures = sizes
    with pytest.raises(ValueError, match=rf"one entry for each image.*{seeds}, {temperatures} en"):
        lite.call("generate_pixels", seed=[0] * seeds, temperature=[1.0] * temperatures)
    with pytest.raises(ValueError, match="`temperature` must be one number, or one for each seed"):
        sample_normal([0] * seeds, 6, np.ones(temperatures))


def test_a_single_temperature_is_that_of_all_seeds_in_both_runtimes(lite, colour_model):
    for model in (lite, colour_model):
        one = model.call("generate_pixels", seed=[3, 4], temperature=0.5)
        each = model.call("generate_pixels", seed=[3, 4], temperature=[0.5, 0.5])
        np.testing.assert_array_equal(one["image"], each["image"])
        with pytest.raises(ValueError, match=r"must have one entry for each image.*single value"):
            model.call("generate_pixels", seed=3, temperature=0.5)


@pytest.mark.slow
@pytest.mark.parametrize(
    "other",
    [lambda image: image / 255.0, lambda image: image.astype(np.uint16) << 8, np.int32],
    ids=["floats", "16 bits", "32 bits"],
)
def test_images_of_other_types_are_converted_by_their_range(lite, other):
    image = np.random.default_rng(0).integers(0, 256, (1, *lite.image_shape)).astype(np.uint8)
    for endpoint in ("encode_pixels", "feature_maps"):
        expected = lite.call(endpoint, image=image)
        for name, values in lite.call(endpoint, image=other(image)).items():
            np.testing.assert_array_equal(values, expected[name])
    with pytest.raises(ValueError, match=r"`image` must be .*Received: values"):
        lite.call("encode_pixels", image=np.full_like(image, 1000, np.float32))


@pytest.mark.parametrize(
    ("endpoint", "inputs"),
    [
        ("decode_pixels", {"z": np.zeros((2, 3, 6))}),
        ("decode_pixels", {"z": [["0"] * 6]}),
        ("encode_pixels", {"image": np.zeros((2, 3072), np.uint8)}),
        ("encode_pixels", {"image": np.zeros((2, 16, 64, 3), np.uint8)}),
        ("generate_pixels", {"seed": [1.7], "temperature": 1.0}),
        ("generate_gmm_pixels", {"seed": [[1, 2]], "temperature": [1.0]}),
    ],
)
def test_both_runtimes_refuse_the_same_with_one_sentence(lite, colour_model, endpoint, inputs):
    sentences = set()
    for model in (lite, colour_model):
        with pytest.raises(ValueError, match="must") as raised:
            model.call(endpoint, **inputs)
        sentences.add(str(raised.value))
    assert len(sentences) == 1


def test_inputs_of_other_names_are_refused(lite):
    with pytest.raises(ValueError, match=r"takes seed, temperature\. Received: seed\."):
        lite.call("generate_pixels", seed=[1])


def test_a_model_without_a_fitted_prior_has_no_samples_of_it(models_dir):
    grey = runtime.load(models_dir / "grey", runtime="lite")
    with pytest.raises(ValueError, match="cannot sample from the prior 'gmm'"):
        grey.sample([1], prior="gmm")
