import pytest

from keras_vae.files.atomic import check_free, write_atomically, write_text


def test_a_failed_write_keeps_the_old_file_and_leaves_no_other(tmp_path):
    path = write_text(tmp_path / "new" / "a.txt", "old")

    def fail(draft):
        draft.write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, fail, overwrite=True)
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


def test_an_existing_file_is_overwritten_only_with_overwrite(tmp_path):
    path = write_text(tmp_path / "a.txt", "old")
    with pytest.raises(FileExistsError, match=r"a\.txt exists.*`overwrite=True`"):
        write_text(path, "new")
    assert path.read_text() == "old"
    write_text(path, "new", overwrite=True)
    assert path.read_text() == "new"


def test_a_folder_is_not_a_file(tmp_path):
    with pytest.raises(IsADirectoryError, match="`path` must be a file"):
        check_free(tmp_path, overwrite=True)


def test_a_text_keeps_its_line_ends(tmp_path):
    assert write_text(tmp_path / "a.csv", "a\r\nb\nä").read_bytes() == "a\r\nb\nä".encode()
