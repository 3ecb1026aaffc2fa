import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from keras_vae.cli.models import text
from tests.fake_models import fake_model
from tests.files.fake_hub import files_of


def test_list_shows_the_models(kvae, models_dir):
    result = kvae("models", "list")
    assert result.exit_code == 0, result.output
    lines = {line.split()[0]: line for line in result.stdout.splitlines()}
    assert "version 1" in lines["colour"]
    assert "32×32×3" in lines["colour"]
    assert "4 attributes" in lines["colour"]
    assert str(models_dir / "grey" / "1") in lines["grey"]
    rows = {row["name"]: row for row in json.loads(kvae("models", "list", "--json", "-").stdout)}
    assert rows["grey"]["image_shape"] == [8, 8, 1]
    assert rows["grey"]["latent_dim"] == 4
    assert set(lines) == set(rows)


def test_show_prints_the_facts(kvae, models_dir):
    result = kvae("models", "show", "colour")
    assert result.exit_code == 0, result.output
    for fact in (
        str(models_dir / "colour" / "1"),
        "celeba (Foster)",
        "4: Attractive, Eyeglasses, Smiling, Young",
        "metrics test",
        "mse 0.5",
        "tensorflow",
    ):
        assert fact in result.stdout
    assert "None" not in result.stdout
    assert "BSD-3-Clause" in kvae("models", "show", models_dir / "grey").stdout


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ([28, 28, 1], "28×28×1"),
        ([[32, 32], [96, 96]], "32×32, 96×96"),
        (["normal", "gmm"], "normal, gmm"),
        ([0.5, 1.25], "0.5, 1.25"),
        ([0.5] * 100 + [4.4661] * 100, "200 numbers from 0.5 to 4.466, mean 2.483, sum 496.61"),
        ({"a": {"psnr": 27.57}, "b": None, "c": 3}, "a (psnr 27.57), c 3"),
        ([], ""),
    ],
)
def test_values_are_one_short_line(value, line):
    assert text(value) == line


def test_show_as_json_holds_model_json(kvae, models_dir, tmp_path):
    path = models_dir / "colour" / "1" / "assets.extra" / "model.json"
    shown = json.loads(kvae("models", "show", "colour", "--json", "-").stdout)
    assert shown["metadata"] == json.loads(path.read_text())
    assert shown["version"] == 1
    for words in (["list"], ["show", "colour"]):
        command = ("models", *words, "--json", "out.json")
        assert kvae(*command, "--overwrite").stdout == "out.json\n"
        assert "--overwrite" in str(kvae(*command).exception)
    assert json.loads((tmp_path / "out.json").read_text()) == shown


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (None, "model.json cannot be read: No such file or directory"),
        ("[]", "model.json cannot be read: It must be a JSON object. Received: list."),
        ("[" * 100_000, "model.json cannot be read: Its JSON is nested too deeply."),
        ("{}", "model.json: `image_shape` must be [height, width, channels]. Received: None."),
        (
            '{"kind": "oven"}',
            "model.json: `kind` must be one of autoencoder, upscaler. Received: 'oven'.",
        ),
        ('{"kind": []}', "`kind` must be one of autoencoder, upscaler. Received: []."),
        ('{"image_shape": [99999, 99999, 3], "latent_dim": 2}', "`image_shape` must have at most"),
        ('{"image_shape": [8, 8, 1], "latent_dim": 1e9}', "`latent_dim` must be an integer"),
    ],
)
def test_list_leaves_out_models_of_other_programs(kvae, models_dir, tmp_path, facts, reason):
    foreign = tmp_path / "saved_models" / "foreign" / "1"
    (foreign / "assets.extra").mkdir(parents=True)
    (foreign / "saved_model.pb").write_bytes(b"")
    if facts is not None:
        (foreign / "assets.extra" / "model.json").write_text(facts)
    result = kvae("models", "list")
    assert result.exit_code == 0, result.output
    assert {"colour", "grey"} < {line.split()[0] for line in result.stdout.splitlines()}
    assert "foreign" not in result.stdout
    assert result.stderr.startswith("Left out: saved_models/foreign/1")
    assert reason in result.stderr
    assert result.stderr.count("\n") == 1


