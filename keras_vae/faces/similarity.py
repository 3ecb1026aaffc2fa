"""Similarity transforms of the plane: what turns, scales and shifts an image, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

SUPPORT = 2.0  # pixels on each side that bicubic interpolation looks at
BELOW = 0.75  # scales at which an image is first reduced with antialiasing


@dataclass(frozen=True)
class Similarity:
    """The map p ↦ a p + b of points x + iy: a turns and scales, b shifts.

    Points are counted in pixels from an image's upper left corner, so that pixel centres lie at
    halves.

    Attributes:
        factor: a; its length is the scale, its angle the turn (clockwise on the screen, where y
            points down).
        shift: b, in pixels.
    """

    factor: complex
    shift: complex

    @classmethod
    def fit(
        cls, source: np.ndarray, target: np.ndarray, weights: Sequence[float] | None = None
    ) -> Similarity:
        """Find the map that brings points nearest to others, in squared distance.

        The closed form of Umeyama (1991), which in the plane is a regression over the complex
        numbers; it never mirrors.

        Args:
            source: Points, [N, 2], not all the same.
            target: Where each shall go, [N, 2].
            weights: How much each counts, [N]; None: all the same.
        """
        p, q = _complex(source), _complex(target)
        p_mean, q_mean = (np.average(points, weights=weights) for points in (p, q))
        deviation = (p - p_mean) * (1.0 if weights is None else np.asarray(weights))
        factor = np.vdot(deviation, q - q_mean) / np.vdot(deviation, p - p_mean)
        return cls(complex(factor), complex(q_mean - factor * p_mean))

    @property
    def scale(self) -> float:
        """How much longer a distance becomes."""
        return abs(self.factor)

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Map points, [..., 2]."""
        mapped = self.factor * _complex(points) + self.shift
        return np.stack([mapped.real, mapped.imag], axis=-1)

    def __matmul__(self, first: Similarity) -> Similarity:
        """Compose: `(f @ g)(p)` is `f(g(p))`."""
        return Similarity(self.factor * first.factor, self.factor * first.shift + self.shift)

    def inverse(self) -> Similarity:
        """Return the way back."""
        return Similarity(1 / self.factor, -self.shift / self.factor)

    def bounds(self, size: tuple[int, int]) -> np.ndarray:
        """Say where an image comes to lie.

        Args:
            size: Its width and height.

        Returns:
            left, upper, right, lower.
        """
        width, height = size
        corners = self(np.array([(0, 0), (width, 0), (0, height), (width, height)]))
        return np.concatenate([corners.min(axis=0), corners.max(axis=0)])

    def warp(self, image: Image.Image, size: tuple[int, int]) -> Image.Image:
        """Draw an image where the map brings it.

        Past its border the outermost pixels go on, as in CelebA's aligned photos. Where it is made
        smaller it is first scaled down with antialiasing, since the transform itself looks at few
        pixels; then each pixel is interpolated bicubically. Only the part that will be seen is
        touched. The image's colour profile stays with it.

        Args:
            image: An image of mode RGB, L or F.
            size: Width and height of the canvas.
        """
        back = self.inverse()
        margin = np.array([-1, -1, 1, 1]) * (1 + SUPPORT * max(1.0, back.scale))
        left, upper, right, lower = np.rint(back.bounds(size) + margin).astype(int)
        part = _cut(image, range(left, right), range(upper, lower))
        scale = self.scale if self.scale < BELOW else 1.0
        from_part = self @ Similarity(1 / scale, complex(left, upper))
        back = from_part.inverse()
        a, b = back.factor, back.shift
        matrix = (a.real, -a.imag, b.real, a.imag, a.real, b.imag)
        return _reduce(part, scale).transform(
            size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC
        )


def _cut(image: Image.Image, columns: range, rows: range) -> Image.Image:
    """Take a rectangle that may reach past the image, whose outermost pixels go on."""
    down, across = np.clip(rows, 0, image.height - 1), np.clip(columns, 0, image.width - 1)
    part = Image.fromarray(np.asarray(image)[down][:, across])
    part.info = image.info.copy()  # the colour profile
    return part


def _reduce(image: Image.Image, scale: float) -> Image.Image:
    """Scale an image down by exactly this factor; what makes no whole pixel is left out."""
    if scale == 1:
        return image
    size = (int(image.width * scale), int(image.height * scale))
    box = (0, 0, size[0] / scale, size[1] / scale)
    return image.resize(size, Image.Resampling.LANCZOS, box, reducing_gap=3.0)


def _complex(points: np.ndarray) -> np.ndarray:
    points = np.asarray(points, float)
    return points[..., 0] + 1j * points[..., 1]
