import os
import struct
import zipfile

import pytest

from keras_vae.files import limits
from keras_vae.files.archives import Archive
from keras_vae.files.limits import check_count, check_unpacked


def write(path, members, **options):
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def patched(path, *, flag=None, method=None):
    """Change the flags or the method that a zip states for its members."""
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        start = content.find(signature)
        while start >= 0:
            if flag is not None:
                struct.pack_into("<H", content, start + offset, flag)
            if method is not None:
                struct.pack_into("<H", content, start + offset + 2, method)
            start = content.find(signature, start + 4)
    path.write_bytes(content)
    return path


def test_members_are_named_with_forward_slashes_and_others_are_left_out(tmp_path):
    link = zipfile.ZipInfo("b/link.jpg")
    link.external_attr = 0o120777 << 16
    members = {"a\\x.jpg": b"1", "./b/y.jpg": b"2", "c/": b"", "__MACOSX/._x.jpg": b"3"}
    archive = Archive(write(tmp_path / "a.zip", {**members, "b/.z.jpg": b"4", link: b"x"}))
    assert list(archive.members) == ["a/x.jpg", "b/y.jpg"]
    assert archive.left_out == {"hidden": ["__MACOSX/._x.jpg", "b/.z.jpg"], "link": ["b/link.jpg"]}
    assert archive.read("a/x.jpg") == b"1"
    assert list(archive.read_each(["b/y.jpg", "a/x.jpg"])) == [b"2", b"1"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"flag": 1}, r"x\.jpg is encrypted\. Unpack it with its password, and give the folder"),
        ({"method": 9}, r"x\.jpg is packed with Deflate64\. Unpack it, for example with 7-Zip"),
        ({"method": 77}, r"x\.jpg is packed with method 77"),
    ],
)
def test_what_python_cannot_unpack_is_refused_with_the_cure(change, message, tmp_path):
    path = patched(write(tmp_path / "a.zip", {"x.jpg": b"1"}), **change)
    with pytest.raises(ValueError, match=rf"a\.zip cannot be unpacked: {message}"):
        Archive(path).read("x.jpg")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<!DOCTYPE html><title>Quota exceeded", r"it is a web page \(HTML\).*download the file"),
        (b"", "it is an empty file"),
        (b"7z\xbc\xaf", "it is a 7z archive"),
        (b"hello", "File is not a zip file"),
    ],
)
def test_other_files_are_called_what_they_are(content, reason, tmp_path):
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(ValueError, match=rf"a\.zip is not a zip file that can be read: {reason}"):
        Archive(tmp_path / "a.zip")


def test_a_damaged_member_is_its_error_and_the_others_go_on(tmp_path):
    path = write(tmp_path / "a.zip", {"x": b"first" * 9, "y": b"second"})
    content = path.read_bytes()
    path.write_bytes(content.replace(b"firstfirst", b"firstFIRST", 1))
    damaged, whole = Archive(path).read_each(["x", "y"])
    assert isinstance(damaged, ValueError)
    assert str(damaged).startswith(f"x in {path} is damaged: Bad CRC-32")
    assert whole == b"second"


def test_the_size_of_a_member_is_checked_before_it_is_unpacked(tmp_path, monkeypatch):
    path = write(tmp_path / "a.zip", {"x": bytes(10_000)}, compression=zipfile.ZIP_DEFLATED)
    monkeypatch.setattr(limits, "MAX_BYTES", 9_999)
    with pytest.raises(ValueError, match=r"x in .*a\.zip expands from \d+ to 10,000 bytes"):
        Archive(path).read("x")


def test_members_are_no_bomb_together(tmp_path, monkeypatch):
    members = {f"{number}.jpg": bytes(10_000) for number in range(200)}
    path = write(tmp_path / "a.zip", members, compression=zipfile.ZIP_DEFLATED)
    archive = Archive(path)
    archive.check_readable(list(members))
    monkeypatch.setattr(limits, "MAX_BYTES", 100_000)
    monkeypatch.setattr(limits, "MAX_EXPANSION", 10)
    with pytest.raises(ValueError, match=r"a\.zip expands from [\d,]+ to 2,000,000 bytes"):
        archive.check_readable(list(members))


