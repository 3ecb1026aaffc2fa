import json
import re
from dataclasses import replace

import pytest

from keras_vae.presets import PRESETS, get_preset
from keras_vae.training.config_file import config_text, read_config
from keras_vae.training.run_directory import Run, RunConfig

CONFIG = RunConfig(
    get_preset("celeba-perriu").override(latent_dim=9),
    "celeba",
    data_dir="somewhere",
    limit=500,
    seed=11,
    precision="mixed_bfloat16",
    early_stop=3,
)


@pytest.fixture
def written(tmp_path):
    """Write lines to a file `run.yaml`."""

    def write(text):
        path = tmp_path / "run.yaml"
        path.write_text(text, "utf-8")
        return path

    return write


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_survives_the_file(written, name):
    config = RunConfig(get_preset(name), "faces", seed=3)
    assert read_config(written(config_text(config)), RunConfig) == config


def test_the_file_of_a_run_and_the_text_hold_the_same_configuration(written, tmp_path):
    file = Run.create(tmp_path / "run", CONFIG).config_file
    assert read_config(file, RunConfig) == CONFIG
    text = config_text(CONFIG)
    assert read_config(written(text), RunConfig) == CONFIG
    assert {"command", "provenance", "versions"} & set(json.loads(file.read_text()))
    assert "provenance" not in text
    assert "image_shape: [64, 48, 3]" in text


def test_a_choice_of_the_images_is_in_the_text(written):
    config = replace(CONFIG, provenance={"counts": {"train": 3}, "align_faces": True})
    again = read_config(written(config_text(config)), RunConfig)
    assert again == replace(CONFIG, provenance={"align_faces": True})


def test_floats_may_be_written_as_people_write_them(written):
    text = config_text(CONFIG).replace("learning_rate: 0.001", "learning_rate: 1e-3")
    assert "1e-3" in text
    assert read_config(written(text), RunConfig).preset.learning_rate == 1e-3
    text = config_text(CONFIG).replace("learning_rate: 0.001", "learning_rate: 1")
    rate = read_config(written(text), RunConfig).preset.learning_rate
    assert (rate, type(rate)) == (1.0, float)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seed: 11", "sead: 11", r"`RunConfig` must have the fields .*Received: 'sead'"),
        ("seed: 11", "seed: eleven", "'seed' must be an integer. Received: 'eleven'"),
        ("seed: 11", "seed: 1.5", "'seed' must be an integer. Received: 1.5"),
        ("seed: 11", "seed: true", "'seed' must be an integer. Received: True"),
        ("limit: 500", "limit: [500]", r"'limit' must be an integer. Received: \[500\]"),
        ("dataset: celeba\n", "dataset: no\n", "'dataset' must be a text. Received: False"),
        ("beta: ", "bata: ", r"`preset.objective.bound`: `ELBO` must have the fields .*'bata'"),
        ("kind: elbo", "kind: elbow", r"`preset.objective.bound`: `kind` must be one of elbo"),
        ("filters: 256", "filters: many", r"`preset.network.encoder.6`: 'filters' must be an int"),
        ("[64, 48, 3]", "[64, 48]", "`preset`: 'image_shape' must be a list of 3"),
        ("[64, 48, 3]", "64x48", "`preset`: 'image_shape' must be a list. Received: '64x48'"),
        ("  latent_dim: 9\n", "", "`preset`: The field 'latent_dim' is missing"),
        ("seed: 11", "seed: 11\nseed: 12", "'seed' is given twice"),
        ("seed: 11", "seed: }", "found"),
    ],
)
def test_what_is_wrong_is_named_with_file_line_and_key(written, old, new, said):
    text = config_text(CONFIG)
    assert old in text
    changed = text.replace(old, new, 1)
    with pytest.raises(ValueError, match=said) as caught:
        read_config(written(changed), RunConfig)
    file, _, line = str(caught.value).partition(":")[0].partition(", line ")
    assert file.endswith("run.yaml")
    differing = [a != b for a, b in zip(changed.splitlines(), text.splitlines(), strict=False)]
    at = differing.index(True) + 1
    assert int(line) in (at, at + 1) or "missing" in said


@pytest.mark.parametrize("text", ["", "- a list\n", "only words"])
def test_a_file_without_keys_is_refused(written, text):
    with pytest.raises(ValueError, match=r"run\.yaml must hold keys and values"):
        read_config(written(text), RunConfig)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "model.keras").write_bytes(bytes(range(256)))
    with pytest.raises(ValueError, match=r"model\.keras is not a text file"):
        read_config(tmp_path / "model.keras", RunConfig)


def test_a_file_without_end_is_read_up_to_a_limit():
    with pytest.raises(ValueError, match=r"/dev/zero is not a text file .* 4,194,304 bytes"):
        read_config("/dev/zero", RunConfig)


@pytest.mark.parametrize("text", ["[" * 2000, "dataset: 2001-99-99\n", "dataset: " + "9" * 5000])
def test_values_that_yaml_cannot_hold_are_refused_with_the_files_name(written, text):
    with pytest.raises(ValueError, match=r"^.*run\.yaml.*$"):
        read_config(written(text), RunConfig)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('{"a": &a [x, x], "b": [*a, *a]}', "a"),
        ("preset: *b\n", "b"),
        ("preset: &c {}\n", "c"),
    ],
)
def test_anchors_and_aliases_are_refused_with_file_and_line(written, text, name):
    reason = rf"run\.yaml, line 1: the anchor or alias '{name}' must be written out\.$"
    with pytest.raises(ValueError, match=reason):
        read_config(written(text), RunConfig)


@pytest.mark.parametrize(
    "text",
    ["seed: !!bool abc\n", "seed: !!timestamp 5\n", "!!omap {}\n", "seed: ! 5\n", "seed: !x [1]\n"],
)
def test_tags_are_refused_with_file_and_line(written, text):
    with pytest.raises(ValueError, match=r"run\.yaml, line 1: the tag '.+' must be left out\.$"):
        read_config(written(text), RunConfig)


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize(("key", "kind"), [("learning_rate", "a number"), ("epochs", "an integer")])
def test_a_number_of_400_digits_is_named_with_file_line_and_key(written, key, kind, sign):
    text = re.sub(rf"{key}: [\d.]+", f"{key}: {sign}1{'0' * 400}", config_text(CONFIG))
    said = rf"run\.yaml, line \d+: `preset`: '{key}' must be {kind} of at most 64 bits\. Received:"
    with pytest.raises(ValueError, match=said) as raised:
        read_config(written(text), RunConfig)
    assert len(str(raised.value)) < 400


def test_a_value_of_many_parts_is_shown_in_short(written):
    with pytest.raises(
        ValueError, match=r"run\.yaml, line 1: 'preset' must be a mapping"
    ) as raised:
        read_config(written(f"preset: [{'x, ' * 9_000}]\ndataset: x\n"), RunConfig)
    assert len(str(raised.value)) < 1000


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_that_no_library_takes_is_refused(written, seed):
    text = config_text(CONFIG).replace("seed: 11", f"seed: {seed}")
    said = rf"`seed` must be at least 0 and below 4294967296\. Received: {seed}\."
    with pytest.raises(ValueError, match=said):
        read_config(written(text), RunConfig)


@pytest.mark.parametrize("seed", ["010", "1:30", "1_0", "0x10", "٣"])
def test_numbers_are_read_as_they_are_written_or_refused(written, seed):
    text = config_text(CONFIG).replace("seed: 11", f"seed: {seed}")
    with pytest.raises(ValueError, match=rf"'seed' must be an integer\. Received: '{seed}'"):
        read_config(written(text), RunConfig)
