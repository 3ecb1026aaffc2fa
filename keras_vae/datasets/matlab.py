"""MATLAB files."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from ..files.limits import check_unpacked


def read_matrices(file: Path) -> dict[str, np.ndarray]:
    """Read the matrices of a MATLAB file, by name.

    Raises:
        ValueError: If it is damaged.
    """
    from scipy.io import loadmat, whosmat

    try:
        size = 8 * sum(math.prod(shape) for _, shape, _ in whosmat(file))  # at most, in bytes
        check_unpacked(str(file), size, file.stat().st_size, in_memory=False)
        return {
            name: value for name, value in loadmat(file).items() if isinstance(value, np.ndarray)
        }
    except Exception as error:  # loadmat raises many kinds for a damaged file
        raise ValueError(f"{file} is not a MATLAB file that can be read: {error}.") from error
