"""Noise from seeds in NumPy: the numbers that TensorFlow's stateless random operations return.

Philox4x32-10 (Salmon et al. 2011), keyed as `StatelessRandomGetKeyCounter` does. The signatures of
a SavedModel sample with those operations, so a seed is the same z with and without TensorFlow.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

NORMAL, UNIFORM = 0, 1  # streams of a seed: ε of z, and the number that selects a component

WORD = np.uint64(32)  # bits of a word; products of two need 64
LOW = np.uint64(0xFFFFFFFF)
MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
KEY_STEPS = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
ROUNDS = 10
SCRAMBLE_KEY = np.uint64(0x3EC8F720), np.uint64(0x02461E29)  # of StatelessRandomGetKeyCounter
MANTISSA = np.uint64(0x7FFFFF)
SMALLEST = np.float32(1e-7)  # of the numbers whose logarithm Box-Muller takes

Words = Sequence[np.ndarray]


def normal(seeds: Sequence[int], count: int, stream: int = NORMAL) -> np.ndarray:
    """Sample N(0, 1), as `StatelessRandomNormalV2`.

    Box and Muller (1958) turn two uniform numbers into two normal ones. Logarithm, sine and cosine
    may differ from TensorFlow's in the last bits.

    Args:
        seeds: One for each row, B integers of 64 bits.
        count: Numbers in a row.
        stream: Number of the seed's stream.

    Returns:
        float32 [B, count].
    """
    numbers = _unit(_words(seeds, stream, count))
    radius = np.sqrt(np.float32(-2) * np.log(np.maximum(numbers[:, 0::2], SMALLEST)))
    angle = np.float32(2 * np.pi) * numbers[:, 1::2]
    pairs = np.stack([np.sin(angle) * radius, np.cos(angle) * radius], axis=-1)
    return pairs.reshape(numbers.shape)[:, :count]


def uniform(seeds: Sequence[int], stream: int = UNIFORM) -> np.ndarray:
    """Sample one number of [0, 1) for each seed, as `StatelessRandomUniformV2`: float32 [B]."""
    return _unit(_words(seeds, stream, 1))[:, 0]


def _words(seeds: Sequence[int], stream: int, count: int) -> np.ndarray:
    """The first random words of each seed, at least `count` of them, uint64 [B, multiple of 4]."""
    seed = np.asarray(seeds, np.int64).reshape(-1, 1).view(np.uint64)
    stream = np.uint64(stream)
    scrambled = _philox((*_halves(seed), *_halves(stream)), SCRAMBLE_KEY)
    key, counter = scrambled[:2], scrambled[2:]
    blocks = np.arange(-(-count // 4), dtype=np.uint64)
    words = np.stack(_philox((*_halves(blocks), *counter), key), axis=-1)  # [B, blocks, 4]
    return words.reshape(len(seed), 4 * len(blocks))


def _philox(counter: Words, key: Words) -> Words:
    """Turn four words into four random words, by ten rounds."""
    for _ in range(ROUNDS):
        first, second = MULTIPLIERS[0] * counter[0], MULTIPLIERS[1] * counter[2]
        counter = (
            (second >> WORD) ^ counter[1] ^ key[0],
            second & LOW,
            (first >> WORD) ^ counter[3] ^ key[1],
            first & LOW,
        )
        key = [(word + step) & LOW for word, step in zip(key, KEY_STEPS, strict=True)]
    return counter


def _halves(number: np.ndarray) -> Words:
    """The low and the high word of 64 bits."""
    return number & LOW, number >> WORD


def _unit(words: np.ndarray) -> np.ndarray:
    """Turn words into numbers of [0, 1), float32: 23 bits are those of a number in [1, 2)."""
    one = np.uint32(127 << 23)
    return ((words & MANTISSA).astype(np.uint32) | one).view(np.float32) - np.float32(1)