def test_list_leaves_out_a_model_whose_directions_are_damaged(kvae, models_dir, tmp_path):
    shutil.copytree(models_dir / "colour", tmp_path / "saved_models" / "faces")
    directions = tmp_path / "saved_models" / "faces" / "1" / "assets.extra" / "attributes.npz"
    directions.write_bytes(directions.read_bytes()[:100])
    result = kvae("models", "list")
    assert {"colour", "grey"} < {line.split()[0] for line in result.stdout.splitlines()}
    assert result.stderr.startswith("Left out: saved_models/faces/1")
    assert "attributes.npz holds no attribute directions" in result.stderr


def test_a_latent_that_is_no_vector_is_listed(kvae, tmp_path):
    folder = fake_model(tmp_path / "saved_models", "maps", 1)
    file = folder / "1" / "assets.extra" / "model.json"
    file.write_text('{"image_shape": [8, 8, 1], "latent_dim": null}')
    result = kvae("models", "list")
    assert result.exit_code == 0, result.exception
    lines = {line.split()[0]: line for line in result.stdout.splitlines()}
    assert "z = –" in lines["maps"]
    assert "grey" in lines
    assert kvae("models", "show", "maps").exit_code == 0


def test_numbers_that_are_not_finite_are_null_in_json(kvae, tmp_path):
    folder = fake_model(tmp_path / "saved_models", "odd", 1)
    file = folder / "1" / "assets.extra" / "model.json"
    file.write_text('{"image_shape": [8, 8, 1], "latent_dim": 2, "metrics": {"psnr": Infinity}}')
    shown = kvae("models", "show", "odd", "--json", "-").stdout
    assert json.loads(shown, parse_constant=pytest.fail)["metadata"]["metrics"] == {"psnr": None}


@pytest.mark.parametrize(("digits", "shown"), [(300, "1e+299 to 1e+299"), (400, "")])
def test_numbers_of_hundreds_of_digits_are_shown(kvae, tmp_path, digits, shown):
    version = fake_model(tmp_path, "faces", 1) / "1"
    facts = {"image_shape": [8, 8, 1], "latent_dim": 2, "counts": [10 ** (digits - 1)] * 5}
    (version / "assets.extra" / "model.json").write_text(json.dumps(facts))
    result = kvae("models", "show", "faces")
    assert result.exit_code == 0, result.exception
    assert shown in result.stdout


def test_card_is_printed(kvae):
    assert "Limits and bias: many." in kvae("models", "show", "colour", "--card").stdout
    result = kvae("models", "show", "grey", "--card")
    assert result.exit_code == 1
    assert "has no card" in str(result.exception)


def test_unknown_model(kvae):
    result = kvae("models", "show", "gray")
    assert result.exit_code == 1
    assert "Did you mean 'grey'" in str(result.exception)


@pytest.mark.parametrize("name", ["./old", "in a/folder/old", "in a/folder/old/1"])
def test_an_older_model_gets_networks_for_litert(kvae, models_dir, tmp_path, name):
    folder = tmp_path / name.removesuffix("/1")
    shutil.copytree(models_dir / "grey", folder)
    shutil.rmtree(folder / "1" / "assets.extra" / "lite")
    refused = kvae("generate", "--model", name, "--runtime", "lite", "-n", 1)
    assert refused.exit_code == 1
    (cure,) = cures_of(refused)
    assert cure == ["export", "--lite", name]
    assert kvae(*cure).exit_code == 0
    assert kvae("generate", "--model", name, "--runtime", "lite", "-n", 1).exit_code == 0
    assert "exists" in str(kvae(*cure).exception)


def cures_of(result):
    """The commands that an error names."""
    found = re.findall("`kvae ([^`]+)`", str(result.exception))
    return [shlex.split(command) for command in found]


def test_a_model_on_the_hub_is_copied_before_it_gets_networks_for_litert(kvae, hub, models_dir):
    files = files_of(models_dir / "grey")
    hub.add("user/faces", {name: data for name, data in files.items() if "/lite/" not in name})
    words = ("generate", "-n", 1, "--runtime", "lite", "--model")
    refused = kvae(*words, "hf://user/faces")
    assert "Model 'hf://user/faces' has no networks for LiteRT" in str(refused.exception)
    for cure in cures_of(refused):
        result = kvae(*cure)
        assert result.exit_code == 0, result.output
    assert kvae(*words, "faces").exit_code == 0


