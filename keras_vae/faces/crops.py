"""Faces of photos as a network sees them, each with the way back into its photo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ..files.photos import ALIGNED_SIZE, crop_box, prepare
from .alignment import Face, find_faces
from .similarity import Similarity

# Levels of 0 … 255 by which a picture may differ from an enlarged one, as a root mean square.
# Rounding makes 0.4 and JPEG 1.2; a photo of a face differs by 4 and more.
ENLARGED = 2.0


@dataclass(frozen=True)
class Portrait:
    """A part of a photo, at a network's size.

    Attributes:
        photo: The photo, upright RGB.
        pixels: What the network sees, uint8 [H, W, C].
        to_photo: From the network's pixels to the photo's.
    """

    photo: Image.Image
    pixels: np.ndarray
    to_photo: Similarity

    @classmethod
    def centre(cls, photo: Image.Image, image_shape: tuple[int, int, int]) -> Portrait:
        """Take the middle of a photo, by the rule of `photos.crop_box`."""
        return cls(photo, _prepare(photo, image_shape), _from_network(photo.size, image_shape))

    @classmethod
    def of_face(cls, photo: Image.Image, face: Face, image_shape: tuple[int, int, int]) -> Portrait:
        """Take a face, aligned as those of CelebA are; a photo that is just that is left alone."""
        if face.fills(photo.size):
            return cls.centre(photo, image_shape)
        to_photo = face.to_frame.inverse() @ _from_network(ALIGNED_SIZE, image_shape)
        return cls(photo, _prepare(face.crop(photo), image_shape), to_photo)


def find_portraits(
    photo: Image.Image,
    image_shape: tuple[int, int, int],
    *,
    face: str | int = "largest",
    before_search: Callable[[], None] = lambda: None,
) -> tuple[Portrait, ...]:
    """Find faces in a photo, unless it needs no search: see `is_prepared`.

    Args:
        photo: An upright RGB image, as `photos.open_photo` returns it.
        image_shape: Height, width, channels of the network's input.
        face: See `choose_faces`.
        before_search: Called before a search, whose detector imports TensorFlow.

    Raises:
        ValueError: See `choose_faces`.
    """
    if is_prepared(photo, image_shape):
        return (Portrait.centre(photo, image_shape),)
    before_search()
    chosen = choose_faces(find_faces(photo), face)
    return tuple(Portrait.of_face(photo, one, image_shape) for one in chosen)


def choose_faces(faces: Sequence[Face], face: str | int) -> Sequence[Face]:
    """Choose among the faces of a photo.

    Args:
        faces: The faces, the largest first.
        face: "largest", "all", or a number: 1 is the largest face, 2 the next.

    Raises:
        ValueError: If there is no face, or no such face.
    """
    if not faces:
        raise ValueError("No face was found.")
    if face == "all":
        return faces
    number = 1 if face == "largest" else int(face)
    if not 1 <= number <= len(faces):
        raise ValueError(f"`face` must be from 1 to {len(faces)}. Received: {number}.")
    return faces[number - 1 : number]


def is_prepared(photo: Image.Image, image_shape: tuple[int, int, int]) -> bool:
    """Say whether a photo needs no search: an aligned one of CelebA, or what a network drew.

    The former is told by its size. The latter, which `kvae generate -n 1` writes, is an image of
    the network's size enlarged bicubically by a whole factor; its face may be too blurred to be
    found.

    Args:
        photo: An upright RGB image.
        image_shape: Height, width, channels of the network's input.
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
    return bool(np.sqrt(np.mean((green - nearest) ** 2)) <= ENLARGED)


def _enlarged(length: int, factor: int) -> np.ndarray:
    """Find an orthonormal basis of all lines of pixels enlarged bicubically, [length · f, length].

    Enlarging is linear, so they are spanned by the enlarged unit vectors.
    """
    units = Image.fromarray(np.eye(length, dtype=np.float32))
    lines = units.resize((length * factor, length), Image.Resampling.BICUBIC)
    return np.linalg.qr(np.asarray(lines).T)[0]


def _prepare(image: Image.Image, image_shape: tuple[int, int, int]) -> np.ndarray:
    height, width, channels = image_shape
    return prepare(image, (height, width), channels)


def _from_network(size: tuple[int, int], image_shape: tuple[int, int, int]) -> Similarity:
    """From a network's pixels to those of an image of some size, by `photos.crop_box`."""
    height, width, _ = image_shape
    left, upper, right, _ = crop_box(*size, aspect=width / height)
    return Similarity(complex((right - left) / width), complex(left, upper))
