import numpy as np

from keras_vae.plotting.channels import most_varied, statistics


def test_statistics_are_of_each_channel_over_the_positions():
    maps = np.random.default_rng(0).normal(size=(3, 5, 4))
    summary = statistics(maps)
    for channel in range(4):
        values = [maps[row, column, channel] for row in range(3) for column in range(5)]
        expected = (min(values), max(values), np.mean(values), np.mean(np.square(values)))
        found = [summary[name][channel] for name in ("min", "max", "mean", "variance")]
        found[3] += found[2] ** 2
        np.testing.assert_allclose(found, expected)


def test_most_varied_come_first_whatever_their_mean():
    pattern = np.random.default_rng(0).normal(size=(4, 4, 1))
    maps = pattern * (0.5, 3.0, 0.0, -2.0) + (100, 0, 1000, 0)
    assert most_varied(maps, 2).tolist() == [1, 3]
    assert most_varied(maps, 9).tolist() == [1, 3, 0, 2]
