"""The API reference: every public name is in it, and its docstring has what a reader needs."""

import ast
import doctest
import inspect
import re
import textwrap
from importlib import import_module
from pathlib import Path

import pytest

import keras_vae

REFERENCE = Path(__file__).parents[2] / "docs" / "api"
ROOMS = ("datasets", "evaluation", "losses", "models", "plotting", "presets")

# Their examples need a data set, a server, a finished run or a file.
NOT_RUN = {
    "evaluate", "Evaluation", "table", "SampleQuality", "fit_attributes", "connect", "resume",
    "publish", "open_photo",
}  # fmt: skip


def named(name):
    """The object of a qualified name."""
    place, _, last = name.rpartition(".")
    return getattr(import_module(place), last)


def entries():
    """The names that the reference lists."""
    for page in sorted(REFERENCE.glob("*.md")):
        module = ""
        for kind, name in re.findall(r"(?m)^\.\. ([\w:]+):: (\S+)$", page.read_text("utf-8")):
            if kind == "currentmodule":
                module = name
            elif kind in ("autoclass", "autofunction", "py:data"):
                yield name if name.startswith("keras_vae") else f"{module}.{name}"


def public_names():
    """The names of `keras_vae`, and the classes of its public packages."""
    for name in keras_vae.__all__:
        if not name.startswith("__") and not inspect.ismodule(getattr(keras_vae, name)):
            yield f"keras_vae.{name}"
    for room in ROOMS:
        for name, each in vars(import_module(f"keras_vae.{room}")).items():
            own = getattr(each, "__module__", "").startswith("keras_vae")
            if own and not name.startswith("_") and inspect.isclass(each):
                yield f"keras_vae.{room}.{name}"


ENTRIES = list(entries())


@pytest.fixture(scope="module")
def documented():
    """The classes and functions of the reference by name."""
    return {name: each for name in ENTRIES if callable(each := named(name))}


def test_every_public_name_is_in_the_reference():
    listed = [named(name) for name in ENTRIES]
    assert not [name for name in public_names() if not any(named(name) is each for each in listed)]


def section(doc, heading):
    """The names that a section of a Google docstring lists; none without the section."""
    found = re.search(rf"(?m)^{heading}:\n((?:[ \t]+.*\n|\n)+)", doc + "\n")
    return (
        set(re.findall(r"(?m)^(\w+)(?: \(.*\))?:", textwrap.dedent(found[1]))) if found else set()
    )


def parameters(each):
    """The parameters of a callable, without `**kwargs`."""
    if getattr(each, "_is_protocol", False):
        return set()
    kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    found = inspect.signature(each).parameters.values()
    return {each.name for each in found if each.kind not in kinds}


def errors(each):
    """The names of the errors that a function, or the making of an object, raises by itself."""
    if getattr(each, "_is_protocol", False):
        return
    names = ("__init__", "__post_init__")
    functions = [vars(each).get(name) for name in names] if inspect.isclass(each) else [each]
    for function in functions:
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
        except (OSError, TypeError):  # a data class has an `__init__` without source
            continue
        raised = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise)]
        names = {getattr(error.func, "id", "_") for error in raised if isinstance(error, ast.Call)}
        yield from (name for name in names if not name.startswith("_"))


class TestDocstrings:
    def test_begin_with_a_sentence(self, documented):
        first = {name: inspect.getdoc(each).splitlines()[0] for name, each in documented.items()}
        assert not [name for name, line in first.items() if not line.endswith((".", ":"))]

    def test_list_every_argument(self, documented):
        missing = {}
        for name, each in documented.items():
            doc = inspect.getdoc(each)
            found = parameters(each) - section(doc, "Args") - section(doc, "Attributes")
            missing |= {name: found} if found else {}
        assert not missing

    def test_list_the_errors(self, documented):
        missing = {}
        for name, each in documented.items():
            found = set(errors(each)) - section(inspect.getdoc(each), "Raises")
            missing |= {name: found} if found else {}
        assert not missing

    def test_have_an_example(self, documented):
        docs = {name: inspect.getdoc(each) for name, each in documented.items()}
        assert not [name for name, doc in docs.items() if "\nExample:\n" not in doc]


@pytest.fixture(scope="module")
def names(astronaut):
    """What examples use without importing it: see `docs/api/index.md`."""
    import keras
    import numpy as np
    import tensorflow as tf

    keras.utils.set_random_seed(0)
    images = np.random.default_rng(0).integers(0, 256, (16, 28, 28, 1), np.uint8)
    vae = keras_vae.VAE.from_preset(keras_vae.get_preset("mnist").override(latent_dim=2), seed=0)
    networks = {"encoder": vae.encoder, "decoder": vae.decoder, "vae": vae}
    found = {"keras_vae": keras_vae, "keras": keras, "np": np, "tf": tf}
    found |= {name: getattr(keras_vae, name) for name in keras_vae.__all__}
    return {**found, **networks, "images": images, "photo": astronaut}


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in ENTRIES if n.rpartition(".")[2] not in NOT_RUN])
def test_example_runs(name, names, tmp_path, monkeypatch):
    each = named(name)
    if not callable(each):
        return
    monkeypatch.chdir(tmp_path)
    module = inspect.getmodule(each)
    rooms = vars(keras_vae.presets) if module.__name__.startswith("keras_vae.presets") else {}
    scope = {**names, **rooms, **vars(module)}
    examples = doctest.DocTestFinder(recurse=False).find(each, name, globs=scope)
    assert examples
    runner, report = doctest.DocTestRunner(), []
    for example in examples:
        runner.run(example, out=report.append)
    assert not runner.failures, "".join(report)
