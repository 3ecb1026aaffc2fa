import numpy as np
import pytest

from keras_vae.latent_space.attributes.cells import Cells


@pytest.fixture
def cells():
    rng = np.random.default_rng(0)
    others = rng.random((5000, 2)) < [0.5, 0.3]
    present = rng.random(5000) < 0.1 + 0.5 * others[:, 0] + 0.2 * others[:, 1]
    return Cells.of(present, others), present, others


def test_weights_make_every_combination_equally_frequent_in_both_groups(cells):
    cells, present, others = cells
    for group in (present, ~present):
        assert cells.weights[group].sum() == pytest.approx(group.sum())
        for first in (False, True):
            for second in (False, True):
                chosen = group & (others == [first, second]).all(axis=1)
                assert cells.weights[chosen].sum() == pytest.approx(group.sum() / 4)


def test_without_others_all_images_weigh_one(cells):
    present = cells[1]
    alone = Cells.of(present, np.zeros((len(present), 0), bool))
    assert alone.strata == 1
    np.testing.assert_array_equal(alone.weights, 1)
    assert alone.counts.tolist() == [[(~present).sum(), present.sum()]]


def test_means_and_deviations_are_those_of_the_cells(cells):
    cells, present, others = cells
    z = np.random.default_rng(1).normal(size=(5000, 3))
    chosen = present & others[:, 0] & ~others[:, 1]
    np.testing.assert_allclose(cells.means(z)[1, 1], z[chosen].mean(axis=0))
    np.testing.assert_allclose(cells.deviations(z)[chosen], z[chosen] - z[chosen].mean(axis=0))
    np.testing.assert_array_equal(cells.present, present)
