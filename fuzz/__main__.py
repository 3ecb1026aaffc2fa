"""Fuzz all targets, a few at a time: `python -m fuzz --help`."""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import TARGETS
from .corpus import corpus as known

LIMITS = ("-timeout=60", "-rss_limit_mb=3072", "-max_len=65536", "-print_final_stats=1")


def main() -> int:
    """Fuzz; return 1 if there is a finding."""
    parser = argparse.ArgumentParser("python -m fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", help=f"Of: {', '.join(TARGETS)}. All by default.")
    parser.add_argument("--seconds", type=int, default=60, help="Of each target (60).")
    parser.add_argument(
        "--runs", type=int, help="The first RUNS inputs of each target, from its seeds alone."
    )
    parser.add_argument("--jobs", type=int, default=2, help="Targets at a time (2).")
    folder = Path("build", "fuzz")
    parser.add_argument("--corpus", type=Path, default=folder, help=f"Folder ({folder}).")
    chosen = parser.parse_args()
    targets = chosen.targets or TARGETS
    if unknown := [name for name in targets if name not in TARGETS]:
        parser.error(f"No target is called {unknown[0]!r}. Choose from: {', '.join(TARGETS)}.")
    options = [f"-max_total_time={chosen.seconds}"]
    if chosen.runs is not None:
        options += ["-seed=1", f"-runs={chosen.runs}"]
    with tempfile.TemporaryDirectory() as fresh, ThreadPoolExecutor(chosen.jobs) as pool:
        # What other runs have kept would make other inputs.
        corpora = chosen.corpus if chosen.runs is None else Path(fresh)
        findings = chosen.corpus / "findings"
        for name in targets:  # here: threads that import at a time may wait for each other
            write_known(name, corpora / name)
        findings.mkdir(parents=True, exist_ok=True)
        return max(pool.map(lambda name: fuzz(name, corpora / name, findings, options), targets))


def write_known(name: str, corpus: Path) -> None:
    """Write the inputs of a target that are known to its corpus."""
    corpus.mkdir(parents=True, exist_ok=True)
    for content in known(name):
        (corpus / hashlib.sha256(content).hexdigest()[:16]).write_bytes(content)


def fuzz(name: str, corpus: Path, findings: Path, options: Sequence[str]) -> int:
    """Fuzz one target and print a line; after a finding also its traceback and its input's path.

    Args:
        name: The target.
        corpus: Folder of the inputs that are kept.
        findings: Folder of those that fail.
        options: libFuzzer's, of how long.
    """
    command = [sys.executable, "-m", "fuzz.harness", name, str(corpus), *LIMITS]
    command += [*options, f"-artifact_prefix={findings / name}-"]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}  # sets in the same order each time
    process = subprocess.run(
        command, stderr=subprocess.STDOUT, stdout=subprocess.PIPE, env=environment
    )
    output = process.stdout.decode(errors="replace")
    if process.returncode:
        output, _, found = output.rpartition("=== Uncaught Python exception: ===")
        print(f"{name}: A FINDING\n{found or output[-4000:]}", flush=True)
        return 1
    last = re.findall(r"#(\d+)\s+\w+\s+cov: (\d+) ft: (\d+) corp: (\d+)", output)[-1]
    print(f"{name}: {last[0]} inputs, {last[1]} branches, {last[3]} kept", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
