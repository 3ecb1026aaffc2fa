"""Pages and notebooks: what `make docs` does not check."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/**/*.md"),
    *ROOT.glob("examples/*.md"),
    *ROOT.glob("benchmarks/*.md"),
    *ROOT.glob("saved_models/*/README.md"),
]
NOTEBOOKS = sorted(ROOT.glob("docs/notebooks/*.ipynb"))


def relative(path):
    return str(path.relative_to(ROOT))


def links(text):
    """The relative links and images of Markdown, without what follows a `#`."""
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)\s#]+)[^)]*\)", text)
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_links_lead_to_files(page):
    missing = [link for link in links(page.read_text("utf-8")) if not (page.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=relative)
class TestNotebook:
    def test_has_no_outputs(self, notebook):
        cells = json.loads(notebook.read_text("utf-8"))["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        assert code
        assert not any(cell["outputs"] or cell["execution_count"] for cell in code)

    def test_links_lead_to_files(self, notebook):
        cells = json.loads(notebook.read_text("utf-8"))["cells"]
        text = "\n".join("".join(cell["source"]) for cell in cells)
        assert not [link for link in links(text) if not (notebook.parent / link).exists()]

    def test_runs_with_the_kernel_of_the_environment(self, notebook):
        kernel = json.loads(notebook.read_text("utf-8"))["metadata"]["kernelspec"]
        assert kernel["name"] == "python3"


def test_there_are_notebooks():
    assert len(NOTEBOOKS) >= 4


def test_the_map_of_the_readme_fits_on_a_screen():
    text = (ROOT / "README.md").read_text("utf-8")
    section = text.partition("## Where things are\n")[2].partition("\n## ")[0]
    assert len(section.splitlines()) <= 40
    assert "make docs" in section
