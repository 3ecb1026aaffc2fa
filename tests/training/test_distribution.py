"""Strategies, the cluster that TF_CONFIG names, and what each replica of a batch gets."""

import json

import numpy as np
import pytest
import tensorflow as tf

from keras_vae.datasets import ImageDataset
from keras_vae.datasets.pipeline import training_batches
from keras_vae.presets import get_preset
from keras_vae.training import trainer as training
from keras_vae.training.cluster import Cluster
from keras_vae.training.distribution import is_chief, joined_cluster, make_strategy
from keras_vae.training.run_directory import RunConfig

PAIR = {"worker": ["a:1", "b:2"]}


@pytest.fixture
def tf_config(monkeypatch):
    """Set TF_CONFIG for the test."""

    def write(cluster, kind="worker", index=0):
        value = {"cluster": cluster, "task": {"type": kind, "index": index}}
        monkeypatch.setenv("TF_CONFIG", json.dumps(value))

    monkeypatch.setenv("TF_CONFIG", "{}")  # and so restored, whatever the test writes
    return write


def test_without_tf_config_a_process_trains_alone(tf_config):
    assert joined_cluster("auto") is None
    assert is_chief("auto")
    assert make_strategy("auto").num_replicas_in_sync == 1
    assert make_strategy("mirrored").num_replicas_in_sync == 2


def test_auto_joins_several_workers_and_the_first_writes(tf_config):
    for index in (0, 1):
        tf_config(PAIR, index=index)
        assert joined_cluster("auto") == Cluster(("a:1", "b:2"), index)
        assert joined_cluster("single") is None
        assert is_chief("auto") == (index == 0)
    tf_config({"worker": ["a:1"]})
    assert joined_cluster("auto") is None
    assert joined_cluster("multiworker") == Cluster(("a:1",), 0)


def test_a_chief_of_its_own_job_comes_before_the_workers(tf_config):
    tf_config({"chief": ["c:3"], **PAIR}, index=1)
    cluster = joined_cluster("auto")
    assert cluster.workers == ("c:3", "a:1", "b:2")
    assert cluster.address == "b:2"
    assert cluster.position("chief", 0) == 0
    assert cluster.position("worker", 1) == 2


TASK = '{"cluster": {"chief": ["c:3"], "worker": ["a:1", "b:2"]}, "task": {"type": %s}}'


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[1]",
        "[" * 100_000,
        '{"cluster": {"worker": ["a:1"]}}',
        '{"cluster": {"ps": ["a:1"]}}',
        TASK % '"chief", "index": 1',  # it was the first worker
        TASK % '"worker", "index": -1',  # it was the chief
        TASK % '"worker", "index": 2',
        TASK % '"worker", "index": 0.5',
    ],
    ids=lambda text: text[-30:],
)
def test_a_tf_config_that_says_nothing_usable_is_refused(monkeypatch, text):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(ValueError, match="`TF_CONFIG` must"):
        joined_cluster("auto")  # which `make_strategy` asks first; it would wait for the others


def test_multiworker_says_what_it_needs(tf_config):
    with pytest.raises(ValueError, match=r"TF_CONFIG.*`workers` \(HOST:PORT.*`index`"):
        make_strategy("multiworker")
    with pytest.raises(ValueError, match=r"'tpu'"):
        make_strategy("tpu")


@pytest.mark.parametrize(
    ("workers", "index", "reason"),
    [
        (("a", "b:2"), 0, "HOST:PORT"),
        ((":1", "b:2"), 0, "HOST:PORT"),
        (("a:1", "b:0"), 0, "port from 1 to 65535. Received: 'b:0'"),
        (("a:1", "b:65536"), 0, "port from 1 to 65535. Received: 'b:65536'"),
        (("a:1", f"b:{'9' * 5000}"), 0, "HOST:PORT"),
        (("a:1", "b:٢٢"), 0, "HOST:PORT"),
        (("a:1", "b..c:2"), 0, "HOST:PORT"),
        ((1, 2), 0, "HOST:PORT.*Received: 1"),
        (("a:1", "a:1"), 0, "differ"),
        (("a:1", "b:2"), 2, "from 0 to 1"),
    ],
)
def test_addresses_and_index_are_checked(workers, index, reason):
    with pytest.raises(ValueError, match=reason):
        Cluster(workers, index)


