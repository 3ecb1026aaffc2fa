import os
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from keras_vae.files import disk
from keras_vae.files.atomic import (
    OutputGroup,
    check_free,
    remove_drafts,
    write_atomically,
    write_folder,
    write_text,
)


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
    with pytest.raises(IsADirectoryError, match="is a folder, not a file"):
        check_free(tmp_path, overwrite=True)


def test_a_text_keeps_its_line_ends(tmp_path):
    assert write_text(tmp_path / "a.csv", "a\r\nb\nä").read_bytes() == "a\r\nb\nä".encode()


def test_of_two_writers_of_one_new_file_one_is_refused(tmp_path):
    path, ready = tmp_path / "a.txt", threading.Barrier(8)

    def write(text):
        def fill(draft):
            draft.write_text(text)
            ready.wait()  # all drafts are complete, and the file was free for all

        try:
            write_atomically(path, fill)
        except FileExistsError:
            return None
        return text

    with ThreadPoolExecutor(8) as pool:
        written = [text for text in pool.map(write, "abcdefgh") if text]
    assert written == [path.read_text()]
    assert list(tmp_path.iterdir()) == [path]


def test_where_links_are_not_supported_too(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    write_text(tmp_path / "a.txt", "old")
    with pytest.raises(FileExistsError):
        write_text(tmp_path / "a.txt", "new")
    with OutputGroup() as group:
        write_text(tmp_path / "a.txt", "new", overwrite=True, group=group)
        write_text(tmp_path / "b.txt", "new", group=group)
    assert (tmp_path / "a.txt").read_text() == "new"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_group_that_fails_restores_what_it_has_overwritten(tmp_path):
    old, new, taken = (tmp_path / name for name in ("old.txt", "new.txt", "taken.txt"))
    old.write_text("precious")
    group = OutputGroup()
    write_text(old, "text", overwrite=True, group=group)
    write_text(new, "text", group=group)
    write_text(taken, "text", group=group)
    taken.write_text("another's")  # meanwhile
    with pytest.raises(FileExistsError, match=r"taken\.txt exists"):
        group.__exit__(None, None, None)
    assert old.read_text() == "precious"
    assert taken.read_text() == "another's"
    assert sorted(tmp_path.iterdir()) == [old, taken]


def test_what_cannot_be_restored_is_kept_and_named_and_the_others_are_restored(
    tmp_path, monkeypatch
):
    first, second, third = (tmp_path / name for name in ("a.txt", "b.txt", "c.txt"))
    for file in (first, second, third):
        file.write_text(f"precious {file.name}")
    replace, calls = disk.replace, []

    def fail(source, target):
        calls.append(target)
        if len(calls) in (3, 4):  # the third is not placed, and the second not restored
            raise OSError(5, "Input/output error")
        replace(source, target)

    monkeypatch.setattr(disk, "replace", fail)
    said = r"^\[Errno 5\] .*c\.txt' \S+b\.txt could not be restored \(Input.* error\): (\S+) holds"
    group = OutputGroup()
    for file in (first, second, third):
        write_text(file, "new", overwrite=True, group=group)
    with pytest.raises(OSError, match=said) as raised:
        group.__exit__(None, None, None)
    kept = Path(re.search(said, str(raised.value))[1])
    assert (first.read_text(), second.read_text()) == ("precious a.txt", "new")
    assert (kept.read_text(), third.read_text()) == ("precious b.txt", "precious c.txt")
    assert sorted(tmp_path.iterdir()) == sorted([first, second, third, kept])


def test_folders_that_were_made_for_nothing_are_removed(tmp_path):
    def fail(draft):
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match=r"No space left on device: '.*a\.txt'"):
        write_atomically(tmp_path / "new" / "folder" / "a.txt", fail)
    assert not list(tmp_path.iterdir())


def test_folders_that_a_group_made_for_nothing_are_removed(tmp_path):
    group = OutputGroup()
    for name in ("new/a.txt", "new/b.txt", "new/folder/c.txt"):
        write_text(tmp_path / name, "text", group=group)
    group.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert not list(tmp_path.iterdir())


def test_an_overwritten_file_keeps_its_permissions(tmp_path):
    path = write_text(tmp_path / "a.txt", "old")
    path.chmod(0o600)
    write_text(path, "new", overwrite=True)
    assert path.stat().st_mode & 0o777 == 0o600


def test_folders_of_two_writers_are_both_kept(tmp_path):
    ready = threading.Barrier(4)

    def write(_):
        def fill(draft):
            draft.mkdir()
            (draft / "a.txt").write_text("text")
            ready.wait()

        return write_folder(lambda: tmp_path / str(len(list(tmp_path.glob("[0-9]*"))) + 1), fill)

    with ThreadPoolExecutor(4) as pool:
        folders = list(pool.map(write, range(4)))
    assert sorted(folder.name for folder in folders) == ["1", "2", "3", "4"]
    assert sorted(tmp_path.iterdir()) == sorted(folders)


def test_a_folder_that_cannot_be_placed_leaves_the_old_one(tmp_path, monkeypatch):
    target = tmp_path / "1"

    def fill(text):
        def write(draft):
            draft.mkdir()
            (draft / "a.txt").write_text(text)

        return write

    write_folder(lambda: target, fill("old"))
    rename, calls = disk.rename_folder, []

    def fail_second(source, folder):
        calls.append(folder)
        if len(calls) == 2:
            raise OSError(5, "Input/output error")
        rename(source, folder)

    monkeypatch.setattr(disk, "rename_folder", fail_second)
    with pytest.raises(OSError, match="Input/output"):
        write_folder(lambda: target, fill("new"), overwrite=True)
    assert (target / "a.txt").read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def filled(draft):
    draft.mkdir()
    (draft / "a.txt").write_text("new")


def test_a_link_to_a_folder_stays_a_link(tmp_path):
    real, link = tmp_path / "elsewhere" / "real", tmp_path / "link"
    real.mkdir(parents=True)
    (real / "old.txt").write_text("old")
    link.symlink_to(real)
    with pytest.raises(FileExistsError, match=r"link exists"):
        write_folder(lambda: link, filled)
    assert write_folder(lambda: link, filled, overwrite=True) == link
    assert link.is_symlink()
    assert [path.name for path in real.iterdir()] == ["a.txt"]
    assert sorted(path.name for path in tmp_path.rglob("*")) == [
        "a.txt", "elsewhere", "link", "real"
    ]  # fmt: skip


def test_a_file_is_not_overwritten_by_a_folder(tmp_path):
    file = write_text(tmp_path / "1", "mine")
    with pytest.raises(NotADirectoryError, match=r"1 must be a folder\. Received: a file\."):
        write_folder(lambda: file, filled, overwrite=True)
    assert file.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [file]


def test_drafts_of_killed_processes_are_removed(tmp_path):
    kept = write_text(tmp_path / "a.txt", "text")
    (tmp_path / ".draft-0123.txt").write_text("half")
    assert [path.name for path in remove_drafts(tmp_path)] == [".draft-0123.txt"]
    assert list(tmp_path.iterdir()) == [kept]


def test_drafts_in_folders_of_a_folder_are_not_removed(tmp_path):
    theirs = write_text(tmp_path / "sub" / ".draft-0123.txt", "half")
    assert remove_drafts(tmp_path) == []
    assert theirs.exists()
