import os
import socket

import pytest

from keras_vae.files.regular import content_kind, open_regular


def test_a_regular_file_and_a_link_to_it_are_opened(tmp_path):
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    for name in ("file", "link"):
        with open_regular(tmp_path / name) as stream:
            assert stream.read() == b"content"


def test_other_files_are_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for path, kind in (
        (tmp_path / "fifo", r"a named pipe \(FIFO\)"),
        (tmp_path, "a folder"),
        ("/dev/zero", "a character device"),
    ):
        with pytest.raises(ValueError, match=f"must be a regular file. Received: {kind}"):
            open_regular(path)


def test_missing_files_sockets_and_loops_are_errors_of_the_system(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the paths of sockets are short
    with pytest.raises(FileNotFoundError):
        open_regular("none")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        with pytest.raises(OSError, match="socket"):
            open_regular("socket")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OSError, match="loop"):
        open_regular("loop")


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"", "an empty file"),
        (b"<!DOCTYPE html><html>", "a web page (HTML)"),
        (b"\xef\xbb\xbf\n <HTML lang='en'>", "a web page (HTML)"),
        (b"<?xml version='1.0'?><svg>", "an SVG drawing"),
        (b"version https://git-lfs.github.com/spec/v1", "a Git LFS pointer"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "PostScript (EPS)"),
        (b"PK\x03\x04", "a zip file"),
    ],
)
def test_the_format_of_other_files_is_named(head, kind):
    assert content_kind(head).startswith(kind)


def test_an_unknown_format_has_no_name():
    assert content_kind(b"000001.jpg 1 -1") is None
