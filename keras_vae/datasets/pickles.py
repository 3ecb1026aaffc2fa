"""Pickled dicts of arrays, read without running the code that a pickle may hold."""

from __future__ import annotations

import io
import pickle
import struct
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from ..files.naming import first_line

_NUMBERS = "biufc"  # kinds of arrays that are read: no Python objects, no structures
LARGEST_KEY = 2**32  # of a dict
LONGEST_CODE = 8  # letters of a type of numbers, such as "<u1"


class _Type:
    """Stands for `numpy.dtype`."""

    def __init__(self, code: str | bytes, *_: Any) -> None:
        self.dtype = np.dtype(_code(code))
        if self.dtype.kind not in _NUMBERS:
            raise pickle.UnpicklingError(f"it holds an array of {self.dtype}")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.dtype = self.dtype.newbyteorder(_code(state[1]))


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


class _Dict(dict[str | bytes | int, Any]):
    """Has simple keys: the hash of a tuple in a tuple, forty times, would take hours."""

    def __setitem__(self, key: Any, value: Any) -> None:
        if not isinstance(key, str | bytes) and not _is_small(key):
            raise pickle.UnpicklingError(f"it has a key that is {_kind(key)}")
        super().__setitem__(key, value)


def _is_small(key: Any) -> bool:
    return isinstance(key, int) and abs(key) < LARGEST_KEY  # others can have one hash


def _kind(value: Any) -> str:
    name = type(value).__name__
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


def _empty_dict(unpickler: Any) -> None:
    unpickler.append(_Dict())


def _dict(unpickler: Any) -> None:
    items, values = unpickler.pop_mark(), _Dict()
    for key, value in zip(items[::2], items[1::2], strict=True):
        values[key] = value
    unpickler.append(values)


def _set(unpickler: Any) -> None:
    raise pickle.UnpicklingError("it holds a set")


def _bytearray(unpickler: Any) -> None:
    """Read as many bytes as there are; Python makes room for as many as the pickle states."""
    (size,) = struct.unpack("<Q", unpickler.read(8))
    unpickler.append(bytearray(unpickler.read(size)))


class _Unpickler(pickle._Unpickler):
    """Builds dicts, lists, numbers, texts and arrays of numbers, and refuses all else.

    Python's unpickler that is written in Python: that in C takes any keys, and makes room for all
    numbers below that of a value which is kept, so that five bytes take gigabytes.
    """

    dispatch: ClassVar = {
        **pickle._Unpickler.dispatch,
        pickle.EMPTY_DICT[0]: _empty_dict,
        pickle.DICT[0]: _dict,
        pickle.EMPTY_SET[0]: _set,
        pickle.FROZENSET[0]: _set,
        pickle.BYTEARRAY8[0]: _bytearray,
    }

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
        if not isinstance(text, str):
            raise pickle.UnpicklingError(f"it encodes {_kind(text)}")
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
        values = _Unpickler(content).load()
        return {
            name.decode() if isinstance(name, bytes) else name: _plain(value)
            for name, value in values.items()
        }
    except Exception as error:  # a damaged pickle raises errors of many kinds
        raise ValueError(f"{file} is not a pickled dict of arrays: {first_line(error)}") from error


def _code(text: Any) -> str:
    """Return a type of numbers, or an order of bytes, as text."""
    if not isinstance(text, str | bytes) or len(text) > LONGEST_CODE:
        raise pickle.UnpicklingError("it holds an array of no known type")
    return text.decode() if isinstance(text, bytes) else text


def _plain(value: Any) -> Any:
    return value.values if isinstance(value, _Array) else value
