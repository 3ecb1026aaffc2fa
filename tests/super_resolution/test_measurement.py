import numpy as np
import pytest
from skimage.metrics import structural_similarity

from keras_vae.datasets import ImageDataset
from keras_vae.super_resolution.measurement import compare, interpolation, measure, pillow
from keras_vae.super_resolution.pairs import Pairs


def test_scores_are_those_of_the_textbook(photos):
    originals = photos[100:103]
    noise = np.random.default_rng(0).normal(0, 12, originals.shape)
    images = np.clip(originals + noise, 0, 255).astype(np.uint8)
    psnr, ssim = compare(images, originals)
    error = (images.astype(float) - originals) ** 2
    np.testing.assert_allclose(psnr, 10 * np.log10(255**2 / error.mean(axis=(1, 2, 3))), rtol=1e-5)
    for image, original, ours in zip(images, originals, ssim, strict=True):
        theirs = structural_similarity(
            image,
            original,
            channel_axis=-1,
            data_range=255,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
        assert ours == pytest.approx(theirs, abs=0.02)  # skimage takes in the border as well


def test_each_method_is_measured_on_the_split_alone(photos):
    large = photos[:50, :30, :30]
    small = large[:, 1::3, 1::3]
    partition = np.repeat([0, 1], [8, 42]).astype(np.int8)
    pairs = Pairs(*(ImageDataset("tiles", each, partition) for each in (small, large)), 3)
    seen = []
    methods = {
        "bicubic": interpolation(3),
        "Pillow": pillow(3),
        "repeat": lambda images: images.repeat(3, axis=1).repeat(3, axis=2),
    }
    scores = measure(methods, pairs, progress=lambda *done: seen.append(done))
    assert seen == [(20, 42), (40, 42), (42, 42)]
    psnr, ssim = compare(small[8:].repeat(3, axis=1).repeat(3, axis=2), large[8:]).mean(axis=1)
    assert scores["repeat"]["psnr"] == pytest.approx(psnr, rel=1e-5)
    assert scores["repeat"]["ssim"] == pytest.approx(ssim, rel=1e-5)
    assert scores["bicubic"]["psnr"] == pytest.approx(scores["Pillow"]["psnr"], abs=0.02)
    assert scores["bicubic"]["psnr"] > scores["repeat"]["psnr"]
