from pathlib import Path

import pytest

from keras_vae.cli.training import RunOptions


def options(name):
    return RunOptions(None, name, None, Path("saved_models"), 10, None, False, False)


def test_a_model_has_the_runs_name_unless_it_has_its_own(empty_folder):
    assert options("faces").model_directory(Path("runs/a")) == Path("saved_models/faces")
    assert options(None).model_directory(Path("runs/a")) == Path("saved_models/a")
    Path("latest").symlink_to("runs/a")
    assert options(None).model_directory(Path("latest")) == Path("saved_models/latest")
    assert options(None).model_directory(Path()) == Path("saved_models", empty_folder.name)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b"])
def test_a_models_name_is_not_a_path(name):
    with pytest.raises(ValueError, match="`name` of a model must be"):
        options(name).model_directory(Path("runs/a"))
