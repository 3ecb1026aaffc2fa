import threading

import numpy as np
import pytest

from keras_vae.files.jobs import AHEAD, LeftOut, run_job


def read(name, number):
    if number % 10 == 3:
        raise ValueError(f"{number} cannot be read.\nA second line.")
    return [{"name": name, "number": np.int64(number), "vector": np.full(2, number)}]


def test_batches_come_in_the_order_of_the_inputs_and_the_others_go_on():
    batches, steps = [], []
    left_out = run_job(
        ((f"input {number}", number) for number in range(25)),
        read,
        batches.append,
        compute=lambda batch: {**batch, "double": 2 * batch["number"]},
        batch=8,
        total=25,
        progress=lambda done, total: steps.append((done, total)),
    )
    assert [len(batch["name"]) for batch in batches] == [8, 8, 6]
    numbers = np.concatenate([batch["double"] for batch in batches]) // 2
    assert numbers.tolist() == [number for number in range(25) if number not in (3, 13, 23)]
    assert batches[0]["vector"].shape == (8, 2)
    assert batches[0]["name"][:4] == ["input 0", "input 1", "input 2", "input 4"]
    assert left_out[1] == LeftOut("input 13", "13 cannot be read.")
    assert steps == [(done, 25) for done in range(1, 26)]


def test_an_input_may_have_several_rows_or_none():
    written = []
    run_job(
        [("a", 0), ("b", 2), ("c", 3)],
        lambda name, count: [{"row": f"{name}{number}"} for number in range(count)],
        lambda batch: written.extend(batch["row"]),
        batch=2,
    )
    assert written == ["b0", "b1", "c0", "c1", "c2"]


def test_only_a_few_inputs_are_in_memory():
    lock, waiting, most = threading.Lock(), 0, 0

    def count(name, number):
        nonlocal waiting, most
        with lock:
            waiting += 1
            most = max(most, waiting)
        return [{"number": number}]

    def write(batch):
        nonlocal waiting
        with lock:
            waiting -= len(batch["number"])

    run_job(((str(number), number) for number in range(500)), count, write, batch=4)
    assert waiting == 0
    assert most <= AHEAD + 6


def test_a_job_without_any_result_is_an_error():
    with pytest.raises(ValueError, match=r"None of 2 inputs can be used\. a: 3 cannot be read\."):
        run_job([("a", 3), ("b", 13)], read, print)
    with pytest.raises(ValueError, match=r"^a: 13 cannot be read\.$"):
        run_job([("a", 13)], read, print)
    damage = LeftOut("b.png", "album/b.png is a damaged image: truncated.")
    assert str(damage) == damage.reason


def test_other_errors_end_the_job():
    def fail(name, number):
        raise KeyError(name)

    with pytest.raises(KeyError):
        run_job([("a", 1)], fail, print)
    with pytest.raises(ZeroDivisionError):
        run_job([("a", 1)], read, lambda batch: 1 / 0)
