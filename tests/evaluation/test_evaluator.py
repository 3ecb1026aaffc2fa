from collections import defaultdict
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from keras_vae.datasets.binarization import binarize
from keras_vae.datasets.preprocessing import Preprocessing
from keras_vae.evaluation import Settings, evaluate, extractors, incomparable, table
from keras_vae.evaluation.extractors import Extractor
from keras_vae.latent_space.probes import linear_probes

FEW = Settings(importance_samples=5, probes=False)


@pytest.mark.parametrize(
    ("name", "value", "least"),
    [("limit", 0, 1), ("importance_samples", 0, 1), ("samples", -5, 0), ("seed", -1, 0)],
)
def test_settings_out_of_range_are_refused(name, value, least):
    message = rf"`{name}` must be at least {least}\. Received: {value}\."
    with pytest.raises(ValueError, match=message):
        Settings(**{name: value})


@pytest.fixture(scope="module")
def attributed(digits):
    """Digits, of which some are known to be dark, and some to be sixes."""
    dark = digits.images.mean(axis=(1, 2, 3)) < np.median(digits.images.mean(axis=(1, 2, 3)))
    attributes = np.where(np.stack([dark, digits.labels == 6], axis=1), 1, -1).astype(np.int8)
    return replace(digits, attributes=attributes, attribute_names=("Dark", "Six"))


@pytest.mark.slow
def test_numbers_are_those_of_the_endpoints(exported, digits):
    model = exported()
    found = evaluate(model, digits, FEW)
    images = digits.images[digits.indices("test")]
    z_mean, z_log_var = model.encode(images)
    kl = 0.5 * (z_mean**2 + np.exp(z_log_var) - 1 - z_log_var)
    error = (model.decode(z_mean).astype(float) - images) / 255
    assert (found.images, found.split, found.binarization) == (200, "test", "none")
    assert found.pixels.mse == pytest.approx(np.mean(error**2))
    assert found.likelihood.kl == pytest.approx(kl.sum(axis=1).mean(), rel=1e-5)
    np.testing.assert_allclose(found.posterior.kl_per_dimension, kl.mean(axis=0), rtol=1e-4)
    assert found.likelihood.nll < found.likelihood.elbo
    noise = np.random.default_rng(0).normal(size=(len(images), 50, 4))
    z = z_mean[:, None] + np.exp(0.5 * z_log_var)[:, None] * noise
    expected = -model.log_likelihood(images, z.astype(np.float32)).mean()
    assert found.likelihood.reconstruction == pytest.approx(expected, rel=0.05)
    assert found.versions["tensorflow"]


@pytest.mark.parametrize("how", ["dynamic", "static"])
def test_a_limit_chooses_and_changes_no_image(exported, digits, how):
    """Every image of a limited evaluation is binarized and weighed as in the whole one."""
    model = exported(binarization=how)
    settings = replace(FEW, limit=40, seed=3, by=("label",))
    some = evaluate(model, digits, settings)
    again = evaluate(model, digits, settings)
    assert some.images == sum(group.count for group in some.groups) == 40
    assert replace(again, seconds=some.seconds) == some
    chosen = np.sort(np.random.default_rng(3).permutation(200)[:40])
    rows = digits.indices("test")[chosen]
    images = binarize(digits.images, how, 3)[rows]
    assert set(np.unique(images)) == {0, 255}
    error = (model.reconstruct(images).astype(float) - images) / 255
    assert some.pixels.mse == pytest.approx(np.mean(error**2))


def test_binarization_is_the_models_own_unless_another_is_asked_for(exported, digits):
    settings = replace(FEW, limit=10)
    assert (
        evaluate(exported(binarization="threshold"), digits, settings).binarization == "threshold"
    )
    settings = replace(settings, binarization="none")
    assert evaluate(exported(binarization="threshold"), digits, settings).binarization == "none"


