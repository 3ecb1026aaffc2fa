import gc
import pickle
import subprocess
import tracemalloc
import weakref

import numpy as np
import pytest

from keras_vae.datasets.pickles import _Unpickler, read_pickle

BATCH = {b"data": np.arange(12, dtype=np.uint8).reshape(3, 4), b"labels": [0, 1, 2]}

# As Python 2 with NumPy 1 writes {"data": np.array([[7, 8]], np.uint8), "labels": [3]}.
PYTHON_2 = (
    b"\x80\x02}q\x00(U\x04dataq\x01cnumpy.core.multiarray\n_reconstruct\nq\x02cnumpy\nndarray\nq\x03"
    b"K\x00\x85U\x01b\x87Rq\x04(K\x01K\x01K\x02\x86cnumpy\ndtype\nq\x05U\x02u1K\x00K\x01\x87Rq\x06"
    b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x02\x07\x08tbU\x06labels]K\x03au."
)


@pytest.mark.parametrize("protocol", range(2, 6))
def test_dicts_of_arrays_are_read(protocol):
    values = read_pickle(pickle.dumps(BATCH, protocol), "batch")
    np.testing.assert_array_equal(values["data"], BATCH[b"data"])
    assert values["data"].dtype == np.uint8
    assert values["labels"] == [0, 1, 2]


def test_those_of_python_2_are_read():
    values = read_pickle(PYTHON_2, "batch")
    assert values["data"].tolist() == [[7, 8]]
    assert values["labels"] == [3]


def test_orders_of_axes_and_of_bytes_are_kept():
    array = np.asfortranarray(np.arange(6, dtype=">i4").reshape(2, 3))
    for protocol in (2, 5):
        np.testing.assert_array_equal(
            read_pickle(pickle.dumps({"a": array}, protocol), "batch")["a"], array
        )


class Evil:
    def __reduce__(self):
        return subprocess.check_call, (["touch", "evil"],)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (Evil(), r"names \w+\.check_call"),
        ({"data": np.array([{}], object)}, "an array of object"),
        ({"data": np.zeros(2, "u1,O")}, "dict of arrays"),
        ({"data": print}, r"names \w+\.print"),
        ([1, 2], "dict of arrays"),
    ],
)
def test_nothing_else_is_read_or_run(value, reason, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for protocol in (2, 5):
        with pytest.raises(ValueError, match=reason):
            read_pickle(pickle.dumps(value, protocol), "batch")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("protocol", range(2, 6))
def test_a_dict_of_numbers_beside_the_arrays_changes_nothing(protocol):
    content = pickle.dumps({**BATCH, b"names": {0: "a", -1: "b"}}, protocol)
    assert read_pickle(content, "batch")["labels"] == [0, 1, 2]


def test_a_damaged_pickle_is_refused():
    for content in (b"", b"\x80\x02}q", pickle.dumps(BATCH)[:-20], b"<html>not found</html>"):
        with pytest.raises(ValueError, match="batch is not a pickled dict of arrays"):
            read_pickle(content, "batch")


# A tuple that holds the last one twice, sixty times: 300 bytes, and 2^60 values.
TUPLES = b")" + 60 * b"q\x00h\x00\x86"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (TUPLES + b"K\x01s", "a key that is a tuple"),
        (b"\x8f(" + TUPLES + b"\x90", "a set"),
        (b"(" + TUPLES + b"\x91", "a set"),
        (b"(" + TUPLES + b"K\x01d", "a key that is a tuple"),
        (b"\x8a\x05\0\0\0\0\x01K\x01s", "a key that is an int"),  # 2^32
        (b"c_codecs\nencode\n" + TUPLES + b"K\x01\x86R", "it encodes a tuple"),
        (b"c_codecs\nencode\nK\x01K\x01\x86R", "it encodes an int"),
        (b"cnumpy\ndtype\n" + TUPLES + b"\x85R", "no known type"),
    ],
)
def test_values_that_double_sixty_times_are_refused_at_once(value, reason):
    with pytest.raises(ValueError, match=reason):
        read_pickle(b"\x80\x04}" + value + b".", "batch")


def test_a_text_that_is_named_often_takes_memory_once():
    text = b"a" * 1_000
    again = b"h\x01h\x02h\x03\x86R"  # encode(text, "latin1"), by what was named before
    start = b"\x80\x02}X\x01\0\0\0a](c_codecs\nencode\nq\x01X\xe8\x03\0\0" + text
    content = start + b"q\x02X\x06\0\0\0latin1q\x03\x86R" + 2 * again + b"es."
    first, second, third = read_pickle(content, "batch")["a"]
    assert first == text
    assert first is second is third


def test_a_name_with_a_line_break_is_one_line():
    with pytest.raises(ValueError, match="it names a") as refused:
        read_pickle(b"\x80\x04\x8c\x03a\nb\x8c\x01c\x93.", "batch")
    assert len(str(refused.value).splitlines()) == 1


def test_a_large_number_of_a_value_takes_no_memory():
    content = b"\x80\x02}r" + (680_825_748).to_bytes(4, "little") + b"."
    tracemalloc.start()
    assert read_pickle(content, "batch") == {}
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1e6


def test_a_reader_whose_stack_is_not_empty_at_the_end_is_freed():
    content = b"c_codecs\nencode\n(dp0\n."  # beneath the dict
    unpickler = _Unpickler(content)
    assert unpickler.load() == {}
    reference = weakref.ref(unpickler)
    del unpickler
    gc.collect()
    assert reference() is None
