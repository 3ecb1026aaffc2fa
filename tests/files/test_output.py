import os
import subprocess
import sys
import threading

import pytest

from keras_vae.files.atomic import write_text
from keras_vae.files.output import Output

TEXT = "numbers\n" * 50_000  # more than a pipe holds


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    target, link = tmp_path / "elsewhere" / "a.txt", tmp_path / "link.txt"
    target.write_text("old")
    link.symlink_to(target)
    with pytest.raises(FileExistsError, match=r"link\.txt exists"):
        write_text(link, "new")
    write_text(link, "new", overwrite=True)
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert [path.name for path in target.parent.iterdir()] == ["a.txt"]


def test_a_link_to_nothing_makes_what_it_points_to(tmp_path):
    link = tmp_path / "link.txt"
    link.symlink_to(tmp_path / "new.txt")
    write_text(link, "text")
    assert link.is_symlink()
    assert (tmp_path / "new.txt").read_text() == "text"


def test_links_in_a_circle_are_named(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.symlink_to(two)
    two.symlink_to(one)
    with pytest.raises(OSError, match=r"Too many levels of symbolic links: .*one"):
        write_text(one, "text")


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_fifo_receives_the_bytes_and_stays(tmp_path, overwrite):
    fifo, received = tmp_path / "fifo", []
    os.mkfifo(fifo)
    reader = threading.Thread(target=lambda: received.append(fifo.read_text()))
    reader.start()
    write_text(fifo, TEXT, overwrite=overwrite)
    reader.join()
    assert received == [TEXT]
    assert list(tmp_path.iterdir()) == [fifo]
    assert fifo.is_fifo()


SCRIPT = "import sys; from keras_vae.files.atomic import write_text; write_text(*sys.argv[1:])"


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_standard_output_that_a_shell_redirects_to_a_file_is_not_truncated(tmp_path, name):
    out = tmp_path / "out.txt"
    out.write_text("before\n")
    with out.open("a") as file:
        subprocess.run([sys.executable, "-c", SCRIPT, name, "text\n"], stdout=file, check=True)
    assert out.read_text() == "before\ntext\n"


def test_process_substitution(tmp_path):
    command = f"{sys.executable} -c '{SCRIPT}' >(cat > {tmp_path}/out.txt) text; wait $!"
    subprocess.run(["bash", "-c", command], check=True)
    assert (tmp_path / "out.txt").read_text() == "text"


def test_what_cannot_be_written_is_refused_before_any_work(tmp_path):
    (tmp_path / "file").write_text("text")
    for name, error in {
        "x" * 300: "File name too long",
        "file/a.txt": "Not a directory",
        ".": "is a folder, not a file",
    }.items():
        with pytest.raises(OSError, match=error):
            Output(tmp_path / name).check()


def test_one_place_has_one_key(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert Output(tmp_path / "link").key == Output(tmp_path / "b" / ".." / "a").key
    assert Output("-").key == Output("/dev/stdout").key
    assert Output("/dev/null").key != Output("/dev/null").key  # it takes any number
