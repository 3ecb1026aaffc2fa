from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from keras_vae.datasets import ImageDataset
from keras_vae.presets import Identity, PCANetwork, get_preset
from keras_vae.training import measurement
from keras_vae.training import trainer as training
from keras_vae.training.run_directory import RunConfig, read_json

PRESET = get_preset("digits").override(
    network=PCANetwork((8, 12), patch=4, pool=2), latent_dim=3, epochs=1, batch_size=16
)


@pytest.fixture(scope="module")
def few(digits):
    """84 images, which are no whole number of batches: 50 train, 21 validate, 13 test."""
    partition = np.repeat([0, 1, 2], [50, 21, 13]).astype(np.int8)
    return ImageDataset("few", digits.images[:84], partition, labels=digits.labels[:84])


@pytest.fixture(scope="module")
def trained(few, tmp_path_factory):
    """A run, and the stages that were reported: their names, with the numbers in order."""
    stages = []

    @contextmanager
    def stage(name):
        seen = []
        stages.append((name, seen))
        yield lambda *step: seen.append(step)

    config = RunConfig(PRESET, "few")
    return training.train(config, few, tmp_path_factory.mktemp("run"), stages=stage), stages


def test_what_is_measured_before_and_after_the_steps_says_how_far_it_is(trained):
    _, stages = trained
    names = ["Measuring", "Measuring", "Comparing with PCA"]
    totals = [50 + 21, 2 * (50 + 21 + 13), 50 + 21 + 13]
    assert [name for name, _ in stages] == names
    for (_, seen), total in zip(stages, totals, strict=True):
        assert {of for _, of in seen} == {total}
        done = [each for each, _ in seen]
        assert done == sorted(done)
        assert done[-1] == total


def test_heads_and_classifiers_say_how_far_they_are(trained, few, monkeypatch):
    monkeypatch.setattr("keras_vae.datasets.classifiers.MOST_STEPS", 2)
    run, _ = trained
    seen = {}

    @contextmanager
    def stage(name):
        yield lambda *step: seen.__setitem__(name, step)

    identity = Identity(1.0, latents=1.0)
    preset = run.config().preset
    preset = replace(preset, objective=replace(preset.objective, terms=(identity,)))
    training.new_vae(RunConfig(preset, "few", start_from=str(run.path)), few, stages=stage)
    assert set(seen) == {"Training a classifier", "Fitting heads"}
    assert all(done == total > 0 for done, total in seen.values())


def test_fewer_images_at_a_time_give_the_same_numbers(trained, few, monkeypatch):
    run, _ = trained
    vae = training.last_vae(run, run.config(), few)
    whole = measurement.measure(vae, PRESET, few, ["train", "validation"])
    sizes = []
    split_batches = measurement.split_batches

    def noted(dataset, split, size, **options):
        sizes.append(size)
        return split_batches(dataset, split, size, **options)

    monkeypatch.setattr(measurement, "split_batches", noted)
    monkeypatch.setattr(measurement, "NUMBERS", 7 * 64)
    parts = measurement.measure(vae, PRESET, few, ["train", "validation"])
    assert sizes == [7, 7]
    for split in whole:
        assert parts[split]["mse_of_mean"] == pytest.approx(whole[split]["mse_of_mean"], rel=1e-5)
        assert parts[split]["kl_loss"] == pytest.approx(whole[split]["kl_loss"], rel=1e-4)


def test_the_error_of_pca_stands_beside_each_split(trained):
    run, _ = trained
    losses = read_json(run.metrics_file)
    assert set(losses) == {"train", "validation", "test"}
    assert all(0.0 < each["mse_of_pca"] < 1.0 for each in losses.values())
