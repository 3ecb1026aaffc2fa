import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae.models.sampling import Sampling, seeded
from keras_vae.training.distribution import make_strategy


def standard_normal(sampling, rows=20_000, columns=4):
    return np.asarray(sampling((tf.zeros((rows, columns)), tf.zeros((rows, columns)))))


def test_samples_have_the_moments_that_they_are_given():
    mean, log_var = tf.fill((50_000, 2), 3.0), tf.fill((50_000, 2), np.log(0.25).astype("float32"))
    z = np.asarray(Sampling(seed=1)((mean, log_var)))
    np.testing.assert_allclose(z.mean(axis=0), 3.0, atol=4 * 0.5 / np.sqrt(len(z)))
    np.testing.assert_allclose(z.std(axis=0), 0.5, rtol=0.02)


def test_the_same_seed_gives_the_same_samples_and_each_call_others():
    one, two = Sampling(seed=5), Sampling(seed=5)
    first = standard_normal(one)
    np.testing.assert_array_equal(first, standard_normal(two))
    assert not np.array_equal(first, standard_normal(one))
    assert not np.array_equal(first, standard_normal(Sampling(seed=6)))


def test_each_replica_has_its_own_noise():
    strategy = make_strategy("mirrored")
    with strategy.scope():
        sampling = Sampling(seed=0)
    zeros = tf.zeros((500, 2))
    samples = strategy.run(tf.function(lambda: sampling((zeros, zeros))))
    one, two = (np.asarray(each).ravel() for each in strategy.experimental_local_results(samples))
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.15


def test_sampling_goes_on_from_a_saved_state(tmp_path):
    inputs = keras.Input((4,))
    model = keras.Model(inputs, Sampling(seed=3, name="sampling")((inputs, inputs)))
    x = np.zeros((8, 4), "float32")
    model(x)
    model.save(tmp_path / "model.keras")
    restored = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(model(x), restored(x))


def test_config_round_trip():
    sampling = Sampling(seed=9)
    assert Sampling.from_config(sampling.get_config()).get_config() == sampling.get_config()


def test_maps_of_any_rank_are_sampled():
    z = Sampling(seed=0)((tf.zeros((3, 2, 2, 5)), tf.zeros((3, 2, 2, 5))))
    assert z.shape == (3, 2, 2, 5)
    assert len(np.unique(z)) == 60


def test_uniform_noise_fills_0_to_1():
    values = np.asarray(Sampling(seed=0).uniform(20_000, 2))
    assert 0 <= values.min() < 0.001
    assert 0.999 < values.max() < 1
    np.testing.assert_allclose(values.mean(axis=0), 0.5, atol=4 * np.sqrt(1 / 12 / len(values)))


def rows_of(seeds, temperature=1.0, sides=(6,), kind="normal"):
    """Noise of each seed from one call within `seeded`."""
    sampling = Sampling(seed=0)

    @tf.function
    def rows(seeds):
        with seeded(seeds, tf.fill(tf.shape(seeds), temperature)):
            return getattr(sampling, kind)(len(seeds), *sides)

    return np.asarray(rows(tf.constant(seeds, tf.int64)))


@pytest.mark.parametrize("kind", ["normal", "uniform"])
def test_a_seed_gives_the_same_row_in_any_batch(kind):
    alone = rows_of([7], kind=kind)
    batch = rows_of([3, 7, 7, 2**40, -1], kind=kind)
    np.testing.assert_array_equal(batch[1], alone[0])
    np.testing.assert_array_equal(batch[2], alone[0])
    assert len(np.unique(batch, axis=0)) == 4


def test_the_normal_noise_of_a_seed_is_that_of_tensorflows_philox():
    expected = tf.random.stateless_normal([6], [7, 0], alg="philox")
    np.testing.assert_allclose(rows_of([7])[0], expected, rtol=1e-6)


def test_the_temperature_scales_normal_noise_alone():
    np.testing.assert_allclose(rows_of([1, 2], 0.25), 0.25 * rows_of([1, 2]), rtol=1e-6)
    np.testing.assert_array_equal(rows_of([1, 2], 0.0), 0.0)
    maps = rows_of([1, 2], 3.0, sides=(2, 2, 4))
    np.testing.assert_allclose(maps, 3.0 * rows_of([1, 2], sides=(2, 2, 4)), rtol=1e-6)
    hot = rows_of([1, 2], 0.25, kind="uniform")
    np.testing.assert_array_equal(hot, rows_of([1, 2], kind="uniform"))


def test_a_temperature_belongs_to_its_row():
    seeds, temperature = tf.constant([4, 4], tf.int64), tf.constant([1.0, 2.0])
    with seeded(seeds, temperature):
        rows = np.asarray(Sampling(seed=0).normal(2, 3))
    np.testing.assert_allclose(rows[1], 2.0 * rows[0], rtol=1e-6)


def test_every_call_is_another_stream_of_the_seed():
    samplings = [Sampling(seed=0), Sampling(seed=0)]

    @tf.function
    def streams():
        with seeded(tf.range(2000, dtype=tf.int64), tf.ones(2000)):
            return [each.normal(2000, 1)[:, 0] for each in samplings]

    first, second = streams()
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.1  # standard error 0.022
    for once, again in zip((first, second), streams(), strict=True):
        np.testing.assert_array_equal(once, again)


def test_the_generator_is_used_again_after_seeds_also_after_an_error():
    sampling, other = Sampling(seed=5), Sampling(seed=5)
    with pytest.raises(RuntimeError), seeded(tf.constant([1], tf.int64), tf.ones(1)):
        raise RuntimeError
    rows_of([1, 2])
    np.testing.assert_array_equal(standard_normal(sampling, 5), standard_normal(other, 5))


def test_rows_of_seeds_are_standard_normal():
    rows = rows_of(np.arange(3000), sides=(4,))
    np.testing.assert_allclose(rows.mean(axis=0), 0.0, atol=4 / np.sqrt(3000))
    np.testing.assert_allclose(np.cov(rows.T), np.eye(4), atol=0.11)  # 4 · √(2 / 3000)
