"""The documentation site: `make docs` builds it (decision 21).

The source folder is the checkout, so that a page is at the same place as its file, and a relative
link is right on GitHub and in the site.
"""

import os
import sys
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util.inspect import signature, stringify_signature

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ["PYTHONPATH"] = str(ROOT)  # of the notebooks' kernels
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras_vae

project = "kvae"
author = "the authors of kvae"
copyright = f"{author}, Apache License 2.0"
version = release = keras_vae.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
]

# Pages: `*` does not match a slash.
root_doc = "docs/index"
include_patterns = [
    "*.md",
    "docs/**.md",
    "docs/notebooks/*.ipynb",
    "saved_models/*/README.md",
    "benchmarks/README.md",
    "examples/README.md",
]
exclude_patterns = [".*", "build", "demo", "dist", "runs", "docs/reproduction"]

# Markdown: links to headings as on GitHub.
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

# Notebooks are stored without outputs, so the build executes them.
nb_execution_mode = "force"  # `make check` sets "off": pytest executes them
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True

# Docstrings: `name` is a link where it is one of the reference, otherwise code.
default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_numpy_docstring = False
napoleon_use_ivar = True
python_use_unqualified_type_names = True
maximum_signature_line_length = 80

html_theme = "furo"
html_title = "kvae"
html_short_title = "kvae"
html_theme_options = {"top_of_page_buttons": []}
html_copy_source = False
html_show_sphinx = False
templates_path = ["templates"]
html_additional_pages = {"index": "home.html"}  # the site's address leads to docs/index


def signature_of(app: Sphinx, what: str, name: str, obj: Any, *_: Any) -> tuple[str, None] | None:
    """The signature of `__init__`, which Keras hides behind a `__new__` of its own."""
    if what != "class" or "__init__" not in vars(obj) or not hasattr(obj, "get_config"):
        return None
    shown = {"show_return_annotation": False, "unqualified_typehints": True}
    return stringify_signature(signature(obj.__init__, bound_method=True), **shown), None


def without_types(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list) -> None:
    """Keep napoleon from reading text before a colon as a type: types are in signatures."""
    if what in ("property", "attribute") and lines:
        lines[0] = f": {lines[0]}"
    for i, line in enumerate(lines[:-1]):
        if line.strip() == "Returns:":
            text = lines[i + 1]
            lines[i + 1] = f"{text[: len(text) - len(text.lstrip())]}: {text.lstrip()}"


def setup(app: Sphinx) -> None:
    """Connect the functions above; the second comes before napoleon's."""
    app.connect("autodoc-process-signature", signature_of)
    app.connect("autodoc-process-docstring", without_types, priority=400)
