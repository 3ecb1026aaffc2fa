"""The hub, through its real client: against a server that the tests start."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from keras_vae.inference import hub as hub_module
from keras_vae.inference import registry
from keras_vae.inference.hub import HubAddress, HubError, origin, pull, push

FACTS = {"image_shape": [8, 8, 1], "latent_dim": 2, "licence": "CC BY-SA 3.0"}


@pytest.fixture
def model(tmp_path):
    """An exported model of a few files, one of them large."""
    version = tmp_path / "models" / "faces" / "3"
    extras = version / "assets.extra"
    (version / "variables").mkdir(parents=True)
    extras.mkdir()
    (version / "saved_model.pb").write_bytes(bytes(range(256)) * 4)
    (version / "variables" / "variables.index").write_bytes(b"few")
    (extras / "model.json").write_text(json.dumps(FACTS))
    (version.parent / "README.md").write_text("# faces\n\nLimits and bias: many.\n")
    return version


def files_of(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def header_of(card):
    _, header, text = card.split("---\n", 2)
    return yaml.safe_load(header), text


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


def test_a_pushed_model_is_pulled_as_it_was_exported(hub, model, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_owner")
    pushed = push(model, HubAddress("user/faces"), private=True)
    repository = hub.repositories["user/faces"]
    assert repository.private
    assert pushed.address == HubAddress("user/faces", list(repository.commits)[-1])
    assert len(hub.large) == 1  # the large file went to large file storage
    folder = pull(HubAddress("user/faces"), tmp_path / "pulled" / "mine")
    record = f"hf://{pushed.address.repository}@{pushed.address.revision}"
    assert origin(folder) == record
    pulled = files_of(folder)
    assert json.loads(pulled.pop("hub.json")) == {"address": record}
    card = pulled.pop("README.md").decode()
    assert pulled == {f"3/{path}": content for path, content in files_of(model).items()}
    header, text = header_of(card)
    assert text == "\n# faces\n\nLimits and bias: many.\n"
    assert header["license"] == "cc-by-sa-3.0"
    assert header["library_name"] == "keras-vae"
    assert {"variational-autoencoder", "saved-model"} <= set(header["tags"])
    assert registry.find(folder) == folder / "3"


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
    folder = tmp_path / "faces"
    folder.mkdir()
    (folder / "mine").write_text("mine")
    with pytest.raises(FileExistsError, match=r"faces exists\. .*overwrite=True"):
        pull(HubAddress("user/faces"), folder)
    assert files_of(folder) == {"mine": b"mine"}
    pull(HubAddress("user/faces"), folder, overwrite=True)
    assert set(files_of(folder)) == {"1/saved_model.pb", "1/.hidden", "hub.json"}


def test_a_pull_that_fails_leaves_nothing(hub, tmp_path, monkeypatch):
    hub.add("user/data", {"README.md": b"no model"})
    with pytest.raises(HubError, match=r"hf://user/data holds no exported model"):
        pull(HubAddress("user/data"), tmp_path / "models" / "data")
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


@pytest.mark.slow
def test_a_push_needs_a_token_that_may_write(hub, model, monkeypatch):
    with pytest.raises(HubError, match=r"Log in with `hf auth login`, or set HF_TOKEN"):
        push(model, HubAddress("user/faces"))
    monkeypatch.setenv("HF_TOKEN", "hf_reader")
    with pytest.raises(
        HubError, match=r"The hub refused access to hf://user/faces\. .* may write it"
    ):
        push(model, HubAddress("user/faces"))
    assert not hub.repositories


def test_a_version_on_the_hub_is_overwritten_only_if_it_is_asked_for(hub, model, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_owner")
    hub.add("user/faces", {"README.md": b"theirs", "3/old": b"", "2/saved_model.pb": b"2"})
    repository = hub.repositories["user/faces"]
    with pytest.raises(FileExistsError, match=r"has version 3 already\. Use `overwrite=True`"):
        push(model, HubAddress("user/faces"))
    assert len(repository.commits) == 1
    push(model, HubAddress("user/faces"), overwrite=True)
    assert {"2/saved_model.pb", "3/saved_model.pb"} <= set(repository.files)
    assert "3/old" not in repository.files
    assert b"license" in repository.files["README.md"]
    next_version = model.rename(model.with_name("4"))
    pushed = push(next_version, HubAddress("user/faces"))
    assert pushed.card_kept
    assert {"2/saved_model.pb", "3/saved_model.pb", "4/saved_model.pb"} <= set(repository.files)


def test_a_hub_out_of_reach_is_named(hub, tmp_path, model, monkeypatch):
    hub.__exit__()
    with pytest.raises(HubError, match=r"not in the cache, and the hub cannot be reached"):
        pull(HubAddress("user/faces"), tmp_path / "faces")
    monkeypatch.setenv("HF_TOKEN", "hf_owner")
    with pytest.raises(HubError, match=r"The hub cannot be reached"):
        push(model, HubAddress("user/faces"))


def test_offline_mode_is_named(hub, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(HubError, match=r"unset HF_HUB_OFFLINE"):
        pull(HubAddress("user/faces"), tmp_path / "faces")


def test_without_the_extra_it_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(hub_module, "find_spec", lambda _: None)
    with pytest.raises(ImportError, match=r"pip install 'keras-vae\[hub\]'"):
        pull(HubAddress("user/faces"), tmp_path / "faces")


def test_a_push_makes_its_own_revision(model):
    with pytest.raises(ValueError, match="must have no revision"):
        push(model, HubAddress("user/faces", "v1"))


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
