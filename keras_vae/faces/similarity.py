"""Similarity transforms of the plane: rotation, scaling and shift of an image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

SUPPORT = 2.0  # pixels on each side that bicubic interpolation uses
REDUCED_BELOW = 0.75  # scale; below it an image is first reduced with antialiasing
BORDER = 5  # reduced pixels around an image: the antialiasing of the outermost sees its edge only


@dataclass(frozen=True)
class Similarity:
    """The map p ↦ a p + b of points x + iy: a rotates and scales, b shifts.

    Coordinates are pixels from an image's upper left corner, so that the centres of pixels have
    halves.

    Attributes:
        factor: a; its absolute value is the scale, its angle the rotation (clockwise on the screen,
            where y points down).
        shift: b, in pixels.
    """

    factor: complex
    shift: complex

    @classmethod
    def fit(
        cls, source: np.ndarray, target: np.ndarray, weights: Sequence[float] | None = None
    ) -> Similarity:
        """Fit the map that moves points nearest to others, in squared distance.

        The closed form of Umeyama (1991), which in the plane is a regression over the complex
        numbers; it never mirrors.

        Args:
            source: Points, [N, 2], not all the same.
            target: Their targets, [N, 2].
            weights: Weight of each point, [N]; None: equal weights.
        """
        p, q = _complex(source), _complex(target)
        p_mean, q_mean = (np.average(points, weights=weights) for points in (p, q))
        deviation = (p - p_mean) * (1.0 if weights is None else np.asarray(weights))
        factor = np.vdot(deviation, q - q_mean) / np.vdot(deviation, p - p_mean)
        return cls(complex(factor), complex(q_mean - factor * p_mean))

    @property
    def scale(self) -> float:
        """Factor by which distances grow."""
        return abs(self.factor)

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Map points, [..., 2]."""
        mapped = self.factor * _complex(points) + self.shift
        return np.stack([mapped.real, mapped.imag], axis=-1)

    def __matmul__(self, first: Similarity) -> Similarity:
        """Compose: `(f @ g)(p)` is `f(g(p))`."""
        return Similarity(self.factor * first.factor, self.factor * first.shift + self.shift)

    def inverse(self) -> Similarity:
        """Return the inverse map."""
        return Similarity(1 / self.factor, -self.shift / self.factor)

    def bounds(self, size: tuple[int, int]) -> np.ndarray:
        """Compute the bounding box of a transformed image.

        Args:
            size: Width and height of the image.

        Returns:
            left, upper, right, lower.
        """
        width, height = size
        corners = self(np.array([(0, 0), (width, 0), (0, height), (width, height)]))
        return np.concatenate([corners.min(axis=0), corners.max(axis=0)])

    def warp(self, image: Image.Image, size: tuple[int, int]) -> Image.Image:
        """Transform an image onto a canvas.

        Beyond its border the outermost pixels are repeated, as in CelebA's aligned photos. An image
        that becomes smaller is first reduced with antialiasing, since the transform itself uses few
        pixels; then each pixel is interpolated bicubically. Only the visible part is computed. The
        image's colour profile is kept.

        Args:
            image: An image of mode RGB, L or F.
            size: Width and height of the canvas.
        """
        if self.scale < REDUCED_BELOW:
            reduced, to_image = self._reduced(image, size)
            return (self @ to_image).warp(reduced, size)
        left, upper, right, lower = self._visible(size)
        part = _cut(image, range(left, right), range(upper, lower))
        back = (self @ Similarity(1, complex(left, upper))).inverse()
        a, b = back.factor, back.shift
        matrix = (a.real, -a.imag, b.real, a.imag, a.real, b.imag)
        return part.transform(size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)

    def _reduced(self, image: Image.Image, size: tuple[int, int]) -> tuple[Image.Image, Similarity]:
        """Reduce what a canvas shows of an image, and no more than a border around the image.

        Beyond the border all reduced pixels are those of its edge.

        Returns:
            The reduced part; the transform from its pixels to the image's.
        """
        (width, height), border = image.size, math.ceil(BORDER / self.scale)
        limits = (-border, -border, 0, 0), (width, height, width + border, height + border)
        visible = self._visible(size)
        left, upper, right, lower = within = np.clip(visible, *limits)
        part = _cut(image, range(left, right), range(upper, lower))
        # Whole reduced pixels are left out, so that the others lie where they lie without limits.
        start = visible[:2] + np.ceil((within - visible)[:2] * self.scale) / self.scale
        reduced = _reduce(part, self.scale, start - within[:2])
        return reduced, Similarity(1 / self.scale, complex(*start))

    def _visible(self, size: tuple[int, int]) -> np.ndarray:
        """Compute which pixels of an image a canvas shows, with those that they depend on.

        Returns:
            left, upper, right, lower; the image may be smaller.
        """
        back = self.inverse()
        margin = np.array([-1, -1, 1, 1]) * (1 + SUPPORT * max(1.0, back.scale))
        return np.rint(back.bounds(size) + margin).astype(int)


def _cut(image: Image.Image, columns: range, rows: range) -> Image.Image:
    """Cut out a rectangle; beyond the image's border its outermost pixels are repeated."""
    down, across = np.clip(rows, 0, image.height - 1), np.clip(columns, 0, image.width - 1)
    left, upper = int(across[0]), int(down[0])
    visible = image.crop((left, upper, int(across[-1]) + 1, int(down[-1]) + 1))
    part = Image.fromarray(np.asarray(visible)[down - upper][:, across - left])
    part.info = image.info.copy()  # the colour profile
    return part


def _reduce(image: Image.Image, scale: float, start: np.ndarray) -> Image.Image:
    """Reduce an image from x and y on by exactly this factor; less than a pixel is cut off."""
    size = tuple(map(int, (image.size - start) * scale))
    box = (*start, *(start + np.array(size) / scale))
    return image.resize(size, Image.Resampling.LANCZOS, box, reducing_gap=3.0)


def _complex(points: np.ndarray) -> np.ndarray:
    points = np.asarray(points, float)
    return points[..., 0] + 1j * points[..., 1]
