"""The hub, through its real client: against a server that the tests start."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from keras_vae.files import hub as hub_module
from keras_vae.files.hub import HubAddress, HubError, origin, pull
from keras_vae.inference import registry
from tests.fake_models import fake_model
from tests.files.fake_hub import files_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hf://user/faces", HubAddress("user/faces")),
        ("hf://user/my.faces-2@v1", HubAddress("user/my.faces-2", "v1")),
        ("hf://user/faces@refs/pr/1", HubAddress("user/faces", "refs/pr/1")),
    ],
)
def test_an_address_is_parsed_and_written(text, expected):
    assert HubAddress.parse(text) == expected
    assert str(expected) == text


@pytest.mark.parametrize("text", ["hf://faces", "hf://", "hf://a/b/c", "https://a/b", "hf://a/b@"])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ValueError, match=r"hf://USER/MODEL or hf://USER/MODEL@REVISION\. Received"):
        HubAddress.parse(text)


def test_a_revision_is_pinned_and_the_newest_is_the_default(hub, tmp_path):
    old, new = {"1/saved_model.pb": b"old", "README.md": b""}, {"2/saved_model.pb": b"new"}
    repository = hub.add("user/faces", old)
    (first,) = repository.commits
    repository.tags["v1"] = first
    repository.commit(new)
    for revision in (first, "v1"):
        folder = pull(HubAddress("user/faces", revision), tmp_path / revision)
        assert origin(folder) == f"hf://user/faces@{first}"
        assert files_of(folder)["1/saved_model.pb"] == b"old"
    assert (pull(HubAddress("user/faces"), tmp_path / "new") / "2").is_dir()
    with pytest.raises(HubError, match=r"has no revision 'v9': see .*/user/faces/commits"):
        pull(HubAddress("user/faces", "v9"), tmp_path / "v9")
    assert not (tmp_path / "v9").exists()


def test_a_model_is_loaded_by_its_address_and_again_without_a_connection(
    hub, models_dir, monkeypatch, caplog
):
    hub.add("user/grey", files_of(models_dir / "grey"))
    model = registry.load("hf://user/grey")
    assert (model.name, model.version) == ("user/grey", 1)
    assert model.generate(n=1, seed=0).shape == (1, 8, 8, 1)
    caplog.set_level(logging.WARNING, hub_module.__name__)
    assert registry.load("hf://user/grey").path == model.path
    assert not caplog.records
    hub.__exit__()
    assert registry.load("hf://user/grey").path == model.path
    assert "hf://user/grey is taken from the cache, commit " in caplog.text


def test_nothing_is_overwritten_unless_it_is_asked_for(hub, tmp_path):
    hub.add("user/faces", {"1/saved_model.pb": b"new", "notes.txt": b"a", "1/.hidden": b""})
    folder = fake_model(tmp_path, "faces", 7)
    mine = files_of(folder)
    with pytest.raises(FileExistsError, match=r"faces exists\. .*overwrite=True"):
        pull(HubAddress("user/faces"), folder)
    assert files_of(folder) == mine
    pull(HubAddress("user/faces"), folder, overwrite=True)
    assert set(files_of(folder)) == {"1/saved_model.pb", "1/.hidden", "hub.json"}


def test_only_a_model_is_overwritten(hub, tmp_path):
    hub.add("user/faces", {"1/saved_model.pb": b"new"})
    folder = fake_model(tmp_path / "saved_models", "mine", 1).parent
    mine = files_of(folder)
    with pytest.raises(FileExistsError, match=r"saved_models is not only a model: .*/mine is no"):
        pull(HubAddress("user/faces"), folder, overwrite=True)
    with pytest.raises(ValueError, match=r"`name` of a model must be"):
        pull(HubAddress("user/faces"), folder / "..", overwrite=True)
    assert files_of(folder) == mine


def test_a_pull_that_fails_leaves_nothing(hub, tmp_path, monkeypatch):
    hub.add("user/data", {"README.md": b"no model"})
    with pytest.raises(HubError, match=r"hf://user/data holds no exported model"):
        pull(HubAddress("user/data"), tmp_path / "models" / "data")
    hub.add("user/other", {"2b/saved_model.pb": b"", "final/saved_model.pb": b""})
    with pytest.raises(HubError, match=r"hf://user/other holds no exported model"):
        pull(HubAddress("user/other"), tmp_path / "models" / "other")
    hub.add("user/faces", {"1/saved_model.pb": b""})

    def full(*_, **__):
        raise OSError("No space left on device")

    monkeypatch.setattr(hub_module.shutil, "copytree", full)
    with pytest.raises(OSError, match="No space"):
        pull(HubAddress("user/faces"), tmp_path / "models" / "faces")
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize(
    ("token", "options", "said"),
    [
        (None, {"private": True}, "does not exist, or is private. Log in with `hf auth login`"),
        ("hf_reader", {"gated": True}, "needs its author's permission. Ask for it at http://127"),
    ],
)
def test_refused_access_says_what_to_do(hub, tmp_path, monkeypatch, token, options, said):
    hub.add("user/faces", {"1/saved_model.pb": b""}, **options)
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(HubError) as caught:
        pull(HubAddress("user/faces"), tmp_path / "faces")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_hub_out_of_reach_is_named(hub, tmp_path):
    hub.__exit__()
    with pytest.raises(HubError, match=r"not in the cache, and the hub cannot be reached"):
        pull(HubAddress("user/faces"), tmp_path / "faces")


def test_offline_mode_is_named(hub, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(HubError, match=r"unset HF_HUB_OFFLINE"):
        pull(HubAddress("user/faces"), tmp_path / "faces")


def test_without_the_extra_it_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(hub_module, "find_spec", lambda _: None)
    with pytest.raises(ImportError, match=r"pip install 'keras-vae\[hub\]'"):
        pull(HubAddress("user/faces"), tmp_path / "faces")


def test_a_process_takes_the_hub_from_its_environment(hub, tmp_path):
    hub.add("user/faces", {"1/saved_model.pb": b"", "README.md": b"# faces"})
    command = [sys.executable, "-m", "keras_vae.cli.main", "models", "pull"]
    options = {"cwd": tmp_path, "capture_output": True, "text": True, "check": False}
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([*command, "hf://user/faces"], env=environment, **options)
    (commit,) = hub.repositories["user/faces"].commits
    assert done.stdout == f"saved_models/faces  from hf://user/faces@{commit}\n"
    done = subprocess.run([*command, "hf://user/none"], env=environment, **options)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: hf://user/none does not exist, or is private. Log in")
    assert done.stderr.count("\n") == 1
    assert [path.name for path in (tmp_path / "saved_models").iterdir()] == ["faces"]


@pytest.mark.parametrize("record", ["", "[]", "{}", "[" * 100_000])
def test_a_damaged_record_is_named_with_what_to_do(tmp_path, record):
    assert origin(tmp_path) is None
    (tmp_path / "hub.json").write_text(record)
    with pytest.raises(ValueError, match=r"hub\.json is damaged: it holds no address\. Remove it"):
        origin(tmp_path)
