"""Everything that reads files or answers of others: each input is read, or refused in one line.

`make fuzz` searches for other inputs, guided by the branches that they take (fuzz/).
"""

import random
from importlib import import_module

import pytest

import fuzz
from fuzz.corpus import corpus
from fuzz.judge import Finding, judge
from fuzz.members import mutated, packed, unpacked

FILES = 25  # damaged inputs of each target


def scrambled(content, size, rng):
    """Change, remove or repeat some bytes, more often near the start, where sizes are stated."""
    content = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 4, 16])):
        if not content:
            break
        start = rng.randrange(rng.choice([len(content), min(len(content), 64)]))
        stop = start + rng.randrange(1, 20)
        other = rng.randrange(len(content))
        content[start:stop] = rng.choice(
            [
                bytes([rng.randrange(256)]) + content[start + 1 : stop],
                rng.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff"])
                + content[start + 4 : stop],
                content[other : other + stop - start],
                rng.randbytes(stop - start),
                b"",
            ]
        )
    return bytes(content[:size])


@pytest.mark.parametrize("name", fuzz.TARGETS)
def test_a_damaged_input_is_read_or_refused_in_one_line(name):
    target, rng = import_module(f"fuzz.{name}"), random.Random(0)
    inputs = list(corpus(name))
    for content in inputs:
        judge(target, content)

    def mutate(content, size):
        return scrambled(content, size, rng)

    for number in range(FILES):
        content = rng.choice(inputs)
        if getattr(target, "HAS_MEMBERS", False):
            content = mutated(content, 2**16, rng, mutate)
        else:
            content = mutate(content, 2**16)
        try:
            judge(target, content)
        except Exception as error:
            pytest.fail(f"input {number}: {error!r}: {content!r}")


class Target:
    NAME = "a.txt"

    def __init__(self, act):
        self.read = lambda content: act()


def raising(error):
    def act():
        raise error

    return act


@pytest.mark.parametrize(
    ("act", "found"),
    [
        (raising(ValueError("a.txt is damaged")), None),
        (raising(FileNotFoundError("a.txt is missing")), None),
        (raising(ValueError("a.txt\nis damaged")), "not one line"),
        (raising(ValueError("it is damaged")), "without the name"),
        (raising(ValueError("a.txt: " + "x" * 10_000)), "letters"),
        (raising(KeyError("x")), KeyError),
        (lambda: __import__("numpy").float32(1e30) * __import__("numpy").float32(1e30), "warning"),
    ],
)
def test_the_judge_finds_what_no_input_may_do(act, found):
    if found is None:
        judge(Target(act), b"")
    elif isinstance(found, str):
        with pytest.raises(Finding, match=found):
            judge(Target(act), b"")
    else:
        with pytest.raises(found):
            judge(Target(act), b"")


def test_a_mutation_of_a_member_leaves_the_archive_whole():
    content = packed({"a": b"first", "b": packed({"c": b"inner"})})
    whole = 0
    for seed in range(40):
        result = mutated(content, 2**16, random.Random(seed), lambda each, _: each[::-1])
        members = unpacked(result)
        whole += bool(members)
        if set(members) == {"a", "b"}:
            assert members["a"] in (b"first", b"tsrif")
    assert whole > 20
