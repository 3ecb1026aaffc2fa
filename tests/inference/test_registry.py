import json
from types import SimpleNamespace

import pytest

from keras_vae.inference import registry as runtime
from keras_vae.inference.exported import lite_folder
from keras_vae.inference.lite_model import LiteModel
from keras_vae.inference.registry import faster_runtime, find, list_models, load


def fake_model(folder, name, *versions):
    for version in versions:
        path = folder / name / str(version)
        (path / "assets.extra").mkdir(parents=True)
        (path / "saved_model.pb").touch()
        facts = {"image_shape": [8, 8, 1], "latent_dim": 2}
        (path / "assets.extra" / "model.json").write_text(json.dumps(facts))
    return folder / name


@pytest.fixture
def empty_folder(tmp_path, monkeypatch):
    """An empty current folder, and no models from elsewhere."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KVAE_MODELS", raising=False)
    monkeypatch.setattr(runtime, "find_spec", lambda _: None)
    return tmp_path


def test_highest_version_wins_by_number(empty_folder):
    fake_model(empty_folder / "saved_models", "faces", 2, 10, 9)
    assert (load("faces").name, load("faces").version) == ("faces", 10)
    assert load("faces", version=2).version == 2
    with pytest.raises(ValueError, match=r"no version 3\. It has: 2, 9, 10"):
        load("faces", version=3)


def test_unfinished_version_is_no_version(empty_folder):
    fake_model(empty_folder / "saved_models", "faces", 1)
    (empty_folder / "saved_models" / "faces" / "2").mkdir()
    fake_model(empty_folder / "saved_models", "faces/.3.tmp", 3)
    assert load("faces").version == 1


def test_search_goes_from_near_to_far(empty_folder, monkeypatch):
    shipped = empty_folder / "site-packages" / "saved_models"
    places = [empty_folder / "elsewhere", empty_folder / "others", shipped]
    spec = SimpleNamespace(submodule_search_locations=[str(shipped)])
    monkeypatch.setattr(runtime, "find_spec", lambda _: spec)
    monkeypatch.setenv("KVAE_MODELS", f"{places[0]}{runtime.os.pathsep}{places[1]}")
    for place in reversed(places):
        fake_model(place, "faces", 1)
        assert find("faces").is_relative_to(place)
    fake_model(empty_folder / "saved_models", "faces", 1)
    assert find("faces").parts[0] == "saved_models"
    fake_model(empty_folder, "faces", 1)
    assert find("faces").parts[0] == "faces"
    assert [name for name, _, _ in list_models()] == ["faces"]


def test_path_of_model_or_version_is_taken(empty_folder):
    model = fake_model(empty_folder / "deep" / "down", "faces", 4, 5)
    assert find(model) == model / "5"
    assert find(model / "4") == model / "4"
    assert load("deep/down/faces").version == 5


def test_another_version_than_that_of_the_path_is_refused(empty_folder):
    model = fake_model(empty_folder, "faces", 1, 2)
    assert find(model / "1", version=1) == model / "1"
    with pytest.raises(
        ValueError, match=r"`version` must be left out .*Received: 2 with .*faces.1"
    ):
        load(model / "1", version=2)


def test_the_error_of_an_unknown_name_lists_similar_names(empty_folder):
    fake_model(empty_folder / "saved_models", "celeba", 1)
    fake_model(empty_folder / "saved_models", "digits", 1)
    with pytest.raises(ValueError, match=r"'celebs'.*Did you mean 'celeba'"):
        find("celebs")
    with pytest.raises(ValueError, match="Choose from: celeba, digits"):
        find("q")


def test_a_folder_without_a_model_has_another_error_than_a_wrong_name(empty_folder):
    (empty_folder / "a" / "b").mkdir(parents=True)
    with pytest.raises(ValueError, match="holds no exported model"):
        find("a/b")
    with pytest.raises(ValueError, match="There are no models"):
        find("a")


def test_the_runtime_is_that_of_the_version_or_of_the_argument(empty_folder):
    fake_model(empty_folder / "saved_models", "faces", 1, 2)
    lite_folder(empty_folder / "saved_models" / "faces" / "2").mkdir()
    assert isinstance(load("faces"), LiteModel)
    assert isinstance(load("faces", runtime="lite"), LiteModel)
    assert not isinstance(load("faces", runtime="tensorflow"), LiteModel)
    assert not isinstance(load("faces", version=1), LiteModel)
    with pytest.raises(ValueError, match=r"'faces' has no networks.*`kvae export --lite faces`"):
        load("faces", version=1, runtime="lite")
    with pytest.raises(ValueError, match=r"auto, lite, tensorflow\. Received: 'onnx'"):
        load("faces", runtime="onnx")


def test_tensorflow_is_faster_for_many_images():
    assert faster_runtime(1) == faster_runtime(1000) == "lite"
    assert faster_runtime(10**6) == "tensorflow"
