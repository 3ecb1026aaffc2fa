"""MATLAB files."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def read_matrices(file: Path) -> dict[str, np.ndarray]:
    """Read the matrices of a MATLAB file, by name.

    Raises:
        ValueError: If it is damaged.
    """
    from scipy.io import loadmat

    try:
        return {
            name: value for name, value in loadmat(file).items() if isinstance(value, np.ndarray)
        }
    except Exception as error:  # loadmat raises many kinds for a damaged file
        raise ValueError(f"{file} is not a MATLAB file that can be read: {error}.") from error
