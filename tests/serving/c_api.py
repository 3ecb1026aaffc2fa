"""TensorFlow's C interface through ctypes: what TensorFlow Serving does with a SavedModel.

Run as a program, in a process that never imports TensorFlow's Python:

    python c_api.py LIBRARY SAVED_MODEL

It reads pickled jobs from its input and writes pickled reports. A job is a dict: `requests`, a list
of (arrays by tensor name, names of tensors to fetch), and perhaps `threads` and `total` of a stress
with the same requests. A report: `answers`, for each request arrays by tensor name or the code and
message of an error; `peak`, the MB that the requests took at most; and what `stress` returns.
"""

from __future__ import annotations

import ctypes
import pickle
import sys
import threading
from ctypes import POINTER, Structure, c_char_p, c_int, c_int64, c_size_t, c_void_p
from pathlib import Path

import numpy as np

TYPES = {1: np.dtype(np.float32), 4: np.dtype(np.uint8), 9: np.dtype(np.int64)}
CODES = {dtype: code for code, dtype in TYPES.items()}
STRING = 7
STRING_BYTES = 24  # sizeof(TF_TString)


class Output(Structure):
    """TF_Output: a tensor of the graph."""

    _fields_ = [("operation", c_void_p), ("index", c_int)]


class Refused(Exception):
    """An error status: its code and message."""


FUNCTIONS = {
    "TF_Version": (c_char_p, []),
    "TF_NewStatus": (c_void_p, []),
    "TF_DeleteStatus": (None, [c_void_p]),
    "TF_GetCode": (c_int, [c_void_p]),
    "TF_Message": (c_char_p, [c_void_p]),
    "TF_NewGraph": (c_void_p, []),
    "TF_NewSessionOptions": (c_void_p, []),
    "TF_GraphOperationByName": (c_void_p, [c_void_p, c_char_p]),
    "TF_LoadSessionFromSavedModel": (
        c_void_p,
        [c_void_p, c_void_p, c_char_p, POINTER(c_char_p), c_int, c_void_p, c_void_p, c_void_p],
    ),
    "TF_SessionRun": (
        None,
        [
            *(c_void_p, c_void_p),
            *(POINTER(Output), POINTER(c_void_p), c_int),
            *(POINTER(Output), POINTER(c_void_p), c_int),
            *(c_void_p, c_int, c_void_p, c_void_p),
        ],
    ),
    "TF_AllocateTensor": (c_void_p, [c_int, POINTER(c_int64), c_int, c_size_t]),
    "TF_DeleteTensor": (None, [c_void_p]),
    "TF_TensorType": (c_int, [c_void_p]),
    "TF_TensorData": (c_void_p, [c_void_p]),
    "TF_TensorByteSize": (c_size_t, [c_void_p]),
    "TF_NumDims": (c_int, [c_void_p]),
    "TF_Dim": (c_int64, [c_void_p, c_int]),
    "TF_StringInit": (None, [c_void_p]),
    "TF_StringCopy": (None, [c_void_p, c_char_p, c_size_t]),
    "TF_StringGetDataPointer": (c_void_p, [c_void_p]),
    "TF_StringGetSize": (c_size_t, [c_void_p]),
}


