"""Models pushed to the hub, through its real client."""

import json

import pytest
import yaml

from keras_vae.files.exported import find_version
from keras_vae.files.hub import HubAddress, HubError, origin, pull
from keras_vae.inference import hub_push
from keras_vae.inference.hub_push import push
from tests.files.fake_hub import files_of

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


def header_of(card):
    _, header, text = card.split("---\n", 2)
    return yaml.safe_load(header), text


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
    assert find_version(folder) == folder / "3"


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


def test_a_push_makes_its_own_revision(model):
    with pytest.raises(ValueError, match="must have no revision"):
        push(model, HubAddress("user/faces", "v1"))


def test_a_folder_that_is_no_number_is_not_pushed(hub, model, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_owner")
    with pytest.raises(ValueError, match=r"faces/final must have the number of a version as its"):
        push(model.rename(model.with_name("final")), HubAddress("user/faces"))
    assert not hub.repositories


@pytest.mark.parametrize("exists", [True, False])
def test_of_two_pushes_at_a_time_the_second_is_refused(hub, model, monkeypatch, exists):
    monkeypatch.setenv("HF_TOKEN", "hf_owner")
    if exists:
        hub.add("user/faces", {"2/saved_model.pb": b"2"})

    def meanwhile(version):
        hub.repositories["user/faces"].commit({"3/saved_model.pb": b"theirs"})
        return "# faces"

    monkeypatch.setattr(hub_push, "hub_card", meanwhile)
    with pytest.raises(HubError, match=r"^hf://user/faces was changed in the meantime\. Try again"):
        push(model, HubAddress("user/faces"))
    assert hub.repositories["user/faces"].files == {"3/saved_model.pb": b"theirs"}


@pytest.mark.parametrize("refused", ["/api/models/.*/preupload", "/large/", ".*/commit"])
def test_a_push_that_fails_leaves_no_new_repository(hub, model, monkeypatch, refused):
    monkeypatch.setenv("HF_TOKEN", "hf_owner")
    hub.refused = refused
    with pytest.raises(HubError, match=r"The hub answered with status 507: .*"):
        push(model, HubAddress("user/faces"))
    assert not hub.repositories
    repository = hub.add("user/faces", {"2/saved_model.pb": b"2"})
    with pytest.raises(HubError, match="507"):
        push(model, HubAddress("user/faces"))
    assert hub.repositories == {"user/faces": repository}
    assert len(repository.commits) == 1


def test_an_empty_repository_that_cannot_be_deleted_is_named(hub, model, monkeypatch, caplog):
    monkeypatch.setenv("HF_TOKEN", "hf_owner")
    hub.refused = "/api/models/.*/commit|/api/repos/delete"
    with pytest.raises(HubError, match="507"):
        push(model, HubAddress("user/faces"))
    assert caplog.messages == ["The empty repository hf://user/faces is left on the hub."]


def test_a_push_without_a_connection_is_named(hub, model, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_owner")
    hub.__exit__()
    with pytest.raises(HubError, match=r"The hub cannot be reached"):
        push(model, HubAddress("user/faces"))
