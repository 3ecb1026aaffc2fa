"""Crops of photos as a network's input, each with the transform back to its photo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ..files.photos import ALIGNED_SIZE, crop_box, prepare
from .alignment import Face, detect_faces, fit_layout
from .similarity import Similarity

# Root mean square error, in levels of 0 … 255, up to which an image counts as an enlarged one.
# Rounding gives 0.4 and JPEG 1.2; a photo of a face gives 4 and more.
ENLARGED_RMSE = 2.0


@dataclass(frozen=True)
class Crop:
    """A part of a photo, at the size of a network's input.

    Attributes:
        photo: The photo, upright RGB.
        pixels: The network's input, uint8 [H, W, C].
        to_photo: Transform from the network's pixels to the photo's.

    Example:
        >>> Crop.centre(photo, (64, 64, 3)).pixels.shape
        (64, 64, 3)
    """

    photo: Image.Image
    pixels: np.ndarray
    to_photo: Similarity

    @classmethod
    def centre(
        cls,
        photo: Image.Image,
        image_shape: tuple[int, int, int],
        resampling: str = "bilinear",
    ) -> Crop:
        """Crop the middle of a photo, as `photos.crop_box` defines it."""
        pixels = prepare(photo, image_shape[:2], image_shape[2], resampling)
        return cls(photo, pixels, _from_network(photo.size, image_shape))

    @classmethod
    def of_face(
        cls,
        photo: Image.Image,
        face: Face,
        image_shape: tuple[int, int, int],
        resampling: str = "bilinear",
    ) -> Crop:
        """Crop a face, aligned to CelebA's layout; an aligned photo is unchanged."""
        if face.is_aligned(photo.size):
            return cls.centre(photo, image_shape, resampling)
        aligned = cls.centre(face.crop(photo), image_shape, resampling)
        return cls(photo, aligned.pixels, face.to_layout.inverse() @ aligned.to_photo)


def crop_faces(
    photo: Image.Image,
    image_shape: tuple[int, int, int],
    *,
    face: str | int = "largest",
    resampling: str = "bilinear",
) -> tuple[Crop, ...]:
    """Detect the faces of a photo and crop them; a photo that `is_prepared` gives one crop.

    Args:
        photo: An upright RGB image, as `photos.open_photo` returns it.
        image_shape: Height, width, channels of the network's input.
        face: See `select_faces`.
        resampling: See `photos.prepare`.

    Raises:
        ValueError: See `select_faces`.

    Returns:
        A crop for each face.

    Example:
        >>> crops = crop_faces(photo, (64, 64, 3), face="all")
        >>> crops[0].pixels.shape
        (64, 64, 3)
    """
    if is_prepared(photo, image_shape):
        return (Crop.centre(photo, image_shape, resampling),)
    selected = select_faces(detect_faces(photo), face)
    return tuple(Crop.of_face(photo, one, image_shape, resampling) for one in selected)


def align_largest(photo: Image.Image, landmarks: np.ndarray | None = None) -> Image.Image:
    """Crop the largest face of a photo, aligned to CelebA's layout; an aligned photo is unchanged.

    Args:
        photo: An upright RGB image, as `photos.open_photo` returns it.
        landmarks: Five points of the face, [5, 2] in pixels, in the order of `LANDMARKS` in
            `alignment`; None to detect it.

    Returns:
        178×218 pixels.

    Raises:
        ValueError: If no face is detected, or the landmarks are not in the photo.
    """
    if photo.size == ALIGNED_SIZE:
        return photo
    if landmarks is not None:
        _check_landmarks(landmarks, photo.size)
        return fit_layout(landmarks).warp(photo, ALIGNED_SIZE)
    (face,) = select_faces(detect_faces(photo), "largest")
    return face.crop(photo)


def _check_landmarks(landmarks: np.ndarray, size: tuple[int, int]) -> None:
    """Refuse landmarks of a photo in another size: far ones would need gigabytes.

    Of a face at the border some are outside; their mean is in the photo, of width and height
    `size`, and none is further away than its longer side.

    Raises:
        ValueError: If they are not such.
    """
    points, far = np.asarray(landmarks, float), max(size)
    middle, (low, high) = points.mean(axis=0), (points.min(axis=0), points.max(axis=0))
    is_inside = (middle >= 0).all() and (middle <= size).all()
    if not is_inside or low.min() < -far or (high > np.add(size, far)).any():
        raise ValueError(
            "`landmarks` must be in the photo, which has {}×{} pixels (width × height). "
            "Received: x from {:g} to {:g}, y from {:g} to {:g}.".format(
                *size, *np.stack([low, high], axis=1).ravel()
            )
        )


def select_faces(faces: Sequence[Face], face: str | int) -> Sequence[Face]:
    """Select faces of a photo.

    Args:
        faces: The faces, the largest first.
        face: "largest", "all", or a number: 1 is the largest face, 2 the next.

    Raises:
        ValueError: If there is no face, or no such face.
    """
    if not faces:
        raise ValueError("No face was detected.")
    if face == "all":
        return faces
    number = 1 if face == "largest" else int(face)
    if not 1 <= number <= len(faces):
        possible = (
            "1: one face was" if len(faces) == 1 else f"1 … {len(faces)}, the faces that were"
        )
        raise ValueError(f"`face` must be {possible} detected. Received: {number}.")
    return faces[number - 1 : number]


def is_prepared(photo: Image.Image, image_shape: tuple[int, int, int]) -> bool:
    """Return whether a photo needs no detection: an aligned one of CelebA, or a generated one.

    The former has CelebA's size. The latter, which `kvae generate -n 1` writes, is an image of the
    network's size enlarged bicubically by an integer factor; its face may be too blurred to be
    detected.

    Args:
        photo: An upright RGB image.
        image_shape: Height, width, channels of the network's input.

    Example:
        >>> is_prepared(photo, (64, 64, 3))
        False
    """
    height, width, _ = image_shape
    factor = photo.width // width
    if photo.size == ALIGNED_SIZE:
        return True
    if not factor or photo.size != (factor * width, factor * height):
        return False
    green = np.asarray(photo.getchannel("G"), np.float32)
    rows, columns = _enlarged(height, factor), _enlarged(width, factor)
    nearest = rows @ (rows.T @ green @ columns) @ columns.T
    return bool(np.sqrt(np.mean((green - nearest) ** 2)) <= ENLARGED_RMSE)


def _enlarged(length: int, factor: int) -> np.ndarray:
    """Compute an orthonormal basis of all bicubically enlarged lines, [length · f, length].

    Enlarging is linear, so that the enlarged unit vectors span these lines.
    """
    units = Image.fromarray(np.eye(length, dtype=np.float32))
    lines = units.resize((length * factor, length), Image.Resampling.BICUBIC)
    return np.linalg.qr(np.asarray(lines).T)[0]


def _from_network(size: tuple[int, int], image_shape: tuple[int, int, int]) -> Similarity:
    """Make the transform from a network's pixels to those of an image of a size."""
    height, width, _ = image_shape
    left, upper, right, _ = crop_box(*size, aspect=width / height)
    return Similarity(complex((right - left) / width), complex(left, upper))
