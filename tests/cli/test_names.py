"""Names with line breaks and control characters: whole sentences, of one line."""

import shutil
import zipfile
from pathlib import Path

import click
import pytest
from PIL import Image

from keras_vae.files.naming import first_line
from tests.encoding import encoded
from tests.fake_models import fake_model

NO_IMAGE = "bad�name.png is not an image that can be read"


@pytest.fixture
def names(tmp_path, kvae, photo_files):
    """Files whose names have line breaks: no image, an image, a damaged set and others."""
    Path("bad\nname.png").write_text("no image")
    shutil.copy(photo_files[0], "good\nname.jpg")
    Path("bad\nset.npz").write_text("no set")
    Path("bad\nconfig.yaml").write_text("[1, 2]")
    fake_model(tmp_path, "bad\nmodel", 1)
    Path("bad\nmodel/1/assets.extra/model.json").write_text("{")
    Path("empty\nfolder").mkdir()
    Path("full\nfolder").mkdir()
    Path("full\nfolder/file").touch()


def line_of(result):
    """What the command prints of its error."""
    error = result.exception
    return result.output if isinstance(error, SystemExit) else first_line(error)


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["upscale", "bad\nname.png"], NO_IMAGE),
        (["align", "bad\nname.png"], NO_IMAGE),
        (["reconstruct", "bad\nname.png"], NO_IMAGE),
        (["reconstruct", "bad\nname.png", "--out", "out"], NO_IMAGE),
        (["encode", "bad\nname.png", "--out", "z.csv"], NO_IMAGE),
        (["traverse", "bad\nname.png"], NO_IMAGE),
        (["manifold", "bad\nname.png"], NO_IMAGE),
        (["interpolate", "bad\nname.png", 3], NO_IMAGE),
        (["feature-maps", "bad\nname.png"], NO_IMAGE),
        (["morph", "bad\nname.png", "--attr", "Smiling"], NO_IMAGE),
        (["morph", "bad\nname.png", "--attr", "Smiling", "--full-size"], NO_IMAGE),
        (["reconstruct", "empty\nfolder"], "empty�folder holds no images"),
        (["encode", "bad\nset.npz", "--out", "z.csv"], "bad�set.npz is damaged"),
        (["latent-map", "bad\nset.npz"], "bad�set.npz is damaged"),
        (["train", "bad\nset.npz"], "bad�set.npz is damaged"),
        (["train", "--config", "bad\nconfig.yaml"], "bad�config.yaml must hold keys and values"),
        (["train", "--resume", "empty\nfolder"], "empty�folder is no run directory"),
        (["generate", "--model", "bad\nmodel"], "bad�model/1 is not a model that kvae exported"),
        (["attributes", "list", "--directions", "bad\nset.npz"], "bad�set.npz is not an .npz file"),
        (["generate", "--out", "q\nq.xyz"], "as .png or .jpg. Received: q�q.xyz."),
        (["generate", "--out", "good\nname.jpg"], "good�name.jpg exists. Use"),
        (["generate", "--out", "full\nfolder"], "full�folder holds files. Use"),
        (["traverse", "--dims", "0", "--gif", "q\nq.xyz"], "in .gif. Received: q�q.xyz."),
        (["traverse", "--dims", "0", "--csv", "q\nq", "--json", "q\nq"], "are the same: q�q."),
    ],
    ids=lambda words: " ".join(map(repr, words)) if isinstance(words, list) else "",
)
def test_an_error_has_its_reason_in_one_line(kvae, command, words):
    model = () if {"--model", "align", "train", "upscale"} & {*command} else ("--model", "colour")
    result = kvae(*command, *model)
    assert result.exit_code != 0
    assert words in line_of(result)
    assert words in line_of(result).splitlines()[-1]


@pytest.mark.usefixtures("names")
def test_results_and_notes_have_a_line_each(kvae, astronaut, caplog, capsys):
    Path("set\nof").mkdir()
    for name in ("a\nb.png", "c.png"):
        Image.new("RGBA", (40, 40), (200, 0, 0, 9)).save(f"set\nof/{name}")
    Path("set\nof/notes\n.txt").touch()
    Path("set\nof/d\ne.png").write_text("no image")
    full_size = ("--attr", "Smiling", "--full-size", "--steps", "1", "--out", "m\nm.png")
    for command, printed in (
        (("morph", "set\nof", *full_size), ["m�m_a�b.png", "m�m_c.png"]),
        (("reconstruct", "set\nof", "--out", "new\nfolder"), ["new�folder: 2 images"]),
        (("encode", "set\nof", "--out", "z\nz.csv"), ["z�z.csv: 2 images"]),
    ):
        result = kvae(*command, "--model", "colour")
        assert result.exit_code == 0, result.output
        assert result.stdout.splitlines()[: len(printed)] == printed
        counted, left_out, reason = result.stderr.splitlines()
        assert counted.startswith("set�of: left out 1 .txt: no image (notes�.txt)")
        assert left_out == "1 of 3 images was left out:"
        assert "d�e.png is not an image that can be read" in reason
    assert all("\n" not in record.getMessage() for record in caplog.records)
    assert "a�b.png has transparent parts" in caplog.text


def test_a_damaged_model_in_the_list_has_its_reason_in_one_line(kvae, tmp_path):
    for name, facts in (("a\nb", "{"), ("c\nd", '{"image_shape": 3}')):
        file = fake_model(tmp_path / "saved_models", name, 1) / "1/assets.extra/model.json"
        file.write_text(facts)
    first, second = kvae("models", "list").stderr.splitlines()
    assert first.startswith("Left out: saved_models/a�b/1 is not a model that kvae exported: ")
    assert second.startswith("Left out: saved_models/c�d/1/assets.extra/model.json: `image_shape`")


def test_a_damaged_image_in_an_archive_has_its_reason_in_one_line(kvae, tmp_path):
    with zipfile.ZipFile("s\net.zip", "w") as archive:
        for name in ("a.png", "b.png"):
            image = encoded(Image.new("RGB", (40, 40)))
            archive.writestr(name, image, zipfile.ZIP_DEFLATED if name == "a.png" else None)
    content = bytearray(Path("s\net.zip").read_bytes())
    start = content.index(b"a.png") + len("a.png")
    content[start : start + 4] = b"\xff" * 4
    Path("s\net.zip").write_bytes(content)
    result = kvae("encode", "s\net.zip", "--model", "colour", "--out", "z.csv")
    assert result.exit_code == 0, result.output
    assert "a.png in s�et.zip is damaged: " in result.stderr.splitlines()[1]


def test_only_typed_names_are_changed_in_a_message():
    from keras_vae.cli.command import in_terms_of

    context = click.Context(click.Command("c"))
    context.params = {"a": (Path("x/a\nb"), 3), "b": "plain", "c": None, "d": ("Smiling", (1.0,))}
    assert in_terms_of("y/a\nb: lost\nrest", context) == "y/a�b: lost\nrest"
