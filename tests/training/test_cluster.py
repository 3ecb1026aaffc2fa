import queue
import socket
import threading

import pytest

from keras_vae.training.cluster import Cluster


@pytest.fixture
def workers():
    """Addresses of three free ports."""
    sockets = [socket.create_server(("localhost", 0)) for _ in range(3)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return tuple(f"localhost:{port}" for port in ports)


def test_workers_wait_for_each_other(workers):
    done = queue.Queue()

    def wait(index):
        Cluster(workers, index).wait()
        done.put(index)

    threads = [threading.Thread(target=wait, args=(index,), daemon=True) for index in range(3)]
    for thread in threads[:2]:
        thread.start()
    with pytest.raises(queue.Empty):
        done.get(timeout=0.5)
    threads[2].start()
    # Only the first is certain: it closes its port, which TensorFlow would open again.
    done.get(timeout=60)


def test_a_port_in_use_is_named(workers):
    host, _, port = workers[0].partition(":")
    with (
        socket.create_server((host, int(port))),
        pytest.raises(RuntimeError, match=f"Worker 0 cannot listen at the port of {workers[0]}"),
    ):
        Cluster(workers, 0).wait()


def test_one_worker_waits_for_nobody(workers):
    Cluster(workers[:1], 0).wait()
