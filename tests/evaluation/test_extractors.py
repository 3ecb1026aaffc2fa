from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae.datasets import ImageDataset, classifiers
from keras_vae.datasets.preprocessing import Preprocessing
from keras_vae.datasets.splits import LEFT_OUT
from keras_vae.evaluation import extractors
from keras_vae.evaluation.extractors import Extractor, find_extractor
from keras_vae.evaluation.samples import compare_features


@pytest.fixture
def offline(monkeypatch):
    """No weights on the disk, and no network to fetch them by."""

    def fail(**_):
        raise Exception("URL fetch failure on https://…: None -- [Errno -2] Name not known")

    monkeypatch.setattr(keras.applications, "InceptionV3", fail)


@pytest.fixture(scope="module")
def known_digits(digits, tmp_path_factory):
    """Digits that lie in the cache of prepared sets."""
    folder = tmp_path_factory.mktemp("cache") / "digits-8x8-0123"
    provenance = {"prepared": str(folder), "split": "drawn", "seed": 0}
    parts = (digits.images, digits.partition)
    return ImageDataset("digits", *parts, labels=digits.labels, provenance=provenance)


@pytest.fixture(scope="module")
def trained(known_digits):
    """A quickly trained classifier, and the progress that was reported."""
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classifiers, "MOST_STEPS", 100)
        patch.setattr(extractors, "inception", lambda: pytest.fail("asked for InceptionV3"))
        extractor = find_extractor(known_digits, progress=lambda *step: seen.append(step))
    return extractor, seen


def bare(images):
    """A data set of images without labels and attributes."""
    return ImageDataset("bare", images, np.zeros(len(images), np.int8))


def test_preprocessing_does_what_it_says():
    images = np.array([[0, 255], [255, 0]], np.uint8)[None, :, :, None]
    prepare = Preprocessing((4, 4), low=-1.0, high=1.0, color=True)
    prepared = prepare(images).numpy()
    assert prepared.shape == (1, 4, 4, 3)
    np.testing.assert_allclose(prepared[0, 0, :, 1], [-1.0, -0.5, 0.5, 1.0], atol=1e-6)
    np.testing.assert_array_equal(prepared[..., 0], prepared[..., 2])
    assert str(prepare) == (
        "pixels in [-1, 1], scaled to 4×4 (bilinear, antialiased), grey repeated as RGB"
    )


def test_shrinking_averages_what_lies_between():
    images = np.zeros((1, 8, 8, 1), np.uint8)
    images[:, ::2] = 200
    shrunk = Preprocessing((2, 2), low=0.0, high=255.0)(images).numpy()
    np.testing.assert_allclose(shrunk, 100.0, atol=15)  # without antialiasing: 0 or 200


def test_features_do_not_depend_on_batches_and_maps_are_averaged(photos, monkeypatch):
    extractor = Extractor("pixels", Preprocessing(None, low=0.0, high=1.0), lambda images: images)
    seen = []
    monkeypatch.setattr(extractors, "BATCH", 4)
    features = extractor(photos[:10], progress=lambda *step: seen.append(step))
    np.testing.assert_allclose(features, photos[:10].mean(axis=(1, 2)) / 255, rtol=1e-5)
    assert seen == [(4, 10), (8, 10), (10, 10)]


def test_offline_inception_names_the_argument_features(offline, photos):
    with pytest.raises(ConnectionError, match=r"Set `features` to a saved Keras model") as error:
        find_extractor(bare(photos))
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.slow
def test_without_inception_a_classifier_is_used_and_named(offline, photos, monkeypatch, caplog):
    monkeypatch.setattr(classifiers, "MOST_STEPS", 1)
    attributes = np.where(photos[:80].mean(axis=(1, 2)) > 110, 1, -1).astype(np.int8)
    partition = np.repeat([0, 1], [60, 20]).astype(np.int8)
    names = ("Red", "Green", "Blue")
    dataset = ImageDataset("tiles", photos[:80], partition, attributes, names)
    extractor = find_extractor(dataset)
    assert "InceptionV3's weights cannot be downloaded. FID and KID take" in caplog.text
    assert extractor.name.startswith("classifier of 3 attributes of tiles, seed 0, 128 features")
    assert "validation mean AUC" in extractor.name
    assert extractor.preprocessing == classifiers.PREPROCESSING


