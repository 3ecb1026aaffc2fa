import numpy as np
import pytest

from keras_vae.datasets import ImageDataset
from keras_vae.export.graph_ops import luminance
from keras_vae.super_resolution.pairs import Pairs, load_pairs
from keras_vae.super_resolution.vdsr import bicubic


@pytest.fixture
def pairs(photos, tmp_path):
    """Sixty tiles of 32×32 as an .npz, at 10×10 and at 30×30."""
    partition = np.repeat([0, 1], [52, 8])
    np.savez(tmp_path / "tiles.npz", images=photos[:60], partition=partition)
    return load_pairs(tmp_path / "tiles.npz", size=(10, 10), factor=3)


def test_both_sizes_are_prepared_from_the_originals(pairs, photos):
    from PIL import Image

    from keras_vae.files.photos import prepare

    assert pairs.small.images.shape == (60, 10, 10, 3)
    assert pairs.large.images.shape == (60, 30, 30, 3)
    original = Image.fromarray(photos[7])
    np.testing.assert_array_equal(pairs.small.images[7], prepare(original, (10, 10)))
    np.testing.assert_array_equal(pairs.large.images[7], prepare(original, (30, 30)))


def test_interpolation_and_residual_make_the_original(pairs):
    [(interpolated, residual)] = pairs.split_batches("validation", 8)
    small, large = (each.images[52:].astype(np.float32) for each in (pairs.small, pairs.large))
    np.testing.assert_allclose(255 * interpolated, luminance(bicubic(small, 3)), atol=1e-3)
    np.testing.assert_allclose(255 * (interpolated + residual), luminance(large), atol=1e-3)


def test_training_examples_come_in_step_and_are_mirrored(pairs):
    """Each example is one of the split's or its mirror image; the seed says which, and when."""
    [(_, known)] = pairs.split_batches("train", 52)
    known = np.asarray(known)
    batches = list(pairs.training_batches(4, seed=3).take(13))
    found, mirrored = [], 0
    for residual in np.concatenate([np.asarray(batch[1]) for batch in batches]):
        straight, turned = (
            np.abs(known - each).max(axis=(1, 2, 3)) for each in (residual, residual[:, ::-1])
        )
        assert min(straight.min(), turned.min()) < 1e-5
        mirrored += turned.min() < straight.min()
        found.append(int(np.minimum(straight, turned).argmin()))
    assert sorted(found) == list(range(52))
    assert 10 < mirrored < 42
    [second] = pairs.training_batches(4, seed=3, start_epoch=1).take(1)
    assert np.abs(np.asarray(second[1] - batches[0][1])).max() > 0.01


def test_sizes_must_hold_the_same_images(photos):
    whole, part = (ImageDataset("tiles", photos[:n], np.zeros(n, np.int8)) for n in (5, 4))
    with pytest.raises(ValueError, match=r"the same images\. Received: 5 and 4"):
        Pairs(whole, part, 3)
