"""The Python blocks of the guides run as they stand, from the first to the last of a page."""

import re
from pathlib import Path

import numpy as np
import pytest

GUIDES = Path(__file__).parents[2] / "docs"
# The evaluation and the first model need MNIST.
PAGES = ("your-own-networks", "attribute-arithmetic", "visualization", "priors-and-posteriors")


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_python_of_a_guide_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("PIL.Image.Image.show", lambda picture: None)
    text = (GUIDES / f"{page}.md").read_text("utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert blocks
    digits = np.random.default_rng(0).integers(0, 256, (64, 28, 28, 1), np.uint8)
    scope = {"images": digits}
    for block in blocks:
        exec(compile(block, f"{page}.md", "exec"), scope)
