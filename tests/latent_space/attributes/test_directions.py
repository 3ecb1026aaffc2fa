import numpy as np
import pytest

from keras_vae.latent_space.attributes import Attributes

NAMES = ("Male", "Smiling", "Young")


def test_mistyped_name_gets_near_matches():
    attributes = Attributes(NAMES, np.eye(3, dtype=np.float32))
    with pytest.raises(ValueError, match=r"'smilin'.*Did you mean 'Smiling'"):
        attributes.direction("smilin")
    with pytest.raises(ValueError, match="Choose from: Male, Smiling, Young"):
        attributes.direction("Xyzzy")


def test_all_that_is_known_comes_back(tmp_path, study):
    z, labels, _ = study
    held_out = z[:500], labels[:500]
    fitted = Attributes.fit(
        z, labels, NAMES, method="logistic", balance=("Male", "Young"), held_out=held_out
    )
    fitted.save(tmp_path / "d.npz")
    loaded = Attributes.load(tmp_path / "d.npz")
    assert (loaded.names, loaded.method) == (NAMES, "logistic")
    assert loaded.balance == ("Male", "Young")
    for name in ("directions", "counts", "scores", "dot_errors", "cosine_errors"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(fitted, name))


def test_file_with_names_and_directions_alone_is_enough(tmp_path):
    directions = np.random.default_rng(4).normal(size=(3, 2)).astype(np.float32)
    np.savez(tmp_path / "d.npz", names=np.array(NAMES), directions=directions)
    loaded = Attributes.load(tmp_path / "d.npz")
    np.testing.assert_array_equal(loaded.directions, directions)
    assert loaded.counts is loaded.scores is loaded.dot_errors is loaded.cosine_errors is None
    assert (loaded.method, loaded.balance) == ("mean", ())
    loaded.save(tmp_path / "again.npz")
    again = Attributes.load(tmp_path / "again.npz")
    assert again.dot_errors is again.cosine_errors is None
    assert (again.method, again.balance) == ("mean", ())


def test_saving_overwrites_only_when_told(tmp_path):
    path = tmp_path / "d.npz"
    Attributes(NAMES, np.zeros((3, 2), np.float32)).save(path)
    other = Attributes(NAMES, np.ones((3, 2), np.float32))
    with pytest.raises(FileExistsError, match="overwrite=True"):
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
    ("names", "known", "message"),
    [
        (NAMES, {"directions": np.zeros((2, 4))}, r"\[3, 4\].*\[2, 4\]"),
        (("Male",), {"directions": np.array([[np.nan, 0.0]])}, "finite"),
        (NAMES, {"counts": np.zeros((3, 3))}, r"`counts` must have shape \[3, 2\].*\[3, 3\]"),
        (NAMES, {"scores": np.zeros((2, 3))}, r"`scores` must have shape \[3, 3\].*\[2, 3\]"),
        (
            NAMES,
            {"dot_errors": np.zeros((3, 3)), "cosine_errors": np.zeros((2, 2))},
            r"`cosine_errors` must have shape \[3, 3\].*\[2, 2\]",
        ),
    ],
)
def test_malformed_directions_are_refused(names, known, message):
    with pytest.raises(ValueError, match=message):
        Attributes(names, **{"directions": np.zeros((len(names), 4)), **known})