def test_the_note_on_attractive_names_a_command_that_works(kvae, models_dir):
    shutil.copytree(models_dir / "colour", "an/odd name")
    Path("an/odd name/README.md").write_text("Limits and bias: many.")
    options = ("--seed", 1, "--attr", "Attractive")
    result = kvae("morph", *options, "--model", "an/odd name")
    command = re.search("says more: kvae (.*)", result.stderr)[1]
    assert "Limits and bias" in kvae(*shlex.split(command)).stdout


@pytest.mark.parametrize("name", ["an/odd name", "hf://user/odd"])
def test_the_command_for_a_model_of_another_kind_opens_it(kvae, hub, models_dir, name):
    if name.startswith("hf://"):
        hub.add("user/odd", files_of(models_dir / "grey"))
    else:
        shutil.copytree(models_dir / "grey", name)
    refused = kvae("upscale", models_dir / "colour" / "README.md", "--model", name)
    _, _, command = str(refused.exception).partition("Use it as in: kvae ")
    assert kvae(*shlex.split(command)).exit_code == 0


def test_an_export_is_of_a_run_or_of_a_model(kvae):
    assert kvae("export").exit_code == 2
    assert kvae("export", "run", "--lite", "grey").exit_code == 2


def test_a_model_goes_to_the_hub_and_back(kvae, hub, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_owner")
    pushed = kvae("models", "push", "colour", "hf://user/faces")
    assert pushed.exit_code == 0, pushed.exception
    commit = list(hub.repositories["user/faces"].commits)[-1]
    assert pushed.stdout.endswith(f" files are now hf://user/faces@{commit}\n")
    again = kvae("models", "push", "colour", "hf://user/faces")
    assert "has version 1 already. Use `--overwrite`" in str(again.exception)
    pulled = kvae("models", "pull", "hf://user/faces", "--name", "mine")
    assert pulled.stdout == f"saved_models/mine  from hf://user/faces@{commit}\n"
    assert f"hf://user/faces@{commit}" in kvae("models", "show", "mine").stdout
    again = kvae("models", "pull", "hf://user/faces", "--name", "mine")
    assert str(again.exception) == "saved_models/mine exists. Use `--overwrite` to overwrite it."
    assert kvae("generate", "--model", "hf://user/faces", "-n", 1).exit_code == 0
    assert "user/faces" in kvae("models", "show", "hf://user/faces").stdout


@pytest.mark.parametrize(
    "command",
    [
        ("export", "--lite", "hf://a/b"),
        ("serve", "hf://a/b"),
        ("evaluate", "hf://a/b", "digits", "--card"),
    ],
)
def test_what_writes_to_a_models_folder_needs_a_copy(kvae, command):
    result = kvae(*command)
    assert result.exit_code == 2
    assert "hf://a/b must be copied first: kvae models pull hf://a/b" in result.output


def test_control_characters_of_a_model_do_not_reach_the_terminal(kvae, models_dir, tmp_path):
    version = tmp_path / "saved_models" / "faces" / "1"
    shutil.copytree(models_dir / "grey" / "1", version)
    facts = json.loads((version / "assets.extra" / "model.json").read_text())
    facts["note"] = "one\n\x1b[31mtwo"
    (version / "assets.extra" / "model.json").write_text(json.dumps(facts))
    (version.parent / "README.md").write_text("# Faces\n\x1b[31m")
    shown = kvae("models", "show", "faces").stdout
    assert "one\ufffd\ufffd[31mtwo" in shown
    assert kvae("models", "show", "faces", "--card").stdout == "# Faces\n\ufffd[31m\n"


@pytest.mark.parametrize(
    ("name", "words"),
    [("", "'' is not a text"), *((name, "a model must be") for name in (".", "..", "a/b"))],
)
def test_a_name_is_not_a_path(kvae, hub, models_dir, tmp_path, name, words):
    hub.add("user/faces", {"1/saved_model.pb": b""})
    before = files_of(shutil.copytree(models_dir, tmp_path / "saved_models"))
    pulled = kvae("models", "pull", "hf://user/faces", "--name", name, "--overwrite")
    assert "--name" in pulled.output + str(pulled.exception)
    assert words in pulled.output + str(pulled.exception)
    assert files_of(tmp_path / "saved_models") == before
