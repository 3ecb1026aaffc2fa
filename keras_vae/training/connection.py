"""TensorFlow's connection of the workers: signals and a time limit end it."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.python.eager import context

from .interruption import wait_for


@contextmanager
def connection(seconds: float) -> Iterator[None]:
    """Let signals and a time limit end the connection that a strategy makes in this context.

    TensorFlow's own call keeps the interpreter's lock while it waits for the other workers, so that
    no handler and no thread of Python runs. Here the same function of its C library runs in a
    thread, without the lock (docs/decisions/0020).

    Args:
        seconds: The time limit.

    Raises:
        TimeoutError: If the workers are not connected by then.
    """
    bindings = context.pywrap_tfe
    original = bindings.TFE_EnableCollectiveOps
    bindings.TFE_EnableCollectiveOps = partial(_connect, seconds)
    try:
        yield
    finally:
        bindings.TFE_EnableCollectiveOps = original


def _connect(seconds: float, handle: Any, server: bytes) -> None:
    """Do what TensorFlow's `TFE_EnableCollectiveOps` does."""
    library = _library()
    status = library.TF_NewStatus()

    def call() -> None:  # it keeps its arguments alive, also after the time limit
        pointer = ctypes.pythonapi.PyCapsule_GetPointer(handle, None)
        library.TFE_EnableCollectiveOps(pointer, server, len(server), status)

    wait_for(call, seconds)
    code, message = library.TF_GetCode(status), library.TF_Message(status).decode()
    library.TF_DeleteStatus(status)
    if code:
        kind = tf.compat.v1.errors.exception_type_from_error_code(code)
        raise kind(None, None, message)


@cache
def _library() -> ctypes.CDLL:
    """TensorFlow's C library, which the process has loaded already."""
    library = ctypes.CDLL(str(next(Path(tf.sysconfig.get_lib()).glob("libtensorflow_cc.*"))))
    pointer = ctypes.c_void_p
    library.TF_NewStatus.restype = pointer
    library.TF_GetCode.argtypes = library.TF_DeleteStatus.argtypes = [pointer]
    library.TF_Message.argtypes, library.TF_Message.restype = [pointer], ctypes.c_char_p
    arguments = [pointer, ctypes.c_char_p, ctypes.c_size_t, pointer]
    library.TFE_EnableCollectiveOps.argtypes = arguments
    library.TFE_EnableCollectiveOps.restype = None
    capsule = ctypes.pythonapi.PyCapsule_GetPointer
    capsule.argtypes, capsule.restype = [ctypes.py_object, ctypes.c_char_p], pointer
    return library