def test_gray_levels_as_probabilities_do_not_compare_with_a_mass_of_levels(exported, digits):
    pair = [exported(likelihood=kind) for kind in ("bernoulli", "discretized_logistic")]
    settings = replace(FEW, limit=10)
    gray = [evaluate(model, digits, settings) for model in pair]
    assert [each.likelihood.kind for each in gray] == ["cross-entropy", "mass"]
    assert "cross-entropy, mass" in incomparable(gray)[0]
    assert gray[0].likelihood.bits_per_dimension is None
    assert "no level has a mass, so there are no bits/dim" in table([gray[0]])
    settings = replace(settings, binarization="threshold")
    black_and_white = [evaluate(model, digits, settings) for model in pair]
    assert incomparable(black_and_white) == []
    assert "no bits/dim" not in table(black_and_white)
    assert black_and_white[0].likelihood.bits_per_dimension is not None


def test_probes_are_fitted_to_the_training_split(exported, attributed):
    model = exported()
    found = evaluate(model, attributed, replace(FEW, probes=True, by=("Six",)))
    z = {split: model.encode(attributed.images[attributed.indices(split)])[0]
         for split in ("train", "test")}  # fmt: skip
    labels = {split: attributed.attributes[attributed.indices(split)] for split in z}
    expected = linear_probes(
        (z["train"], labels["train"]), (z["test"], labels["test"]), ("Dark", "Six")
    )
    assert [probe.name for probe in found.probes] == ["Dark", "Six"]
    for received, probe in zip(found.probes, expected, strict=True):
        assert received.auc == pytest.approx(probe.auc, abs=1e-6)
    assert found.probes[0].auc > 0.6
    assert [group.name for group in found.groups] == ["Six", "not Six"]


def test_a_loss_without_a_unit_is_weighted(exported, digits):
    found = evaluate(exported(likelihood="squared_error"), digits, replace(FEW, limit=10))
    assert found.likelihood.kind is None
    assert found.likelihood.nll is None
    many = replace(FEW, limit=10, importance_samples=5000)
    assert (
        evaluate(exported(likelihood="squared_error"), digits, many).likelihood.importance_samples
        == 10
    )


def test_a_plain_autoencoder_has_neither_likelihood_nor_posterior(exported, digits):
    found = evaluate(exported(stochastic=False), digits, replace(FEW, limit=10))
    assert (found.likelihood, found.posterior) == (None, None)
    assert found.pixels.mse > 0


def test_samples_of_each_kind_are_measured_against_grey_images(exported, digits, monkeypatch):
    seen, asked = [], []

    def compare(features, real, extractor):
        seen.append((features, real))

    def find(dataset, features, progress):
        asked.append(dataset)
        return lambda images, progress: images  # which are their own features

    monkeypatch.setattr("keras_vae.evaluation.evaluator.compare_features", compare)
    monkeypatch.setattr("keras_vae.evaluation.extractors.find_extractor", find)
    model = exported(binarization="static")
    found = evaluate(model, digits, replace(FEW, limit=30, samples=25, seed=4))
    assert list(found.samples) == ["reconstructions", "N(0, I)"]
    (rebuilt, real), (drawn, _) = seen
    assert set(np.unique(real)) > {0, 255}  # grey
    assert rebuilt.shape == real.shape == (30, 8, 8, 1)
    np.testing.assert_array_equal(drawn, model.sample(range(4, 29))[0])
    assert asked == [digits]


def test_progress_is_reported_by_stage(exported, digits):
    stages = []

    @contextmanager
    def stage(name):
        last = []
        yield lambda done, total: last.append((done, total))
        stages.append((name, last[-1]))

    evaluate(exported(), digits, replace(FEW, limit=30), stages=stage)
    names = ["Encoding", "Decoding", "Importance sampling"]
    assert stages == [(name, (30, 30)) for name in names]


def test_progress_of_samples_counts_the_images_of_all_sets(exported, digits, monkeypatch):
    pixels = Extractor("pixels", Preprocessing((2, 2), low=0.0, high=1.0), lambda images: images)
    monkeypatch.setattr(extractors, "find_extractor", lambda *_, **__: pixels)
    monkeypatch.setattr(extractors, "BATCH", 20)
    seen = defaultdict(list)

    @contextmanager
    def stage(name):
        yield lambda *step: seen[name].append(step)

    evaluate(exported(), digits, replace(FEW, limit=30, samples=25), stages=stage)
    assert seen["Decoding"] == [(30, 30)]
    assert seen["Generating, N(0, I)"] == [(25, 25)]
    done = [20, 30, 50, 60, 80, 85]  # 30 real images, 30 reconstructions, 25 samples
    assert seen["FID and KID"] == [(images, 85) for images in done]


