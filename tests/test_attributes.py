import numpy as np
import pytest

from keras_vae.attributes import Attributes, contributions, mean_difference

NAMES = ("Male", "Smiling", "Young")


@pytest.fixture
def study():
    """Latents whose groups differ by known shifts, up to noise, and their labels."""
    rng = np.random.default_rng(0)
    labels = np.where(rng.random((20_000, 3)) < [0.5, 0.2, 0.8], 1, -1)
    shifts = rng.normal(size=(3, 5))
    z = rng.normal(size=(20_000, 5)) + (labels > 0) @ shifts
    return z.astype(np.float32), labels, shifts


def test_mean_difference_finds_the_shift_between_groups(study):
    z, labels, shifts = study
    np.testing.assert_allclose(mean_difference(z, labels), shifts, atol=0.1)


def test_mean_difference_is_that_of_the_group_means(study):
    z, labels, _ = study
    naive = [z[column > 0].mean(0) - z[column <= 0].mean(0) for column in labels.T]
    np.testing.assert_allclose(mean_difference(z, labels), naive, atol=1e-5)


def test_lacking_is_the_opposite_of_having(study):
    z, labels, _ = study
    np.testing.assert_allclose(mean_difference(z, -labels), -mean_difference(z, labels), atol=1e-5)


def test_labels_of_0_and_1_mean_the_same_as_signs(study):
    z, labels, _ = study
    np.testing.assert_array_equal(mean_difference(z, labels > 0), mean_difference(z, labels))


def test_label_that_never_varies_has_no_direction(study):
    z, labels, _ = study
    labels = labels.copy()
    labels[:, 1] = -1
    with pytest.raises(ValueError, match=r"columns: \[1\]"):
        mean_difference(z, labels)
    fitted = Attributes.fit(z, labels, NAMES)
    assert fitted.names == ("Male", "Young")
    np.testing.assert_array_equal(fitted.directions, mean_difference(z, labels[:, [0, 2]]))
    assert fitted.counts.sum(axis=1).tolist() == [20_000, 20_000]
    assert fitted.counts[1, 0] == (labels[:, 2] > 0).sum()


def test_lengths_must_agree(study):
    z, labels, _ = study
    with pytest.raises(ValueError, match=r"\[19999, 5\] and \[20000, 3\]"):
        mean_difference(z[1:], labels)


def test_contributions_are_sorted_products_without_the_target():
    target = np.array([3.0, 4.0])
    directions = np.stack([-2 * target, target, [-4.0, 3.0], [0.3, 0.4]])
    table = contributions(directions, ("opposite", "target", "orthogonal", "along"), "target")
    assert [entry.name for entry in table] == ["along", "orthogonal", "opposite"]
    np.testing.assert_allclose([entry.dot for entry in table], [2.5, 0.0, -50.0], atol=1e-12)
    np.testing.assert_allclose([entry.cosine for entry in table], [1.0, 0.0, -1.0], atol=1e-12)


def test_cosine_does_not_grow_with_length():
    directions = np.random.default_rng(3).normal(size=(3, 6))
    longer = directions * np.array([[1.0], [10.0], [1.0]])
    before, after = (
        {entry.name: entry for entry in contributions(d, NAMES, "Male")}
        for d in (directions, longer)
    )
    assert after["Smiling"].dot == pytest.approx(10 * before["Smiling"].dot)
    assert after["Smiling"].cosine == pytest.approx(before["Smiling"].cosine)


def test_mistyped_name_gets_near_matches():
    attributes = Attributes(NAMES, np.eye(3, dtype=np.float32))
    with pytest.raises(ValueError, match=r"'smilin'.*Did you mean 'Smiling'"):
        attributes.direction("smilin")
    with pytest.raises(ValueError, match="Choose from: Male, Smiling, Young"):
        attributes.direction("Xyzzy")


def test_saved_directions_come_back(tmp_path):
    directions = np.random.default_rng(4).normal(size=(3, 2)).astype(np.float32)
    for counts in (None, np.array([[1, 2], [3, 4], [5, 6]])):
        path = tmp_path / f"{counts is None}.npz"
        Attributes(NAMES, directions, counts).save(path)
        loaded = Attributes.load(path)
        assert loaded.names == NAMES
        np.testing.assert_array_equal(loaded.directions, directions)
        assert (loaded.counts is None) == (counts is None)
        if counts is not None:
            np.testing.assert_array_equal(loaded.counts, counts)


def test_saving_overwrites_only_when_told(tmp_path):
    path = tmp_path / "d.npz"
    Attributes(NAMES, np.zeros((3, 2), np.float32)).save(path)
    other = Attributes(NAMES, np.ones((3, 2), np.float32))
    with pytest.raises(FileExistsError, match="--overwrite"):
        other.save(path)
    assert Attributes.load(path).directions.max() == 0
    other.save(path, overwrite=True)
    assert Attributes.load(path).directions.min() == 1
    assert [file.name for file in tmp_path.iterdir()] == ["d.npz"]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short", b"hello"])
def test_file_of_something_else_is_refused(tmp_path, content):
    path = tmp_path / "d.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="holds no attribute directions"):
        Attributes.load(path)
    np.savez(path, images=np.zeros(3))
    with pytest.raises(ValueError, match="holds no attribute directions"):
        Attributes.load(path)


@pytest.mark.parametrize(
    ("names", "directions", "message"),
    [
        (NAMES, np.zeros((2, 4)), r"\[3, L\].*\[2, 4\]"),
        (("Male",), np.array([[np.nan, 0.0]]), "finite"),
    ],
)
def test_malformed_directions_are_refused(names, directions, message):
    with pytest.raises(ValueError, match=message):
        Attributes(names, directions)
