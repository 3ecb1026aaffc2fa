"""The worker processes of a training, as the variable TF_CONFIG names them."""

from __future__ import annotations

import json
import os
import re
import socket
import time
from dataclasses import dataclass
from typing import Any

VARIABLE = "TF_CONFIG"
PORT = re.compile(r"[1-9][0-9]{0,4}")
LAST_PORT = 65_535
POLL = 0.2  # seconds between two questions whether a worker is there


@dataclass(frozen=True)
class Cluster:
    """Worker processes, and which of them this one is.

    Attributes:
        workers: HOST:PORT of each. The first is the chief: it alone writes files.
        index: Index of this process among them, from 0.
        chiefs: How many of them, 0 or 1, TF_CONFIG lists under "chief" instead of "worker".

    Raises:
        ValueError: If an address is not of the form HOST:PORT, with a port up to 65535, or occurs
            twice, or if `index` is beyond the last.
    """

    workers: tuple[str, ...]
    index: int
    chiefs: int = 0

    def __post_init__(self) -> None:
        for address in self.workers:
            if not _is_address(address):
                raise ValueError(
                    f"`workers` must be of the form HOST:PORT, with a port from 1 to {LAST_PORT}. "
                    f"Received: {address!r}."
                )
        if len(set(self.workers)) < len(self.workers):
            raise ValueError(f"`workers` must differ. Received: {', '.join(self.workers)}.")
        if not 0 <= self.index < len(self.workers):
            raise ValueError(
                f"`index` must be from 0 to {len(self.workers) - 1}, one for each worker. "
                f"Received: {self.index}."
            )

    @property
    def address(self) -> str:
        """HOST:PORT of this process."""
        return self.workers[self.index]

    @property
    def is_chief(self) -> bool:
        """Whether this process writes the run."""
        return self.index == 0

    def position(self, job: str, task: int) -> int:
        """The index of what TensorFlow calls /job:`job`/task:`task`."""
        return task + (self.chiefs if job == "worker" else 0)

    def __str__(self) -> str:
        return f"worker {self.index} of {', '.join(self.workers)}"

    @classmethod
    def from_environment(cls) -> Cluster | None:
        """Read TF_CONFIG; None if it names no cluster.

        Raises:
            ValueError: If it is not JSON of the form that TensorFlow reads, or if it names other
                jobs than "chief" and "worker".
        """
        text = os.environ.get(VARIABLE, "").strip()
        try:
            values = json.loads(text or "{}")
            jobs = dict(values.get("cluster") or {})
            if not jobs:
                return None
            chiefs, workers = list(jobs.pop("chief", [])), list(jobs.pop("worker", []))
            kind, index = values["task"]["type"], int(str(values["task"]["index"]))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ValueError(
                f"`{VARIABLE}` must be JSON such as "
                '{"cluster": {"worker": ["host0:2222", "host1:2222"]}, '
                f'"task": {{"type": "worker", "index": 0}}}}. Received: {text}'
            ) from error
        if jobs or kind not in ("chief", "worker"):
            raise ValueError(
                f"`{VARIABLE}` must name the jobs chief and worker alone. Received: {text}"
            )
        if not 0 <= index < len(chiefs if kind == "chief" else workers):
            raise ValueError(
                f"`{VARIABLE}` must have a {kind} of the task's index. Received: {text}"
            )
        offset = len(chiefs) if kind == "worker" else 0
        return cls((*chiefs, *workers), index + offset, len(chiefs))

    def to_environment(self) -> None:
        """Write TF_CONFIG for this process.

        Raises:
            ValueError: If TF_CONFIG already names other workers or another index.
        """
        known = self.from_environment()
        if known is not None and (known.workers, known.index) != (self.workers, self.index):
            raise ValueError(
                f"`workers` and `index` must agree with {VARIABLE}, which names {known}. "
                f"Received: {self}."
            )
        if known is None:
            task = {"type": "worker", "index": self.index}
            values = {"cluster": {"worker": list(self.workers)}, "task": task}
            os.environ[VARIABLE] = json.dumps(values)

    def wait(self) -> None:
        """Wait until every worker listens at its address, or has already connected.

        TensorFlow waits, too, but for at most an hour, and also for a worker that has ended. Each
        worker listens at its port for that time; nothing is sent.

        Raises:
            RuntimeError: If this worker's port is in use.
        """
        with self._listening():
            for address in self.workers:
                while address != self.address and not _listens(address):
                    time.sleep(POLL)

    def _listening(self) -> socket.socket:
        port = int(self.address.rpartition(":")[2])
        both = socket.has_dualstack_ipv6()
        family = socket.AF_INET6 if both else socket.AF_INET
        try:
            return socket.create_server(("", port), family=family, dualstack_ipv6=both)
        except OSError as error:
            raise RuntimeError(
                f"Worker {self.index} cannot listen at the port of {self.address}: does another "
                "process use it?"
            ) from error


def _is_address(address: Any) -> bool:
    """Whether a value is HOST:PORT, as a socket takes it."""
    host, _, port = address.rpartition(":") if isinstance(address, str) else ("", "", "")
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return bool(host and PORT.fullmatch(port)) and int(port) <= LAST_PORT


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=2.0).close()
    except OSError:  # also if the name is not known yet
        return False
    return True