def test_a_checkpoint_is_gone_when_all_is_done(exported, digits, tmp_path, monkeypatch):
    monkeypatch.setattr("keras_vae.evaluation.checkpoint.EVERY", 0.0)
    path = tmp_path / "partial.npz"
    model, settings = exported(), replace(FEW, limit=10)

    def fail(*arguments, **options):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr("keras_vae.evaluation.evaluator.measure_pixels", fail)
        with pytest.raises(MemoryError):
            evaluate(model, digits, settings, checkpoint=path)
    assert path.exists()
    with pytest.raises(ValueError, match="belongs to another evaluation"):
        evaluate(model, digits, replace(settings, seed=1), checkpoint=path)
    evaluate(model, digits, settings, checkpoint=path)
    assert not path.exists()


def test_an_older_model_is_to_be_exported_again(exported, digits, monkeypatch):
    model = exported()
    monkeypatch.setattr(type(model), "endpoints", property(lambda self: {}))
    with pytest.raises(ValueError, match=r"without the endpoint log_likelihood.*Export its run"):
        evaluate(model, digits, FEW)


def test_a_model_without_a_preset(exported, digits):
    model = exported()
    with pytest.raises(ValueError, match="preset"):
        evaluate(replace(model, metadata={**model.metadata, "preset": {}}), digits, FEW)


def test_an_empty_split(exported, digits):
    empty = replace(digits, partition=np.zeros(len(digits.images), np.int8))
    with pytest.raises(
        ValueError, match=r"'digits' has no test images\. It has: train \(1,797\)\."
    ):
        evaluate(exported(), empty, FEW)


@pytest.fixture
def no_work(monkeypatch):
    """Encoding an image fails the test."""
    from keras_vae.inference.saved_model import SavedModel

    monkeypatch.setattr(SavedModel, "encode", lambda *_, **__: pytest.fail("work was begun"))


def test_too_few_images_for_fid_are_refused_before_any_work(exported, digits, no_work):
    settings = replace(FEW, limit=19, samples=25)
    with pytest.raises(ValueError, match=r"at least 20 images of the split\. Received: 19"):
        evaluate(exported(), digits, settings)


def without_training(dataset):
    """The same data set, whose training images are left out."""
    return replace(dataset, partition=np.where(dataset.partition == 0, -1, dataset.partition))


def test_what_needs_training_images_is_refused_before_any_work(exported, attributed, no_work):
    with pytest.raises(ValueError, match="`dataset` must have training images"):
        evaluate(exported(), without_training(attributed), replace(FEW, samples=25))


def test_without_training_images_the_rest_is_reported(exported, attributed):
    settings = replace(FEW, limit=30, probes=True, samples=None)
    found = evaluate(exported(), without_training(attributed), settings)
    assert found.likelihood.elbo > 0
    assert (found.samples, found.probes) == ({}, ())
    fid, probes = found.unmeasured
    assert fid.startswith("FID and KID were not measured. `dataset` must have training images.")
    assert probes == "Linear probes were not fitted: 'digits' has no training images."
    assert fid in table([found])


def test_without_an_extractor_the_rest_is_reported(exported, digits, monkeypatch):
    def fail(*_, **__):
        raise ConnectionError("InceptionV3's weights cannot be downloaded.")

    monkeypatch.setattr(extractors, "find_extractor", fail)
    found = evaluate(exported(), digits, replace(FEW, limit=30, samples=None))
    assert found.pixels.mse > 0
    assert found.unmeasured == (
        "FID and KID were not measured. InceptionV3's weights cannot be downloaded.",
    )
    with pytest.raises(ConnectionError):
        evaluate(exported(), digits, replace(FEW, limit=30, samples=20))
