"""A model as TensorFlow Serving runs it, without TensorFlow's Python; inputs to send it."""

from __future__ import annotations

import pickle
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import PIPE

import pytest

from keras_vae.inference import registry as runtime
from tests.serving.signatures import NAMES, SHIPPED, by_name, by_tensor, signatures_of


@pytest.fixture(scope="session", params=NAMES)
def shipped(request):
    """Each of the models that come with the package."""
    return runtime.load(SHIPPED / request.param, runtime="tensorflow")


@pytest.fixture(scope="session")
def loader():
    """Load a model in a separate process: model → (requests, stress) → report."""
    with ExitStack() as stack:
        opened = {}

        def load(model):
            if model.path not in opened:
                opened[model.path] = stack.enter_context(running(model))
            return opened[model.path]

        yield load


@contextmanager
def running(model):
    """Run the C interface on a model, and yield what sends it requests, [(signature, inputs)]."""
    import tensorflow as tf

    library = Path(tf.sysconfig.get_lib()) / "libtensorflow_cc.so.2"
    program = Path(__file__).with_name("c_api.py")
    signatures = signatures_of(model.path)

    def run(requests, **stress):
        job = {"requests": [by_tensor(signatures[name], inputs) for name, inputs in requests]}
        pickle.dump({**job, **stress}, process.stdin)
        process.stdin.flush()
        report = pickle.load(process.stdout)
        named = zip(requests, report["answers"], strict=True)
        report["answers"] = [by_name(signatures[name], answer) for (name, _), answer in named]
        return report

    command = [sys.executable, str(program), str(library), str(model.path)]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE) as process:
        yield run
        process.stdin.close()
