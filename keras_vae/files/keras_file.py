"""Files of Keras models (.keras): checked, and loaded in Keras's safe mode."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .limits import check_unpacked
from .naming import first_line
from .regular import open_regular

if TYPE_CHECKING:
    import keras

MEMBERS = {"config.json", "metadata.json", "model.weights.h5"}  # that Keras writes

# What Keras and NumPy say of a file with code, and of a class that is not registered.
_CODE = re.compile(r"safe_mode|unsafe_deserialization|allow_pickle")
_UNKNOWN = re.compile(r"Could not locate (class|function) '([^']*)'")


def check_keras_file(path: Path, advice: str) -> None:
    """Check a file against the sums that it contains.

    Args:
        path: The file.
        advice: What to do if it is damaged.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If it is cut or damaged.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing. {advice}")
    try:
        bad = _damaged_member(path)
    except Exception as error:  # zipfile and zlib raise many kinds for damaged archives
        raise ValueError(f"{path} is damaged ({first_line(error)}). {advice}") from error
    if bad is not None:
        raise ValueError(f"{path} is damaged (its member {bad}). {advice}")


def _damaged_member(path: Path) -> str | None:
    with open_regular(path) as stream, zipfile.ZipFile(stream) as archive:
        for info in archive.infolist():
            check_unpacked(info.filename, info.file_size, info.compress_size, in_memory=False)
        return min(MEMBERS - {*archive.namelist()}, default=None) or archive.testzip()


def load_keras_file(path: str | Path, **options: Any) -> keras.Model:
    """Load a model in Keras's safe mode, which runs no code that the file contains.

    Args:
        path: The file: .keras, or Keras's older .h5.
        options: Other arguments of `keras.models.load_model`.

    Raises:
        ValueError: If Keras refuses it, or it is no model.
    """
    import keras

    try:
        return keras.models.load_model(path, safe_mode=True, **options)
    except Exception as error:  # Keras raises many kinds
        raise ValueError(_refusal(path, error)) from error


def _refusal(path: str | Path, error: Exception) -> str:
    """Say in one line why Keras does not load a file, and what to do."""
    if _CODE.search(str(error)):
        return (
            f"{path} contains Python code, such as a Lambda layer, which Keras's safe mode does "
            "not run. Write it as a class, register the class with "
            "`keras.saving.register_keras_serializable`, and save the model again."
        )
    if unknown := _UNKNOWN.search(str(error)):
        return (
            f"{path} needs the {unknown[1]} {unknown[2]!r}. Keras's safe mode loads only what is "
            "registered: use `keras.saving.register_keras_serializable`, and import its module "
            "before the model is loaded."
        )
    if Path(path).is_file() and "File not found" in str(error):  # Keras's word for "no archive"
        return f"{path} is not a Keras model that can be loaded: it is not a zip archive."
    return f"{path} is not a Keras model that can be loaded: {first_line(error)}"