def test_streamed_data_may_be_large_but_not_a_bomb(monkeypatch):
    monkeypatch.setattr(limits, "MAX_BYTES", 1_000)
    check_unpacked("x", 200_000, 1_000, in_memory=False)
    with pytest.raises(ValueError, match=r"x expands from 1,000 to 260,000 bytes.*250 times"):
        check_unpacked("x", 260_000, 1_000, in_memory=False)
    with pytest.raises(ValueError, match="x expands from 1,000 to 2,000 bytes"):
        check_unpacked("x", 2_000, 1_000)


@pytest.mark.parametrize(("in_memory", "free"), [(True, 2**26), (False, 2**30)])
def test_a_small_file_expands_to_64_mib_at_most_or_1_gib_where_it_is_streamed(in_memory, free):
    check_unpacked("x", free, 1_000, in_memory=in_memory)
    check_unpacked("x", 2**28, 2**22, in_memory=in_memory)
    with pytest.raises(ValueError, match=rf"x expands .* is {free:,} bytes, or 250 times the pa"):
        check_unpacked("x", free + 1, 1_000, in_memory=in_memory)


def test_a_file_holds_262_144_things_or_one_for_each_byte():
    check_count("x", "lines", 2**18, 1_000)
    check_count("x", "lines", 10**6, 10**6)
    reason = (
        r"x must hold at most 262,144 lines, or 1 for .* 999,999 bytes\. Received: 1,000,000\. Un"
    )
    with pytest.raises(ValueError, match=reason):
        check_count("x", "lines", 10**6, 999_999)


def test_only_regular_files_are_opened(tmp_path):
    os.mkfifo(tmp_path / "a.zip")
    with pytest.raises(ValueError, match="a named pipe"):
        Archive(tmp_path / "a.zip")


def test_a_name_that_is_no_utf8_is_one_line_with_the_archives_name(tmp_path):
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ä.jpg", b"")
    path.write_bytes(path.read_bytes().replace("ä".encode(), b"\xff\xff"))
    with pytest.raises(ValueError, match=r"^.*set\.zip is not a zip file that can be read: .*$"):
        Archive(path)


def test_names_with_line_breaks_are_one_line_in_errors(tmp_path):
    path = write(tmp_path / "a.zip", {"x\n\x0by": b"first" * 9})
    path.write_bytes(path.read_bytes().replace(b"firstfirst", b"firstFIRST", 1))
    (damaged,) = Archive(path).read_each(["x\n\x0by"])
    assert str(damaged).startswith(f"x\ufffd\ufffdy in {path} is damaged: Bad CRC-32")
    with pytest.raises(ValueError, match="cannot be unpacked: x\ufffd\ufffdy is encrypted"):
        Archive(patched(path, flag=1)).check_readable(["x\n\x0by"])


def test_an_archives_name_is_printed_without_control_characters(tmp_path):
    path = write(tmp_path / "a\nb.zip", {"x": b"1"})
    with pytest.raises(ValueError, match=r"^.*a\ufffdb\.zip cannot be unpacked: x is encrypted"):
        Archive(patched(path, flag=1)).check_readable(["x"])
    path.write_bytes(b"no archive")
    with pytest.raises(ValueError, match=r"^.*a\ufffdb\.zip is not a zip file"):
        Archive(path)


def test_a_path_that_no_file_system_has_is_left_out(tmp_path):
    members = dict.fromkeys(("a" * 4092 + ".jpg", "a" * 4093 + ".jpg", "b" * 60_000), b"1")
    archive = Archive(write(tmp_path / "a.zip", members))
    assert [len(name) for name in archive.members] == [4096]
    (names,) = archive.left_out.values()
    assert list(map(len, names)) == [4097, 60_000]


def test_the_second_member_of_a_name_is_left_out(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x.jpg", b"first")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("x.jpg", b"second")
    archive = Archive(tmp_path / "a.zip")
    assert archive.left_out == {"second of its name": ["x.jpg"]}
    assert archive.read("x.jpg") == b"first"
