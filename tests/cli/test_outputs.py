"""Files that cannot all be written are refused before any work."""

import pytest
from PIL import Image

from keras_vae.inference import registry as runtime

PICTURES = [
    ["generate"],
    ["reconstruct", "first.jpg"],
    ["upscale", "first.jpg"],
    ["align", "first.jpg"],
    ["align", "first.jpg", "--face", "all"],
    ["morph", "first.jpg", "--attr", "Smiling"],
    ["morph", "first.jpg", "--attr", "Smiling", "--full-size"],
    ["morph", "--seed", 1, "--grid", "Smiling=0:1", "Young=0:1"],
    ["interpolate", 1, 2],
    ["traverse", "--dims", "0"],
    ["manifold", "--dims", "0,1"],
    ["latent-map", "labelled.npz"],
    ["attributes", "contributions", "--to", "Smiling"],
    ["attributes", "similarity"],
]


@pytest.fixture
def no_work(monkeypatch):
    """Let neither a model nor a photo be opened."""
    for name in ("load", "load_upscaler"):
        monkeypatch.setattr(runtime, name, lambda *_: pytest.fail("work was begun"))
    monkeypatch.setattr(Image, "open", lambda *_: pytest.fail("work was begun"))


def refusal(result):
    assert result.exit_code in (1, 2)
    return result.output + str(result.exception)


@pytest.mark.parametrize("command", PICTURES, ids=lambda words: " ".join(map(str, words)))
@pytest.mark.parametrize("name", ["a.txt", "a.psd", "a"])
def test_what_does_not_end_like_a_picture(kvae, photo_files, labelled, no_work, command, name):
    result = kvae(*command, "--out", name)
    assert f"must end like a picture, as in .png or .jpg. Received: {name}." in refusal(result)


@pytest.mark.parametrize(
    "arguments",
    [
        ["morph", "first.jpg", "--attr", "Smiling", "--out", "a.gif", "--gif", "a.gif"],
        ["morph", "first.jpg", "--attr", "Smiling", "--full-size", "--steps", "1,1"],
        ["morph", "--seed", 1, "--attr", "Smiling", "--csv", "a.txt", "--json", "./a.txt"],
        ["traverse", "--dims", "0", "--csv", "-", "--json", "-"],
        ["interpolate", 1, 2, "--out", "a.png", "--csv", "a.png"],
        ["latent-map", "labelled.npz", "--out", "a.png", "--json", "sub/../a.png"],
        ["attributes", "contributions", "--to", "Young", "--out", "a.png", "--json", "a.png"],
        ["feature-maps", "first.jpg", "--csv", "a", "--json", "a"],
        ["feature-maps", "first.jpg", "--csv", "feature-maps/overview.png"],
    ],
    ids=lambda words: " ".join(map(str, words)),
)
def test_two_files_of_one_path(kvae, photo_files, labelled, tmp_path, no_work, arguments):
    before = sorted(tmp_path.rglob("*"))
    result = kvae(*arguments, "--overwrite")
    assert result.exit_code == 2
    assert "Two of the files to write would be one" in result.output
    assert sorted(tmp_path.rglob("*")) == before
