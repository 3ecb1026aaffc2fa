import pytest

from keras_vae.files.disk import make_folders, remove_folders


def test_new_folders_are_named_the_innermost_first_and_removed(tmp_path):
    made = make_folders(tmp_path / "a" / "b")
    assert made == [tmp_path / "a" / "b", tmp_path / "a"]
    remove_folders(made)
    assert not list(tmp_path.iterdir())


def test_folders_that_cannot_all_be_made_leave_none(tmp_path):
    with pytest.raises(OSError, match="too long"):
        make_folders(tmp_path / "new" / "inner" / ("a" * 256))
    assert not list(tmp_path.iterdir())


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        make_folders(tmp_path / "file")
