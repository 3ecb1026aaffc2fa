from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_sample_image

from keras_vae.inference import registry as runtime
from keras_vae.inference.lite_upscaler import bicubic
from keras_vae.super_resolution import vdsr

SHIPPED = Path(__file__).parents[2] / "saved_models"


@pytest.fixture(scope="module")
def photo():
    return load_sample_image("flower.jpg")[np.newaxis, 200:230, 250:290]


@pytest.mark.parametrize("factor", [2, 3, 4])
@pytest.mark.parametrize("shape", [(30, 40), (1, 1), (2, 3)])
def test_interpolation_is_that_of_the_training(photo, factor, shape):
    images = photo[:, : shape[0], : shape[1]]
    np.testing.assert_allclose(
        bicubic(images, factor), vdsr.bicubic(images, factor), rtol=0, atol=1e-3
    )


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("folder", ["tiny", "shipped"])
def test_pixels_are_tensorflows(photo, upscalers_dir, folder, channels):
    path = upscalers_dir / "twice" if folder == "tiny" else SHIPPED / "vdsr"
    images = np.concatenate([photo, 255 - photo])[..., :channels]
    ours, theirs = (
        runtime.load_upscaler(path, runtime=name).upscale(images) for name in ("lite", "tensorflow")
    )
    levels = np.abs(ours.astype(int) - theirs)
    assert ours.shape == theirs.shape
    assert levels.max() <= 1
    assert np.mean(levels > 0) <= 0.01


def test_files_are_enlarged_by_tensorflow(upscalers_dir):
    lite = runtime.load_upscaler(upscalers_dir / "vdsr", runtime="lite")
    assert "upscale" in lite.endpoints
