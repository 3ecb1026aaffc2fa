"""A progress bar on stderr."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

from keras_vae.files.progress import Progress


@contextmanager
def progress_bar(description: str, unit: str = "image") -> Iterator[Progress]:
    """Yield a callback (done, total) that draws a bar, from its first call until all is done."""
    bar: tqdm | None = None

    def report(done: int, total: int) -> None:
        nonlocal bar
        if bar is None:
            bar = tqdm(desc=description, total=total, unit=f" {unit}s", leave=False, disable=None)
        bar.update(done - bar.n)
        if done == total:
            bar.close()
            bar = None

    try:
        yield report
    finally:
        if bar is not None:
            bar.close()
