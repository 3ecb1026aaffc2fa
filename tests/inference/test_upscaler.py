import json
import re
import shutil

import numpy as np
import pytest
from sklearn.datasets import load_sample_image

from keras_vae.inference import upscaler as module
from keras_vae.inference.registry import load_upscaler


def whole(upscaler, images):
    """Enlarge images without tiles."""
    return upscaler._run("upscale_pixels", {"image": images})["image"]


@pytest.mark.parametrize("shape", [(1, 70, 41), (2, 5, 90), (7, 9, 9), (1, 1, 1)])
def test_tiles_leave_no_seams(upscaler, monkeypatch, shape):
    monkeypatch.setattr(module, "TILE", 16)
    count, height, width = shape
    photo = load_sample_image("flower.jpg")[200 : 200 + height, 250 : 250 + width]
    images = np.stack([photo, 255 - photo] * count)[:count]
    parts = []
    larger = upscaler.upscale(images, progress=lambda *done: parts.append(done))
    assert larger.shape == (count, 3 * height, 3 * width, 3)
    assert (
        np.abs(larger.astype(int) - whole(upscaler, images)).max() <= 1
    )  # the last bit's rounding
    assert parts[-1][0] == parts[-1][1] == len(parts)


def test_small_images_are_taken_together(upscaler, photos):
    parts = []
    upscaler.upscale(photos[:40], progress=lambda *done: parts.append(done))
    assert parts == [(1, 3), (2, 3), (3, 3)]  # 16 tiles of 32×32 have a tile's area


def test_reach_is_as_far_as_a_pixel_matters(upscaler):
    images = np.full((1, 15, 15, 1), 120, np.uint8)
    changed = images.copy()
    changed[0, 7, 7] = 200
    moved = whole(upscaler, changed) != whole(upscaler, images)
    rows = np.flatnonzero(moved.any(axis=(0, 2, 3)))
    assert 3 * (7 - upscaler.reach) <= rows.min() < rows.max() < 3 * (8 + upscaler.reach)


def test_no_image_gives_none(upscaler):
    assert upscaler.upscale(np.zeros((0, 4, 4, 3), np.uint8)).shape == (0, 12, 12, 3)


@pytest.mark.parametrize(
    "images",
    [np.zeros((1, 4, 4, 3)), np.zeros((4, 4, 3), np.uint8), np.zeros((1, 4, 4, 4), "u1"), [[0]]],
)
def test_other_arrays_are_refused(upscaler, images):
    with pytest.raises(ValueError, match=r"must be a uint8 array of shape \[B, H, W, 1 or 3\]"):
        upscaler.upscale(images)


@pytest.mark.parametrize("factor", [2, 4])
def test_the_factor_of_another_network_is_refused_with_the_file(upscalers_dir, tmp_path, factor):
    shutil.copytree(upscalers_dir / "vdsr", tmp_path / "vdsr")
    file = tmp_path / "vdsr" / "1" / "assets.extra" / "model.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "factor": factor}))
    upscaler = load_upscaler(tmp_path / "vdsr", runtime="tensorflow")
    message = f"{file}: `factor` must be that of the SavedModel, which makes 12×15 of 4×5 pixels."
    with pytest.raises(ValueError, match=re.escape(f"{message} Received: {factor}.")):
        upscaler.upscale(np.zeros((1, 4, 5, 3), np.uint8))


def test_another_factor_is_refused(upscaler):
    upscaler.check_factor(3)
    with pytest.raises(ValueError, match=r"must be 3.*Received: 4.*train-upscaler.*--factor 4"):
        upscaler.check_factor(4)
