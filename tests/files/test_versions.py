import pytest

from keras_vae.files.versions import check_replaceable, model_name, versions_of
from tests.fake_models import fake_model


@pytest.mark.parametrize("name", ["faces", "my.faces-2", "my photos", "Gesichter_ä"])
def test_the_name_of_one_folder_is_a_models(name):
    assert model_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", ".hidden", "a/b", "/a", "a\\b", "a:1", " a", "a\n", "a\x1b[31m", "\udcff"],
)
def test_what_is_no_name_of_one_folder_is_refused(name):
    with pytest.raises(ValueError, match=r"^`name` of a model must be .* Received: .*\.$"):
        model_name(name)


def test_versions_are_numbered_folders_with_a_saved_model(tmp_path):
    folder = fake_model(tmp_path, "faces", 2, 10)
    (folder / "3").mkdir()
    assert list(versions_of(folder)) == [2, 10]
    assert versions_of(tmp_path / "missing") == {}


@pytest.mark.parametrize("other", ["photo.jpg", "celeba", "3", ".git"])
def test_a_folder_of_others_is_not_replaced(tmp_path, other):
    folder = fake_model(tmp_path, "faces", 1)
    for own in ("README.md", "hub.json", ".draft-1"):
        (folder / own).touch()
    check_replaceable(folder)
    (folder / other).mkdir()
    with pytest.raises(FileExistsError, match=rf"faces/{other} is no version"):
        check_replaceable(folder)
