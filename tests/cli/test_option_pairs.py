"""Every command with two of its options, of any values: status 0, 1 or 2, one line, nothing left.

What trains, or runs TensorFlow, is left out: it fails where it would begin.
"""

import os
import shutil
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import strategies as st
from PIL import Image

from cli.main import kvae
from cli.types import Parsed
from tests.searching import profiles, search

SHIPPED = Path(__file__).parents[2] / "saved_models"
MODELS = ("celeba", "mnist", "vdsr")
NETWORK = {"models pull", "models push"}  # these would connect to the hub

FILES = ("photo.jpg", "digits.npz", "list.txt", "photos", "missing.png", "new/file", ".", "-")
OUTPUTS = ("out.png", "new/out.csv", "out.json", "out.gif", "photo.jpg", "photos", "-", "out.txt")

# Parameter → texts; those of other types follow from their type.
TEXTS = {
    "cache_dir": ("cache", "photo.jpg"),
    "dataset": ("digits.npz", "photos", "list.txt", "missing", "nothing.zip"),
    "data": ("digits.npz", "photos", "photo.jpg", "missing"),
    "photos": ("photo.jpg", "photos", "list.txt", "missing.png", "3"),
    "models": ("mnist", "celeba"),
    "model": (*MODELS, "nothing", "photos", "hf:/x", ""),
    "names": ("mnist", "celeba", "nothing"),
    "name": ("mnist", "celeba64", "digits", "a/b", "..", ""),
    "server": ("http://127.0.0.1:9", "grpc://127.0.0.1:9", "ftp://x", "nothing"),
    "timeout": ("0.01", "0", "nan", "inf"),
    "by": ("Smiling", "label", "Attractive,Male", ""),
    "lite": ("mnist", "nothing"),
    "csv": OUTPUTS,
    "gif": OUTPUTS,
    "json": OUTPUTS,
    "out": OUTPUTS,
    "page": OUTPUTS,
}
PARSED = {
    "SIZE": ("8", "8x6", "0", "x"),
    "N,N,…": ("4", "8,4", "0", ""),
    "NAME": ("digits", "mnist", "gaussian", "relu", "Smiling", "Nothing", "classifier", ""),
    "NAME,NAME,…": ("Smiling", "Male,Young", "a:1,b:2", ""),
    "auto|K,K,…": ("auto", "0", "0,1", "1,1", "-1", "999"),
    "N:N[:STEP]|N,N,…": ("-1:1", "0,2", "1:0", "0:1:0", "nan", "1e308,-1e308"),
    "NAME[=SCALE]": ("Smiling", "Male=-0.5", "Nothing", "=1", "Smiling=nan", "Smiling=1e300"),
    "NAME=N:N[:STEP]": ("Smiling=-1:1", "Male=0:2:2", "Nothing=0:1", "Smiling"),
}
NUMBERS = ("0", "1", "2", "3", "20", "-1", "0.5", "1e-3", "1e30", "nan", "inf", "x")

ALLOWED = (ValueError, OSError, RuntimeError, ImportError)


def leaves(command, words=()):
    """Yield the commands that are no groups."""
    if not isinstance(command, click.Group):
        yield words, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        yield from leaves(command.get_command(context, name), (*words, name))


COMMANDS = {" ".join(words): command for words, command in leaves(kvae)}
# The experiments' commands differ in their name alone.
EXPERIMENTS = [name for name in COMMANDS if name.startswith("experiment ")][3:]


def texts(parameter):
    """A strategy of one value of a parameter."""
    kind = parameter.type
    if parameter.name in TEXTS:
        return st.sampled_from(TEXTS[parameter.name])
    if isinstance(kind, click.Choice):
        return st.sampled_from([*map(str, kind.choices), "other"])
    if isinstance(kind, Parsed):
        return st.sampled_from(PARSED.get(kind.name, NUMBERS))
    if isinstance(kind, click.Path):
        return st.sampled_from(FILES)
    return st.sampled_from(NUMBERS)


def words_of(parameter):
    """A strategy of the words that give a parameter a value."""
    if isinstance(parameter, click.Argument):
        return st.lists(texts(parameter), min_size=1, max_size=1 if parameter.nargs == 1 else 3)
    if getattr(parameter, "is_flag", False):
        return st.sampled_from([[name] for name in (*parameter.opts, *parameter.secondary_opts)])
    values = st.lists(texts(parameter), min_size=parameter.nargs, max_size=parameter.nargs)
    return values.map(lambda words: [parameter.opts[-1], *words])


