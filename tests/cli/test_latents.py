"""A model whose z is no vector: commands that need one say so, the others work."""

import numpy as np
import pytest
from PIL import Image

from keras_vae.export.saved_model import export_model
from tests.extending import ladder


@pytest.fixture(scope="module")
def two_levels(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ladder") / "levels"
    export_model(ladder.build(), folder)
    return folder


@pytest.fixture
def kvae(kvae, two_levels, digits):
    Image.fromarray(digits.images[0, ..., 0]).save("digit.png")
    np.savez("set.npz", images=digits.images[:60], labels=digits.labels[:60])
    return lambda *words: kvae(*words, "--model", two_levels)


@pytest.mark.parametrize(
    "command",
    [
        ["reconstruct", "digit.png"],
        ["reconstruct", "digit.png", "--out", "folder"],
        ["traverse", "digit.png"],
        ["traverse", "--dims", "0"],
        ["manifold"],
        ["manifold", "--seed", 1, "--dims", "0,1"],
        ["interpolate", "digit.png", 3],
        ["interpolate", 1, 3],
        ["latent-map", "set.npz", "--split", "train", "--cache-dir", "cache"],
        ["morph", "--seed", 1, "--attr", "Own", "--directions", "own.npz"],
    ],
    ids=lambda words: " ".join(map(str, words)),
)
def test_commands_that_need_a_vector_say_so(kvae, command):
    from keras_vae.latent_space.attributes import Attributes

    Attributes(("Own",), np.ones((1, 6), np.float32)).save("own.npz")
    result = kvae(*command)
    assert result.exit_code == 1
    assert str(result.exception).startswith("Model 'levels' must have a vector z. ")


def test_images_are_generated_and_encoded(kvae):
    for command in (["generate", "-n", 2], ["encode", "digit.png", "--out", "z.csv"]):
        result = kvae(*command)
        assert result.exit_code == 0, result.output
