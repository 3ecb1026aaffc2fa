"""TensorFlow Datasets, with a set of its kind made here: nothing is downloaded."""

import sys

import numpy as np
import pytest

from keras_vae.datasets import load_dataset


def test_the_error_of_a_failure_is_one_line_with_the_alternative(monkeypatch, cache):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)  # its import fails
    with pytest.raises(RuntimeError) as caught:
        load_dataset("celeba")
    first = str(caught.value).splitlines()[0]
    for part in ("celeba", "failed", "ModuleNotFoundError", "`data_dir`", "img_align_celeba.zip"):
        assert part in first
    assert not list(cache.glob("*/"))


@pytest.mark.slow
def test_the_error_of_a_failed_download_is_one_line_with_the_reason(monkeypatch, tmp_path):
    import tensorflow_datasets as tfds

    def fail(self, *args, **kwargs):
        raise ConnectionError("quota\nexceeded")

    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", fail)
    with pytest.raises(RuntimeError) as caught:
        load_dataset("mnist")
    assert "mnist" in str(caught.value)
    assert "(ConnectionError: quota exceeded)" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_images_attributes_and_splits_come_from_tfds(monkeypatch, tmp_path, digit_images):
    import tensorflow_datasets as tfds

    class TinyFaces(tfds.core.GeneratorBasedBuilder):
        VERSION = tfds.core.Version("1.0.0")

        def _info(self):
            features = {
                "image": tfds.features.Image(shape=(8, 8, 3), encoding_format="png"),
                "attributes": {"Smiling": np.bool_, "Bald": np.bool_},
                "label": tfds.features.ClassLabel(num_classes=1000),
            }
            return tfds.core.DatasetInfo(
                builder=self, features=tfds.features.FeaturesDict(features)
            )

        def _split_generators(self, dl_manager):
            ranges = {"test": (50, 60), "train": (0, 40), "validation": (40, 50)}
            return {split: self._generate_examples(*ends) for split, ends in ranges.items()}

        def _generate_examples(self, start, stop):
            for number in range(start, stop):
                yield (
                    number,
                    {
                        "image": np.repeat(digit_images[number][..., None], 3, axis=2),
                        "attributes": {"Smiling": number % 2 == 0, "Bald": number % 3 == 0},
                        "label": number,
                    },
                )

    builder = TinyFaces(data_dir=str(tmp_path / "tfds"))
    monkeypatch.setattr(tfds, "builder", lambda name: builder)
    dataset = load_dataset("celeba", image_size=(8, 8))
    assert dataset.provenance["counts"] == {"train": 40, "validation": 10, "test": 10}
    assert dataset.provenance["source"] == "TensorFlow Datasets: celeb_a"
    assert dataset.provenance["dataset"] == "celeba"
    numbers = dataset.labels
    assert sorted(numbers) == list(range(60))
    np.testing.assert_array_equal(dataset.images[..., 0], digit_images[numbers])
    np.testing.assert_array_equal(dataset.partition, np.digitize(numbers, [40, 50]))
    signs = np.stack([numbers % 3 == 0, numbers % 2 == 0], axis=1) * 2 - 1
    assert dataset.attribute_names == ("Bald", "Smiling")
    np.testing.assert_array_equal(dataset.attributes, signs)


@pytest.mark.slow
def test_any_set_of_images_is_opened_by_its_name(monkeypatch, tmp_path, digit_images):
    import tensorflow_datasets as tfds

    class TinyShapes(tfds.core.GeneratorBasedBuilder):
        VERSION = tfds.core.Version("2.1.0")

        def _info(self):
            features = {
                "picture": tfds.features.Image(shape=(8, 8, 1), encoding_format="png"),
                "kind": tfds.features.ClassLabel(names=["square", "disk", "star"]),
                "id": np.int64,
            }
            return tfds.core.DatasetInfo(
                builder=self, features=tfds.features.FeaturesDict(features)
            )

        def _split_generators(self, dl_manager):
            ranges = {"test": (40, 60), "train": (0, 40), "extra": (60, 65)}
            return {split: self._generate_examples(*ends) for split, ends in ranges.items()}

        def _generate_examples(self, start, stop):
            for number in range(start, stop):
                picture = digit_images[number][..., None]
                yield number, {"picture": picture, "kind": number % 3, "id": number}

    folders = []

    def builder(name, data_dir=None):
        folders.append(data_dir)
        return TinyShapes(data_dir=str(tmp_path / "tfds"))

    monkeypatch.setattr(tfds, "builder", builder)
    dataset = load_dataset("tfds:tiny/shapes", data_dir=tmp_path)
    assert dataset.name == "tiny_shapes"
    assert dataset.image_shape == (8, 8, 1)
    assert dataset.label_names == ("square", "disk", "star")
    assert dataset.count("test") == 20
    assert dataset.count("validation") == 4
    assert set(dataset.labels) == {0, 1, 2}
    facts = dataset.provenance
    assert facts["source"] == "TensorFlow Datasets: tiny/shapes 2.1.0"
    assert facts["account"]["left_out"] == {"of the split 'extra'": [5, []]}
    assert folders == [str(tmp_path)]


@pytest.mark.slow
def test_a_set_that_tfds_lacks_or_that_has_no_images_is_named(monkeypatch):
    import tensorflow_datasets as tfds

    with pytest.raises(RuntimeError, match=r"Getting no_such_set .*failed \(DatasetNotFoundError"):
        load_dataset("tfds:no_such_set")

    class Texts:
        class info:  # noqa: N801
            features = tfds.features.FeaturesDict({"text": tfds.features.Text()})

    monkeypatch.setattr(tfds, "builder", lambda name: Texts)
    with pytest.raises(RuntimeError, match="it must have images; its features are text"):
        load_dataset("tfds:texts")
