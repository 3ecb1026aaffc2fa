"""Pickled dicts of arrays, read without running the code that a pickle may hold."""

from __future__ import annotations

import io
import pickle
import pickletools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..files.naming import first_line

_NUMBERS = "biufc"  # kinds of arrays that are read: no Python objects, no structures


class _Type:
    """Stands for `numpy.dtype`."""

    def __init__(self, code: str | bytes, *_: Any) -> None:
        self.dtype = np.dtype(code.decode() if isinstance(code, bytes) else code)
        if self.dtype.kind not in _NUMBERS:
            raise pickle.UnpicklingError(f"it holds an array of {self.dtype}")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        order = state[1].decode() if isinstance(state[1], bytes) else state[1]
        self.dtype = self.dtype.newbyteorder(order)


class _Array:
    """Stands for `numpy.ndarray`."""

    values: np.ndarray

    def __init__(self, *_: Any) -> None:
        pass

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, fortran, content = state
        self._fill(content, kind, shape, "F" if fortran else "C")

    @classmethod
    def from_buffer(cls, content: Any, kind: _Type, shape: tuple[int, ...], order: str) -> _Array:
        """Stand for NumPy's function of pickles of protocol 5."""
        array = cls()
        array._fill(content, kind, shape, order)
        return array

    def _fill(self, content: Any, kind: _Type, shape: tuple[int, ...], order: str) -> None:
        self.values = np.frombuffer(content, kind.dtype).reshape(shape, order=order)


# All that a pickle may name: NumPy is named, but not called.
_STAND_INS = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Type,
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
    ("numpy.core.numeric", "_frombuffer"): _Array.from_buffer,
    ("numpy._core.numeric", "_frombuffer"): _Array.from_buffer,
}


class _Unpickler(pickle.Unpickler):
    """Builds dicts, lists, numbers, texts and arrays of numbers, and refuses all else."""

    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content), encoding="bytes")
        self._encode = _encoder()

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("_codecs", "encode"):
            return self._encode
        if (module, name) not in _STAND_INS:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return _STAND_INS[module, name]


def _encoder() -> Callable[[str, str], bytes]:
    """Stand for `_codecs.encode`, with which Python 3 writes bytes in protocol 2.

    A pickle can name one text a million times: the bytes are made once. It is no method of the
    unpickler, whose stack may keep it: Python does not look there, and never frees such a circle.
    """
    encoded: dict[str, bytes] = {}

    def encode(text: str, encoding: str) -> bytes:
        if text not in encoded:
            encoded[text] = text.encode("latin1")
        return encoded[text]

    return encode


def read_pickle(content: bytes, file: str) -> dict[str, Any]:
    """Read a pickled dict that Python 2 or 3 wrote.

    Args:
        content: The pickle.
        file: Its name, for errors.

    Returns:
        Values by name: arrays, numbers, lists, and texts, which are bytes if Python 2 wrote them.

    Raises:
        ValueError: If it is damaged, or holds anything else.
    """
    try:
        _check_words(content)
        values = _Unpickler(content).load()
        return {
            name.decode() if isinstance(name, bytes) else name: _plain(value)
            for name, value in values.items()
        }
    except Exception as error:  # a damaged pickle raises errors of many kinds
        raise ValueError(f"{file} is not a pickled dict of arrays: {first_line(error)}") from error


def _check_words(content: bytes) -> None:
    """Check the operations of a pickle before they are done.

    Python makes room for all numbers below that of a value that is kept: a word of five bytes takes
    gigabytes.

    Raises:
        ValueError: If a number is larger than the pickle, or a text ends beyond it.
    """
    for word, number, _ in pickletools.genops(content):
        if word.name.endswith("PUT") and number > len(content):
            raise ValueError(f"it keeps a value as number {number:,}")


def _plain(value: Any) -> Any:
    return value.values if isinstance(value, _Array) else value
