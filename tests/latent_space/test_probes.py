import numpy as np
import pytest

from keras_vae.latent_space.probes import linear_probes

rng = np.random.default_rng(0)


def latents(count):
    """Latents whose first coordinate decides one attribute and whose second knows nothing."""
    z = rng.normal(size=(count, 3)) * [1.0, 50.0, 0.01]
    known = np.where(z[:, 0] + 0.1 * rng.normal(size=count) > 0.5, 1, -1)
    unknown = rng.choice([-1, 1], size=count)
    constant = np.ones(count)
    return z, np.stack([known, unknown, constant], axis=1)


def test_probes_find_what_is_there_and_nothing_else():
    seen = []
    probes = linear_probes(
        latents(4000),
        latents(4000),
        ["known", "unknown", "constant"],
        progress=lambda done, total: seen.append((done, total)),
    )
    known, unknown = probes  # nothing can be learned of a constant
    assert (known.name, unknown.name) == ("known", "unknown")
    assert known.auc > 0.98
    assert known.accuracy > 0.93
    assert known.balanced_accuracy > 0.9
    assert unknown.auc == pytest.approx(0.5, abs=0.04)
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_a_rare_attribute_is_not_praised_for_its_rarity():
    z, labels = latents(3000)
    labels[:, 1] = np.where(rng.random(3000) < 0.02, 1, -1)
    probe = linear_probes((z, labels), (z, labels), ["a", "rare", "c"])[1]
    assert probe.accuracy > 0.97
    assert probe.balanced_accuracy == pytest.approx(0.5, abs=0.02)
