"""Networks in `.tflite` files, which LiteRT runs without TensorFlow."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from .naming import first_line
from .regular import open_regular
from .shapes import fits
from .stderr import discarded_stderr

DEFAULT_SIGNATURE = "serving_default"  # of files with one signature
THREADS = min(4, os.cpu_count() or 1)  # more are not faster for small networks


class LiteSignature:
    """A signature of a `.tflite` file.

    Calls from several threads are computed one after the other.

    Args:
        path: The file.
        name: Of the signature.

    Attributes:
        inputs: Shapes of the inputs by name; −1 is any side.
        outputs: Shapes of the outputs.

    Raises:
        ValueError: If there is no such file or signature, or LiteRT cannot read the file, or a call
            has inputs of other shapes than its network.
    """

    def __init__(self, path: Path, name: str = DEFAULT_SIGNATURE) -> None:
        self._path = path
        try:
            open_regular(path).close()  # LiteRT would wait for the other end of a FIFO
            interpreter = Interpreter(os.fspath(path), num_threads=THREADS)
            self._run = interpreter.get_signature_runner(name)
        except (OSError, RuntimeError, ValueError, TypeError) as error:
            raise ValueError(
                f"{path} is not a network that LiteRT can run: {first_line(error)}"
            ) from error
        self.inputs = _shapes(self._run.get_input_details())
        self.outputs = _shapes(self._run.get_output_details())
        self._lock = threading.Lock()
        self._is_new = True

    def __call__(self, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Compute the outputs, by name.

        Args:
            inputs: Arrays by the names of the signature, of its dtypes; the batch may have any
                size.
        """
        shapes = {name: list(each.shape) for name, each in inputs.items()}
        if shapes.keys() != self.inputs.keys() or not all(
            fits(shapes[name], shape) for name, shape in self.inputs.items()
        ):
            raise ValueError(f"{self._path} cannot be run with {shapes}: it takes {self.inputs}.")
        if not all(map(len, inputs.values())):  # LiteRT has no empty batches
            row = {
                name: np.zeros((1, *each.shape[1:]), each.dtype) for name, each in inputs.items()
            }
            return {name: output[:0] for name, output in self(**row).items()}
        with self._lock:
            # The first call of a process prints a note about XNNPACK, which has no log level.
            with discarded_stderr() if self._is_new else nullcontext():
                try:
                    outputs = self._run(**inputs)
                except (RuntimeError, ValueError) as error:
                    raise ValueError(
                        f"{self._path} cannot be run with {shapes}: {first_line(error)}"
                    ) from error
            self._is_new = False
            return outputs


def _shapes(details: Mapping[str, Any]) -> dict[str, list[int]]:
    return {name: each["shape_signature"].tolist() for name, each in details.items()}
