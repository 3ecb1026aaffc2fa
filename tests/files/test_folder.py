import errno

import pytest

from keras_vae.files import disk
from keras_vae.files.folder import check_empty, filled_folder


def fill(folder, **options):
    with filled_folder(folder, **options) as draft:
        (draft / "deep").mkdir()
        (draft / "deep" / "b.txt").write_text("new")
        (draft / "a.txt").write_text("new")


def names(folder):
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*"))


def test_files_appear_at_the_end(tmp_path):
    fill(tmp_path / "new" / "out")
    assert names(tmp_path) == [
        "new",
        "new/out",
        "new/out/a.txt",
        "new/out/deep",
        "new/out/deep/b.txt",
    ]


def test_after_an_error_nothing_is_left(tmp_path):
    def half(folder):
        with filled_folder(folder, overwrite=True) as draft:
            (draft / "a.txt").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half(tmp_path / "new" / "out")
    assert names(tmp_path) == []
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(KeyboardInterrupt):
        half(tmp_path)
    assert names(tmp_path) == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_a_folder_with_files_is_filled_only_with_overwrite(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    (tmp_path / "other.txt").write_text("old")
    with pytest.raises(FileExistsError, match=r"holds files\. Use `overwrite=True`"):
        fill(tmp_path)
    fill(tmp_path, overwrite=True)
    assert names(tmp_path) == ["a.txt", "deep", "deep/b.txt", "other.txt"]
    assert (tmp_path / "a.txt").read_text() == "new"
    assert (tmp_path / "other.txt").read_text() == "old"


def test_a_file_is_not_a_folder_and_hidden_files_do_not_count(tmp_path):
    (tmp_path / ".DS_Store").touch()
    check_empty(tmp_path)
    check_empty(tmp_path / "missing")
    with pytest.raises(NotADirectoryError, match="must be a folder, not a file"):
        check_empty(tmp_path / ".DS_Store")


def test_if_one_file_cannot_be_placed_none_is(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    (tmp_path / "deep" / "b.txt").mkdir(parents=True)
    with pytest.raises(IsADirectoryError, match=r"deep/b\.txt is a folder, not a file"):
        fill(tmp_path, overwrite=True)
    assert names(tmp_path) == ["a.txt", "deep", "deep/b.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_if_one_file_cannot_be_renamed_the_others_are_as_before(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("old")

    def replace(source, target, really=disk.replace):
        if target.name == "b.txt":
            raise OSError(errno.ENOSPC, "")
        really(source, target)

    monkeypatch.setattr(disk, "replace", replace)
    with pytest.raises(OSError, match=r"No space left on device: .*deep/b\.txt"):
        fill(tmp_path, overwrite=True)
    assert names(tmp_path) == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_a_link_stays_a_link(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    (tmp_path / "kept.txt").write_text("old")
    (folder / "a.txt").symlink_to("../kept.txt")
    fill(folder, overwrite=True)
    assert (folder / "a.txt").is_symlink()
    assert (tmp_path / "kept.txt").read_text() == "new"
