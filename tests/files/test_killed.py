"""A process that the system kills at each of its calls that write: strace counts and kills."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
]

OLD, NEW = "old\n" * 5_000, "new\n" * 5_000
SCRIPT = f"""
from keras_vae.files.atomic import OutputGroup, write_text
with OutputGroup() as group:
    write_text("old.txt", {NEW!r}, overwrite=True, group=group)
    write_text("folder/new.txt", {NEW!r}, group=group)
"""


@pytest.mark.parametrize("call", ["write", "fsync", "link", "rename", "unlink", "mkdir"])
def test_a_group_that_is_killed_at_a_call_leaves_whole_files(tmp_path, call):
    survived, number = False, 0
    while not survived:
        number += 1
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "old.txt").write_text(OLD)
        kill = ["-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={number}"]
        command = ["strace", "-f", "-o", "/dev/null", *kill, sys.executable, "-c", SCRIPT]
        done = subprocess.run(command, cwd=folder, env={"PYTHONPATH": str(ROOT)}, check=False)
        survived = done.returncode == 0
        assert (folder / "old.txt").read_text() in (OLD, NEW)
        new = folder / "folder" / "new.txt"
        assert not new.exists() or new.read_text() == NEW
    assert number > 1
