"""The ten colours of classes, measured as skimage computes CIELAB and CIEDE2000."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from keras_vae.plotting.figures import TEN

# Simulation of colour-blind vision in linear RGB (Machado et al. 2009, table 1, severity 1).
VISION = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
# The ten of Petroff (2021).
FORMER = ("#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70",
          "#717581", "#92dadd")  # fmt: skip


def lab(colours, vision="normal"):
    """CIELAB of colours as a person with some colour vision sees them, float [N, 3]."""
    from skimage.color import rgb2lab

    rgb = np.array([to_rgb(colour) for colour in colours])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.transpose(VISION[vision]), 0, 1)
    encoded = np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)
    return rgb2lab(encoded[np.newaxis])[0]


def least_distance(colours, vision):
    """ΔE (CIEDE2000) of the two colours that are hardest to distinguish."""
    from skimage.color import deltaE_ciede2000

    pairs = np.array(list(combinations(lab(colours, vision), 2)))
    return deltaE_ciede2000(pairs[:, 0], pairs[:, 1]).min()


@pytest.mark.parametrize(
    ("vision", "least"),
    [("normal", 20), ("protanopia", 12), ("deuteranopia", 12), ("tritanopia", 13)],
)
def test_ten_classes_can_be_distinguished_by_everybody(vision, least):
    assert least_distance(TEN, vision) > least


def test_of_the_ten_of_petroff_two_are_grey_and_alike():
    assert least_distance(FORMER, "normal") < 20
    assert np.hypot(*lab(FORMER)[[3, 8], 1:].T).max() < 10


def test_ten_classes_differ_in_grey_print():
    lightness = np.sort(lab(TEN)[:, 0])
    assert np.diff(lightness).min() > 6
    assert np.diff(np.sort(lab(FORMER)[:, 0])).min() < 1
    assert lightness.max() < 85  # on white paper


def test_no_class_is_grey():
    chroma = np.hypot(*lab(TEN)[:, 1:].T)
    assert chroma.min() > 20