@pytest.mark.parametrize("content", [b"", b"<html>", None])
def test_a_damaged_classifier_is_trained_again(content, digits, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(classifiers, "MOST_EPOCHS", 1)
    provenance = {"prepared": str(tmp_path / "few-8x8-0123")}
    parts = digits.images[:64], np.zeros(64, np.int8)
    few = ImageDataset("few", *parts, labels=digits.labels[:64], provenance=provenance)
    whole = classifiers.find_classifier(few)
    (file,) = tmp_path.glob("classifiers/*.keras")
    file.write_bytes(file.read_bytes()[:-100] if content is None else content)
    again = classifiers.find_classifier(few)
    (said,) = (each.message for each in caplog.records if each.name == classifiers.__name__)
    assert said.startswith(f"{file} is not a Keras model that can be loaded: ")
    assert said.endswith(". It is trained again")
    monkeypatch.setattr(classifiers, "train_classifier", None)
    for model in (again, classifiers.find_classifier(few)):
        for new, old in zip(model.get_weights(), whole.get_weights(), strict=True):
            np.testing.assert_array_equal(new, old)


@pytest.mark.slow
def test_a_classifier_near_chance_is_marked(trained, known_digits, monkeypatch):
    extractor, _ = trained
    assert not extractor.near_chance
    monkeypatch.setattr(classifiers, "MOST_STEPS", 1)
    monkeypatch.setattr(classifiers, "MOST_EPOCHS", 1)
    rng = np.random.default_rng(0)
    images = known_digits.images[:300]
    partition = np.repeat([0, 1], [100, 200]).astype(np.int8)
    labels = rng.integers(0, 5, 300)
    few = ImageDataset("noise", images, partition, labels=labels)
    extractor = extractors.classifier_extractor(few)
    assert extractor.near_chance
    features = extractor(images[:100])
    assert compare_features(features, features, extractor).doubts == (
        "fewer images than features: 100 < 128",
        "the extractor predicts little more than chance",
    )


@pytest.mark.slow
def test_grey_labelled_images_get_a_classifier_that_knows_them(trained, digits):
    extractor, seen = trained
    assert float(extractor.name.rpartition("accuracy ")[2]) > 0.9
    batch, images = seen[0]
    assert batch == classifiers.BATCH
    assert seen == [(done, images) for done in range(batch, images + 1, batch)]
    # Its features separate noise from digits, but not digits from digits.
    real, others = digits.images[1397:], digits.images[:400]
    noise = np.random.default_rng(0).permuted(others, axis=1)
    features = extractor(real)
    likeness = [
        compare_features(extractor(images), features, extractor) for images in (others, noise)
    ]
    assert 5 * likeness[0].fid < likeness[1].fid
    assert likeness[0].kid < 3 * likeness[0].kid_error < likeness[1].kid


def test_a_classifier_is_trained_once(trained, known_digits, monkeypatch):
    extractor, _ = trained
    monkeypatch.setattr(classifiers, "train_classifier", lambda *_, **__: pytest.fail("trained"))
    again = find_extractor(known_digits)
    images = known_digits.images[:20]
    np.testing.assert_allclose(again(images), extractor(images), rtol=1e-5)
    assert again.name == extractor.name


@pytest.mark.slow
def test_a_classifier_follows_from_its_seed(digits, monkeypatch):
    monkeypatch.setattr(classifiers, "MOST_STEPS", 1)
    few = ImageDataset(
        "few", digits.images[:200], digits.partition[:200], labels=digits.labels[:200]
    )
    first, second = (classifiers.train_classifier(few).get_weights() for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_allclose(other, one, atol=1e-4)


def file_of_classifier(dataset, **changes):
    return classifiers._cache_file(replace(dataset, **changes), classifiers.EXTRACTOR)


def test_other_training_images_get_a_classifier_of_their_own(known_digits):
    fewer = known_digits.partition.copy()
    fewer[known_digits.indices("train")[0]] = LEFT_OUT
    assert file_of_classifier(known_digits, partition=fewer) != file_of_classifier(known_digits)


def test_another_seed_of_the_same_split_needs_no_other_classifier(known_digits):
    seeded = {**known_digits.provenance, "seed": 1}
    assert file_of_classifier(known_digits, provenance=seeded) == file_of_classifier(known_digits)


def test_without_labels_there_is_no_classifier(digits):
    with pytest.raises(ValueError, match="'bare', which has neither"):
        extractors.classifier_extractor(bare(digits.images))


@pytest.fixture
def network():
    """Means of rows, of an image of 6×5×3 in 0 … 255."""
    inputs = keras.Input((6, 5, 3))
    return keras.Model(inputs, keras.ops.mean(inputs, axis=[2, 3]) + 1.0)


@pytest.mark.parametrize("form", ["model.keras", "saved_model"])
def test_a_saved_network_gives_the_features(network, form, tmp_path, photos, digits):
    path = tmp_path / form
    if form == "saved_model":
        network.export(path, verbose=False)
    else:
        network.save(path)
    extractor = find_extractor(bare(photos), path)
    assert extractor.name == form
    assert "scaled to 6×5" in str(extractor.preprocessing)
    scaled = tf.image.resize(tf.cast(photos[:9], tf.float32), (6, 5), antialias=True).numpy()
    np.testing.assert_allclose(extractor(photos[:9]), scaled.mean(axis=(2, 3)) + 1.0, rtol=1e-4)
    assert find_extractor(digits, path)(digits.images[:4]).shape == (4, 6)


def test_wrong_features_are_refused_in_one_line(tmp_path, network, photos, digits):
    for path in (tmp_path / "missing.keras", tmp_path):
        with pytest.raises(ValueError, match="`features` must be a Keras model") as error:
            find_extractor(digits, path)
        assert len(str(error.value).splitlines()) == 1
    grey = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])
    grey.save(tmp_path / "grey.keras")
    with pytest.raises(ValueError, match=r"3 or 3 channels.*\[None, 8, 8, 1\]"):
        find_extractor(bare(photos), tmp_path / "grey.keras")
