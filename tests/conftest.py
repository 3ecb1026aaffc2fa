"""Fixtures that several test modules share."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from zipfile import ZipFile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest
from PIL import Image


def pytest_configure():
    """Split the CPU in two before TensorFlow starts, so that strategies have replicas to hold."""
    from keras_vae.cli.quiet import load_tensorflow

    load_tensorflow()
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)


@pytest.fixture(scope="session")
def kvae_data() -> Path:
    """The folder of the real data sets."""
    folder = os.environ.get("KVAE_DATA")
    if not folder:
        pytest.skip("KVAE_DATA names no folder with the real data sets")
    return Path(folder)


@pytest.fixture(scope="session")
def celeba_counts(kvae_data) -> list[int]:
    """How many photos of each split lie in CelebA's zip: training, validation, test."""
    with ZipFile(kvae_data / "celeba" / "img_align_celeba.zip") as photos:
        there = {Path(name).name for name in photos.namelist()}
    lines = (kvae_data / "celeba" / "list_eval_partition.txt").read_text().splitlines()
    splits = Counter(split for name, split in map(str.split, lines) if name in there)
    return [splits[str(split)] for split in range(3)]


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory, monkeypatch):
    """Keep prepared images out of the user's cache, and the user's models out of the tests."""
    monkeypatch.setenv("KVAE_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.delenv("KVAE_MODELS", raising=False)


@pytest.fixture
def empty_folder(tmp_path, monkeypatch):
    """An empty current folder, and no exported models from elsewhere."""
    from keras_vae.files import exported

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(exported, "find_spec", lambda _: None)
    return tmp_path


@pytest.fixture(scope="session")
def digits():
    """scikit-learn's 1,797 scanned digits, 8×8, split by hand."""
    from sklearn.datasets import load_digits

    from keras_vae.datasets import ImageDataset

    scans = load_digits()
    images = np.rint(scans.images * (255 / 16)).astype(np.uint8)[..., None]
    partition = np.repeat([0, 1, 2], [1397, 200, 200]).astype(np.int8)
    return ImageDataset("digits", images, partition, labels=scans.target.astype(np.int64))


@pytest.fixture(scope="session")
def photos() -> np.ndarray:
    """Real colour pixels: 32×32 tiles of scikit-learn's two photos, uint8 [N, 32, 32, 3]."""
    from sklearn.datasets import load_sample_images

    tiles = []
    for image in load_sample_images().images:
        rows, columns = (side // 32 * 32 for side in image.shape[:2])
        split = image[:rows, :columns].reshape(rows // 32, 32, columns // 32, 32, 3)
        tiles.append(split.swapaxes(1, 2).reshape(-1, 32, 32, 3))
    return np.concatenate(tiles)


@pytest.fixture(scope="session")
def astronaut() -> Image.Image:
    """scikit-image's photo of Eileen Collins, 512×512: one face, its eyes 41 pixels apart."""
    from skimage.data import astronaut

    return Image.fromarray(astronaut())


def scatter_weights(vae, seed):
    """Give an untrained model weights of every kind, so that different inputs look different."""
    rng = np.random.default_rng(seed)
    for network in (vae.encoder, vae.decoder):
        for weight in network.weights:
            if "variance" in weight.path:
                weight.assign(rng.uniform(0.5, 2.0, weight.shape))
            else:
                fan_in = np.prod(weight.shape[:-1]) if len(weight.shape) > 1 else 4.0
                weight.assign(rng.normal(0.0, 1.5 / np.sqrt(fan_in), weight.shape))
    return vae


@pytest.fixture
def logged(caplog):
    """Return a function: what the library has logged; TensorFlow warns when it traces often."""

    def messages() -> list[str]:
        ours = [record for record in caplog.records if record.name.startswith("keras_vae")]
        return [record.getMessage() for record in ours]

    return messages


@pytest.fixture
def without_noise(monkeypatch):
    """Decode z_mean in place of a sample, so that steps on one batch can be compared."""
    from keras_vae.models.sampling import Sampling

    monkeypatch.setattr(Sampling, "call", lambda sampling, inputs: inputs[0])


@pytest.fixture(scope="session")
def untrained_teacher():
    """Make a teacher of two labels for images of a shape: two convolutions, untrained."""

    def make(image_shape):
        import keras

        from keras_vae.losses import Teacher

        image = keras.Input(image_shape)
        features = keras.layers.Conv2D(4, 3, 2, "same", activation="relu", name="maps_1")(image)
        features = keras.layers.BatchNormalization()(features)
        features = keras.layers.Conv2D(6, 3, 2, "same", activation="relu", name="maps_2")(features)
        features = keras.layers.GlobalAveragePooling2D(name="features")(features)
        logits = keras.layers.Dense(2)(features)
        classifier = keras.Model(image, logits)
        return Teacher(classifier, ("maps_1", "maps_2"), np.array([0.3, 0.7]), exclusive=True)

    return make


@pytest.fixture(scope="session")
def grey_vae():
    """A dense model for 8×8 digits, z = 4, untrained."""
    from keras_vae.models.vae import VAE
    from keras_vae.presets import get_preset

    preset = get_preset("mnist").override(image_size=(8, 8), hidden=(32,), latent_dim=4)
    return scatter_weights(VAE.from_preset(preset, seed=0), seed=0)


@pytest.fixture(scope="session")
def colour_vae():
    """A convolutional model for 32×32 photos, z = 6, untrained."""
    from keras_vae.models.vae import VAE
    from keras_vae.presets import get_preset

    preset = get_preset("celeba").override(filters=(8, 8), latent_dim=6)
    return scatter_weights(VAE.from_preset(preset, seed=0), seed=1)


@pytest.fixture(scope="session")
def directions():
    """Directions of four attributes in the latent space of `colour_vae`."""
    from keras_vae.latent_space.attributes import Attributes

    names = ("Attractive", "Eyeglasses", "Smiling", "Young")
    deltas = np.random.default_rng(2).normal(size=(4, 6)).astype(np.float32)
    return Attributes(names, deltas, np.array([[50, 50], [7, 93], [48, 52], [77, 23]]))


@pytest.fixture(scope="session")
def prior():
    """A mixture of three Gaussians in the latent space of `colour_vae`."""
    from keras_vae.latent_space.priors import GaussianMixturePrior

    rng = np.random.default_rng(3)
    scale = np.tril(rng.normal(size=(3, 6, 6)), -1) + np.eye(6)
    means = 2.0 * rng.normal(size=(3, 6))
    parts = (np.array([0.5, 0.2, 0.3]), means, scale)
    return GaussianMixturePrior(*(part.astype(np.float32) for part in parts))


@pytest.fixture(scope="session")
def models_dir(tmp_path_factory, grey_vae, colour_vae, directions, prior) -> Path:
    """Two exported models: `colour` with attributes and a fitted prior, `grey` with neither."""
    from keras_vae.export.saved_model import export_model

    folder = tmp_path_factory.mktemp("models")
    export_model(grey_vae, folder / "grey", metadata={"licence": "BSD-3-Clause"})
    facts = {"preset": {"name": "celeba", "source": "Foster"}, "metrics": {"test": {"mse": 0.5}}}
    export_model(colour_vae, folder / "colour", attributes=directions, prior=prior, metadata=facts)
    (folder / "colour" / "README.md").write_text("# colour\n\nLimits and bias: many.\n")
    return folder


@pytest.fixture
def without_lite(monkeypatch):
    """Export without networks for LiteRT, which take half of the time."""
    monkeypatch.setattr("keras_vae.export.saved_model._write_lite", lambda draft: None)


@pytest.fixture
def colour_model(models_dir):
    """The exported `colour`."""
    from keras_vae.inference import registry as runtime

    return runtime.load(models_dir / "colour", runtime="tensorflow")


@pytest.fixture
def grey_model(models_dir):
    """The exported `grey`."""
    from keras_vae.inference import registry as runtime

    return runtime.load(models_dir / "grey", runtime="tensorflow")


@pytest.fixture(scope="session")
def small_vdsr():
    """A VDSR of three convolutions, untrained, whose residual is not zero."""
    from keras_vae.super_resolution.vdsr import build_vdsr

    network = build_vdsr(depth=3, filters=4)
    rng = np.random.default_rng(4)
    for weight in network.weights:
        weight.assign(rng.normal(0.0, 0.15, weight.shape))
    return network


@pytest.fixture(scope="session")
def upscalers_dir(tmp_path_factory, small_vdsr) -> Path:
    """Two exported upscalers: `vdsr` for ×3, and `twice` for ×2."""
    from keras_vae.super_resolution.endpoints import UpscalerEndpoints
    from keras_vae.super_resolution.publishing import export_upscaler

    folder = tmp_path_factory.mktemp("upscalers")
    for name, factor in (("vdsr", 3), ("twice", 2)):
        facts = {"network": {"depth": 3, "parameters": small_vdsr.count_params()}}
        export_upscaler(UpscalerEndpoints(small_vdsr, factor), folder / name, facts)
    return folder


@pytest.fixture
def upscaler(upscalers_dir):
    """The exported `vdsr`."""
    from keras_vae.inference import registry as runtime

    return runtime.load_upscaler(upscalers_dir / "vdsr", runtime="tensorflow")


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A hub, and a client without token or cache; the client reads its variables when imported."""
    from tests.files.fake_hub import FakeHub

    def forget_client():
        for name in [name for name in sys.modules if name.partition(".")[0] == "huggingface_hub"]:
            del sys.modules[name]

    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HUB_OFFLINE", "HF_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    forget_client()
    with FakeHub() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        yield server
    forget_client()