def calls(command):
    """A strategy of calls: the arguments, the required options, and two others."""
    needed = [each for each in command.params if each.required]
    free = [each for each in command.params if not each.required]
    arguments = [each for each in free if isinstance(each, click.Argument)]
    options = [each for each in free if isinstance(each, click.Option)]
    two = st.lists(st.sampled_from(options), max_size=2, unique=True) if options else st.just([])
    extra = st.lists(st.sampled_from(arguments), max_size=1) if arguments else st.just([])
    return st.tuples(two, extra).flatmap(
        lambda chosen: st.tuples(*map(words_of, [*chosen[0], *needed, *chosen[1]]))
    )


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A folder with a file of each kind, and one with copies of models."""
    folder, models = (tmp_path_factory.mktemp(name) for name in ("template", "models"))
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (24, 28, 28, 1)).astype(np.uint8)
    labels = np.arange(24) % 3
    np.savez(folder / "digits.npz", images=pixels, labels=labels)
    (folder / "photos").mkdir()
    for path in (folder / "photo.jpg", folder / "photos" / "a.png", folder / "photos" / "b.jpg"):
        Image.fromarray(rng.integers(0, 256, (40, 36, 3)).astype(np.uint8)).save(path)
    (folder / "list.txt").write_text("Smiling\na.png 1\nb.jpg 0\n")
    for name in MODELS:
        shutil.copytree(SHIPPED / name, models / name)
    return folder, models


@pytest.fixture
def stubbed(monkeypatch, template):
    """Models from copies; what would train or run TensorFlow raises an error."""
    from keras_vae.experiments.experiment import Experiment
    from keras_vae.files import exported
    from keras_vae.inference.exported import ExportedModel
    from keras_vae.super_resolution import training
    from keras_vae.training import distribution, trainer

    def refuse(*_, **__):
        raise ValueError("This is left out in the test.")

    monkeypatch.setenv("KVAE_MODELS", str(template[1]))
    monkeypatch.setattr(exported, "find_spec", lambda _: None)
    monkeypatch.setattr(ExportedModel, "_model", property(refuse))
    for module in (training, trainer):
        monkeypatch.setattr(module, "train", refuse)
        monkeypatch.setattr(module, "resume", refuse)
    monkeypatch.setattr(Experiment, "run", refuse)
    monkeypatch.setattr(distribution, "make_strategy", refuse)
    monkeypatch.setattr("subprocess.run", refuse)
    monkeypatch.setattr("os._exit", refuse)


def contents(folder):
    """Every file's bytes, by path, but for the cache, whose prepared sets stay."""
    return {
        path: path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
        if "cache" not in path.relative_to(folder).parts
    }


def judge(words, folder):
    """Call the command in a folder."""
    before = contents(folder)
    result = CliRunner().invoke(kvae, words, env={"TF_CONFIG": None})
    os.environ.pop("TF_CONFIG", None)
    after, error = contents(folder), result.exception
    assert result.exit_code in (0, 1, 2), result.output
    if error is not None and not isinstance(error, SystemExit):
        assert isinstance(error, ALLOWED), f"{words}: {error!r}"
        assert len(str(error).splitlines()) == 1, f"{words}: {error!r}"
    assert "Traceback" not in result.output
    if result.exit_code:
        assert after == before, f"{words}: {after.keys() ^ before.keys()}"
    elif "--overwrite" not in words:
        assert {path: after.get(path) for path in before} == before, words


@profiles
@pytest.mark.parametrize("name", sorted(set(COMMANDS) - NETWORK - set(EXPERIMENTS[1:])))
def test_any_two_options(name, profile, template, stubbed, tmp_path, monkeypatch):
    command = COMMANDS[name]
    count = iter(range(10**9))

    def check(call):
        folder = tmp_path / str(next(count))
        shutil.copytree(template[0], folder)
        monkeypatch.chdir(folder)
        judge([*name.split(), *(word for words in call for word in words)], folder)
        shutil.rmtree(folder)

    search(profile, check, call=calls(command))
