import numpy as np
import pytest

from keras_vae.latents import morph


def test_morph_is_linear():
    rng = np.random.default_rng(1)
    z, directions = rng.normal(size=(4, 5)), rng.normal(size=(2, 5))
    np.testing.assert_array_equal(morph(z, directions, np.zeros(2)), z)
    moved = morph(z, directions, np.array([2.0, -0.5]))
    np.testing.assert_allclose(moved, z + 2 * directions[0] - 0.5 * directions[1])
    back = morph(moved, directions, np.array([-2.0, 0.5]))
    np.testing.assert_allclose(back, z)
    np.testing.assert_allclose(morph(z, directions[0], 2.0), z + 2 * directions[0])


def test_morph_keeps_the_type_and_counts_the_strengths():
    z = np.zeros((1, 3), np.float32)
    assert morph(z, np.ones((1, 3)), np.ones(1)).dtype == np.float32
    with pytest.raises(ValueError, match="2 directions"):
        morph(z, np.ones((2, 3)), np.ones(3))
