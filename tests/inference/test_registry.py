import json
from types import SimpleNamespace

import pytest

from keras_vae.inference import registry as runtime
from keras_vae.inference.registry import find, list_models, load


def fake_model(folder, name, *versions):
    for version in versions:
        path = folder / name / str(version)
        (path / "assets.extra").mkdir(parents=True)
        (path / "saved_model.pb").touch()
        facts = {"image_shape": [8, 8, 1], "latent_dim": 2}
        (path / "assets.extra" / "model.json").write_text(json.dumps(facts))
    return folder / name


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """An empty current folder, and no models from elsewhere."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KVAE_MODELS", raising=False)
    monkeypatch.setattr(runtime, "find_spec", lambda _: None)
    return tmp_path


def test_highest_version_wins_by_number(workplace):
    fake_model(workplace / "saved_models", "faces", 2, 10, 9)
    assert (load("faces").name, load("faces").version) == ("faces", 10)
    assert load("faces", version=2).version == 2
    with pytest.raises(ValueError, match=r"no version 3\. It has: 2, 9, 10"):
        load("faces", version=3)


def test_unfinished_version_is_no_version(workplace):
    fake_model(workplace / "saved_models", "faces", 1)
    (workplace / "saved_models" / "faces" / "2").mkdir()
    fake_model(workplace / "saved_models", "faces/.3.tmp", 3)
    assert load("faces").version == 1


def test_search_goes_from_near_to_far(workplace, monkeypatch):
    shipped = workplace / "site-packages" / "saved_models"
    places = [workplace / "elsewhere", workplace / "others", shipped]
    spec = SimpleNamespace(submodule_search_locations=[str(shipped)])
    monkeypatch.setattr(runtime, "find_spec", lambda _: spec)
    monkeypatch.setenv("KVAE_MODELS", f"{places[0]}{runtime.os.pathsep}{places[1]}")
    for place in reversed(places):
        fake_model(place, "faces", 1)
        assert find("faces").is_relative_to(place)
    fake_model(workplace / "saved_models", "faces", 1)
    assert find("faces").parts[0] == "saved_models"
    fake_model(workplace, "faces", 1)
    assert find("faces").parts[0] == "faces"
    assert [name for name, _, _ in list_models()] == ["faces"]


def test_path_of_model_or_version_is_taken(workplace):
    model = fake_model(workplace / "deep" / "down", "faces", 4, 5)
    assert find(model) == model / "5"
    assert find(model / "4") == model / "4"
    assert load("deep/down/faces").version == 5


def test_another_version_than_that_of_the_path_is_refused(workplace):
    model = fake_model(workplace, "faces", 1, 2)
    assert find(model / "1", version=1) == model / "1"
    with pytest.raises(
        ValueError, match=r"`version` must be left out .*Received: 2 with .*faces.1"
    ):
        load(model / "1", version=2)


def test_unknown_name_gets_near_matches(workplace):
    fake_model(workplace / "saved_models", "celeba", 1)
    fake_model(workplace / "saved_models", "digits", 1)
    with pytest.raises(ValueError, match=r"'celebs'.*Did you mean 'celeba'"):
        find("celebs")
    with pytest.raises(ValueError, match="Choose from: celeba, digits"):
        find("q")


def test_folder_without_a_model_is_told_from_a_wrong_name(workplace):
    (workplace / "a" / "b").mkdir(parents=True)
    with pytest.raises(ValueError, match="holds no exported model"):
        find("a/b")
    with pytest.raises(ValueError, match="There are no models"):
        find("a")
