"""What happens when TensorFlow or Keras is imported after `keras_vae`.

TensorFlow is imported without its start-up messages, and Keras gets the names of the package's
classes. Both need the moment of the import, because `import keras_vae` itself imports neither.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from ..files.stderr import quiet_stderr
from .registration import register_stand_ins

QUIET = "3"  # TF_CPP_MIN_LOG_LEVEL: no messages


def watch_imports() -> None:
    """Prepare for the imports of TensorFlow and Keras, or act at once if they are imported.

    A log level that the user set remains, and with it TensorFlow's messages.
    """
    if os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", QUIET) == QUIET:
        _import_within("tensorflow", _quietly)
    if sys.modules.get("keras"):
        register_stand_ins()
    else:
        _import_within("keras", _registration)


@contextmanager
def _quietly() -> Iterator[None]:
    """Drop what the import writes; a notebook then logs as little as a script.

    In interactive shells TensorFlow logs from INFO on, such as a line for each folder of an export.
    """
    with quiet_stderr():
        yield
    sys.modules["tensorflow"].get_logger().setLevel("WARNING")


@contextmanager
def _registration() -> Iterator[None]:
    yield
    register_stand_ins()


def _import_within(name: str, context: Callable[[], AbstractContextManager[None]]) -> None:
    if name not in sys.modules:
        sys.meta_path.insert(0, _Finder(name, context))


class _Finder(MetaPathFinder):
    """Finds one module as Python would, and runs its code within a context.

    Args:
        name: Name of the module.
        context: Called for the context manager.
    """

    def __init__(self, name: str, context: Callable[[], AbstractContextManager[None]]) -> None:
        self.name = name
        self.context = context

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find the module by the other finders; None for any other module."""
        if fullname != self.name:
            return None
        others = (finder for finder in sys.meta_path if finder is not self)
        specs = (finder.find_spec(fullname, path, target) for finder in others)
        spec = next((spec for spec in specs if spec is not None), None)
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                with self.context():
                    run(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec
