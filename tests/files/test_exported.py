import os
from types import SimpleNamespace

import pytest

from keras_vae.files import exported
from keras_vae.files.exported import find_version, list_models, read_metadata
from tests.fake_models import fake_model


def test_highest_version_wins_by_number(empty_folder):
    fake_model(empty_folder / "saved_models", "faces", 2, 10, 9)
    assert find_version("faces").parts[-2:] == ("faces", "10")
    assert find_version("faces", version=2).name == "2"
    with pytest.raises(ValueError, match=r"no version 3\. It has: 2, 9, 10"):
        find_version("faces", version=3)


def test_unfinished_version_is_no_version(empty_folder):
    fake_model(empty_folder / "saved_models", "faces", 1)
    (empty_folder / "saved_models" / "faces" / "2").mkdir()
    fake_model(empty_folder / "saved_models", "faces/.3.tmp", 3)
    assert find_version("faces").name == "1"


def test_search_goes_from_near_to_far(empty_folder, monkeypatch):
    shipped = empty_folder / "site-packages" / "saved_models"
    places = [empty_folder / "elsewhere", empty_folder / "others", shipped]
    spec = SimpleNamespace(submodule_search_locations=[str(shipped)])
    monkeypatch.setattr(exported, "find_spec", lambda _: spec)
    monkeypatch.setenv("KVAE_MODELS", f"{places[0]}{os.pathsep}{places[1]}")
    for place in reversed(places):
        fake_model(place, "faces", 1)
        assert find_version("faces").is_relative_to(place)
    fake_model(empty_folder / "saved_models", "faces", 1)
    assert find_version("faces").parts[0] == "saved_models"
    fake_model(empty_folder, "faces", 1)
    assert find_version("faces").parts[0] == "faces"
    assert [name for name, _, _ in list_models()] == ["faces"]


def test_path_of_model_or_version_is_taken(empty_folder):
    model = fake_model(empty_folder / "deep" / "down", "faces", 4, 5)
    assert find_version(model) == model / "5"
    assert find_version(model / "4") == model / "4"
    assert find_version("deep/down/faces") == model.relative_to(empty_folder) / "5"


def test_another_version_than_that_of_the_path_is_refused(empty_folder):
    model = fake_model(empty_folder, "faces", 1, 2)
    assert find_version(model / "1", version=1) == model / "1"
    with pytest.raises(
        ValueError, match=r"`version` must be left out .*Received: 2 with .*faces.1"
    ):
        find_version(model / "1", version=2)


@pytest.mark.parametrize("version", ["1", 1.0, True])
def test_a_version_is_an_integer(empty_folder, version):
    fake_model(empty_folder / "saved_models", "faces", 1)
    with pytest.raises(ValueError, match=rf"`version` must be an integer\. Received: {version!r}"):
        find_version("faces", version)


def test_the_error_of_an_unknown_name_lists_similar_names(empty_folder):
    fake_model(empty_folder / "saved_models", "celeba", 1)
    fake_model(empty_folder / "saved_models", "digits", 1)
    with pytest.raises(ValueError, match=r"'celebs'.*Did you mean 'celeba'"):
        find_version("celebs")
    with pytest.raises(ValueError, match="Choose from: celeba, digits"):
        find_version("q")


def test_a_folder_without_a_model_has_another_error_than_a_wrong_name(empty_folder):
    (empty_folder / "a" / "b").mkdir(parents=True)
    with pytest.raises(ValueError, match="holds no exported model"):
        find_version("a/b")
    (empty_folder / "vae.keras").write_bytes(b"")
    with pytest.raises(
        ValueError, match=r"vae\.keras is a file of Keras: keras\.saving\.load_model"
    ):
        find_version("vae.keras")
    with pytest.raises(ValueError, match="There are no models"):
        find_version("a")


def test_folders_that_are_no_numbers_of_versions_are_ignored(empty_folder):
    fake_model(empty_folder / "saved_models", "faces", 1, "٣", "9" * 30, "2b", "²")
    assert find_version("faces").name == "1"
    assert [version for _, version, _ in list_models()] == [1]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_a_fifo_is_not_waited_for(tmp_path):
    (tmp_path / "assets.extra").mkdir()
    os.mkfifo(tmp_path / "assets.extra" / "model.json")
    with pytest.raises(ValueError, match=r"model\.json cannot be read: .*regular file"):
        read_metadata(tmp_path)


def test_a_folder_that_kvae_did_not_export_is_refused(tmp_path):
    (tmp_path / "assets.extra").mkdir()
    (tmp_path / "assets.extra" / "model.json").write_text("{")
    with pytest.raises(ValueError, match="not a model that kvae exported"):
        read_metadata(tmp_path)


def test_numbers_that_json_does_not_have_are_null():
    facts = exported.read_json(b'{"a": [NaN, -Infinity, 1e999, 1.5], "b": {"c": Infinity}}')
    assert facts == {"a": [None, None, None, 1.5], "b": {"c": None}}


def test_integers_of_more_than_64_bits_are_floats_as_in_other_readers():
    text = b'{"a": [%d, %d, %d], "b": %s}' % (2**63 - 1, 2**63, 10**300, b"9" * 5000)
    facts = exported.read_json(text)
    assert facts == {"a": [2**63 - 1, 2.0**63, 1e300], "b": None}
    assert list(map(type, facts["a"])) == [int, float, float]


@pytest.mark.parametrize("text", ["[" * 500 + "]" * 500, "[" * 100_000])
def test_facts_that_are_nested_too_deeply_are_refused(text):
    with pytest.raises(exported.InvalidFacts, match="nested too deeply"):
        exported.read_json(b'{"a": %s}' % text.encode())