def test_a_cluster_is_read_as_it_was_written(tf_config):
    cluster = Cluster(("a:1", "b:2"), 1)
    cluster.to_environment()
    assert Cluster.from_environment() == cluster
    cluster.to_environment()  # the same again
    with pytest.raises(ValueError, match=r"worker 1 of a:1, b:2"):
        Cluster(("a:1", "b:2"), 0).to_environment()


def numbered_images(count):
    """Images whose gray level is their number."""
    pixels = np.arange(count, dtype=np.uint8)[:, None, None, None]
    return ImageDataset("numbers", np.tile(pixels, (1, 4, 4, 1)), np.zeros(count, np.int8))


def epoch_of(batches, steps):
    return np.array([batch.numpy()[:, 0, 0, 0] for batch in batches.take(steps)])


def test_each_replica_takes_its_share_of_the_batch_that_one_would_take():
    dataset, steps = numbered_images(50), 4  # of 12 images, so that 2 are left out
    whole = epoch_of(training_batches(dataset, 12, seed=5), steps)
    shares = []
    for worker in (0, 1):
        context = tf.distribute.InputContext(2, worker, num_replicas_in_sync=4)
        batches = training_batches(dataset, 12, seed=5, replicas=context)
        shares.append(epoch_of(batches, 2 * steps).reshape(steps, 6))
    np.testing.assert_array_equal(np.concatenate(shares, axis=1), whole)
    assert len(np.unique(whole)) == 48


def test_each_replica_samples_other_binary_pixels():
    gray = ImageDataset("gray", np.full((8, 4, 4, 1), 128, np.uint8), np.zeros(8, np.int8))
    samples = [
        next(
            iter(
                training_batches(
                    gray,
                    8,
                    seed=0,
                    binarization="dynamic",
                    replicas=tf.distribute.InputContext(2, worker, num_replicas_in_sync=2),
                )
            )
        ).numpy()
        for worker in (0, 1)
    ]
    assert not np.array_equal(*samples)


def test_a_batch_that_the_replicas_cannot_share_is_refused(digits):
    preset = get_preset("digits").override(batch_size=33)
    with pytest.raises(ValueError, match=r"multiple of the 2 replicas.*Received: 33"):
        training.new_vae(RunConfig(preset, "digits", strategy="mirrored"), digits)


@pytest.mark.slow
def test_replicas_end_an_epoch_with_the_same_moving_averages(photos):
    dataset = ImageDataset("photos", photos[:64], np.repeat([0, 1], [48, 16]).astype(np.int8))
    preset = get_preset("celeba").override(filters=(4, 4), latent_dim=2, batch_size=16, epochs=1)
    config = RunConfig(preset, "photos", strategy="mirrored")
    vae = training.new_vae(config, dataset)
    training.fit(vae, config, dataset)
    moving = [w for w in vae.non_trainable_weights if "moving_mean" in w.path]
    assert moving
    for weight in moving:
        one, two = make_strategy("mirrored").experimental_local_results(weight.value)
        np.testing.assert_array_equal(one, two)
        assert np.abs(one).max() > 0


def test_the_means_are_over_the_images_of_all_replicas(digits):
    preset = get_preset("digits").override(hidden=(16,), latent_dim=2, stochastic=False)
    losses = []
    for name in ("single", "mirrored"):
        vae = training.new_vae(RunConfig(preset, "digits", strategy=name), digits)
        batches = tf.data.Dataset.from_tensor_slices(digits.images[:75]).batch(50)  # 50 and 25
        losses.append(vae.evaluate(batches, verbose=0, return_dict=True))
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