class Session:
    """A SavedModel, loaded with the tag `serve`.

    Args:
        library: libtensorflow_cc.so.2.
        saved_model: Folder of the version.
    """

    def __init__(self, library: str, saved_model: str) -> None:
        self.c = ctypes.CDLL(library)
        for name, (result, arguments) in FUNCTIONS.items():
            function = getattr(self.c, name)
            function.restype, function.argtypes = result, arguments
        self.graph = self.c.TF_NewGraph()
        options, tags = self.c.TF_NewSessionOptions(), (c_char_p * 1)(b"serve")
        self.session = self._checked(
            lambda status: self.c.TF_LoadSessionFromSavedModel(
                options, None, saved_model.encode(), tags, 1, self.graph, None, status
            )
        )

    def run(self, inputs: dict[str, np.ndarray], outputs: list[str]) -> dict[str, np.ndarray]:
        """Feed arrays by tensor name, and fetch tensors by name."""
        feeds = (Output * len(inputs))(*map(self._output, inputs))
        fetches = (Output * len(outputs))(*map(self._output, outputs))
        fed = (c_void_p * len(inputs))(*map(self._tensor, inputs.values()))
        fetched = (c_void_p * len(outputs))()
        try:
            self._checked(
                lambda status: self.c.TF_SessionRun(
                    *(self.session, None, feeds, fed, len(inputs)),
                    *(fetches, fetched, len(outputs), None, 0, None, status),
                )
            )
            return dict(zip(outputs, map(self._array, fetched), strict=True))
        finally:
            for tensor in [*fed, *fetched]:
                if tensor:
                    self.c.TF_DeleteTensor(tensor)

    def _checked(self, call):
        status = self.c.TF_NewStatus()
        try:
            result = call(status)
            if code := self.c.TF_GetCode(status):
                raise Refused(code, self.c.TF_Message(status).decode())
            return result
        finally:
            self.c.TF_DeleteStatus(status)

    def _output(self, tensor_name: str) -> Output:
        name, _, index = tensor_name.partition(":")
        operation = self.c.TF_GraphOperationByName(self.graph, name.encode())
        assert operation, f"no operation {name}"
        return Output(operation, int(index))

    def _tensor(self, array: np.ndarray) -> int:
        shape = (c_int64 * array.ndim)(*array.shape)
        if array.dtype != object:
            array = np.ascontiguousarray(array)
            made = self.c.TF_AllocateTensor(CODES[array.dtype], shape, array.ndim, array.nbytes)
            ctypes.memmove(self.c.TF_TensorData(made), array.ctypes.data, array.nbytes)
            return made
        size = array.size * STRING_BYTES
        made = self.c.TF_AllocateTensor(STRING, shape, array.ndim, size)
        start = self.c.TF_TensorData(made)
        for number, value in enumerate(array.ravel()):
            self.c.TF_StringInit(start + number * STRING_BYTES)
            self.c.TF_StringCopy(start + number * STRING_BYTES, value, len(value))
        return made

    def _array(self, tensor: int) -> np.ndarray:
        shape = [self.c.TF_Dim(tensor, axis) for axis in range(self.c.TF_NumDims(tensor))]
        start = self.c.TF_TensorData(tensor)
        kind = self.c.TF_TensorType(tensor)
        if kind != STRING:
            data = ctypes.string_at(start, self.c.TF_TensorByteSize(tensor)) if start else b""
            return np.frombuffer(data, TYPES[kind]).reshape(shape)
        strings = np.empty(int(np.prod(shape)), object)
        for number in range(strings.size):
            at = start + number * STRING_BYTES
            pointer = self.c.TF_StringGetDataPointer(at)
            strings[number] = ctypes.string_at(pointer, self.c.TF_StringGetSize(at))
        return strings.reshape(shape)


def answer(session: Session, inputs: dict[str, np.ndarray], outputs: list[str]):
    """Outputs by name, or the code and the message of the error."""
    try:
        return session.run(inputs, outputs)
    except Refused as error:
        return error.args


def stress(session: Session, requests: list, threads: int, total: int) -> dict[str, float]:
    """Send requests in turn from several threads; compare each answer with its first one."""
    expected = [answer(session, *request) for request in requests]
    wrong: list[int] = []

    def work(first: int, count: int) -> None:
        for number in range(first, first + count):
            which = number % len(requests)
            if not same(answer(session, *requests[which]), expected[which]):
                wrong.append(which)

    def rounds(count: int) -> None:
        share = count // threads
        workers = [threading.Thread(target=work, args=(i, share)) for i in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    rounds(total // 5)  # until allocators and caches have grown
    before = memory("VmRSS")
    rounds(total - total // 5)
    return {"wrong": len(wrong), "before": before, "after": memory("VmRSS")}


def same(found: dict | tuple, expected: dict | tuple) -> bool:
    """Whether two answers are equal, bit for bit."""
    if isinstance(found, tuple) or isinstance(expected, tuple):
        return found == expected
    return all(np.array_equal(found[name], expected[name]) for name in expected)


def memory(field: str) -> float:
    """VmRSS, what this process holds, or VmHWM, the most that it ever held, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (kilobytes,) = (line.split()[1] for line in lines if line.startswith(f"{field}:"))
    return int(kilobytes) / 1024


def main(library: str, saved_model: str) -> None:
    """Do jobs until there are no more."""
    session = Session(library, saved_model)
    assert "tensorflow" not in sys.modules
    while True:
        try:
            job = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        Path("/proc/self/clear_refs").write_text("5")  # begin VmHWM anew
        before = memory("VmRSS")
        report = {"answers": [answer(session, *request) for request in job["requests"]]}
        report["peak"] = memory("VmHWM") - before
        if "total" in job:
            report.update(stress(session, job["requests"], job["threads"], job["total"]))
        pickle.dump(report, sys.stdout.buffer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
