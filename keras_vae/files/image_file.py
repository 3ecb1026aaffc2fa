"""One image file, opened safely: its size is known before a pixel is decoded."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
from PIL import ExifTags, Image, ImageOps

from .formats import FORMATS, NEEDS_HEIF, identify, is_heif, reads_heif
from .jpeg import check_scans
from .limits import MAX_PIXELS, check_pixels
from .naming import first_line, printable
from .regular import HEAD, content_kind, open_regular
from .stderr import discarded_stderr

# Of 16 bits in each colour Pillow keeps the upper 8: below this, images have fewer than 15 bits.
LOW_BITS = 64
OPAQUE = 255  # alpha
WHITE = np.uint8(255)
JPEGS = ("JPEG", "MPO")  # MPO is JPEG with further images
GREY = ("1", "L", "LA", "La")  # modes of 8 bits or fewer
LYING = (5, 6, 7, 8)  # orientations in EXIF whose height and width are exchanged

T = TypeVar("T")


class ImageFile:
    """An image file whose header is read; use it in a `with` statement.

    Only regular files of the formats in `formats.FORMATS` are opened, whatever their name.

    Args:
        source: A path, or the encoded bytes of an image.
        max_pixels: Most pixels of an image.

    Attributes:
        name: The path, in one line, or "the given bytes".
        has_more_frames: Whether it holds more than one page or frame; the first is read.

    Raises:
        FileNotFoundError: If the path does not exist.
        ValueError: If it is no regular file, no image of these formats, damaged or too large.
    """

    def __init__(self, source: str | Path | bytes, max_pixels: int = MAX_PIXELS) -> None:
        self.name = "the given bytes" if isinstance(source, bytes) else printable(source)
        self._stream = io.BytesIO(source) if isinstance(source, bytes) else _opened(source)
        try:
            self._image = self._identified()
            try:
                check_pixels(*self._image.size, max_pixels)
            except ValueError as error:
                raise ValueError(f"{self.name} is too large: {error}.") from error
            tiles = getattr(self._image, "tile", None) or [None]
            self._is_cut = ";16" in str(tiles[0]) and not self.is_wide
            self._cut_transparency()
            self.has_more_frames = self._guarded(self._count_frames)
        except BaseException:
            self._stream.close()
            raise

    def __enter__(self) -> ImageFile:
        return self

    def __exit__(self, *details: object) -> None:
        self._stream.close()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright image, by the file's header."""
        width, height = self._image.size
        tag = ExifTags.Base.Orientation
        orientation = self._guarded(lambda: self._image.getexif().get(tag))
        return (height, width) if orientation in LYING else (width, height)

    @property
    def is_wide(self) -> bool:
        """Whether values are not of 8 bits: then all images of a set decide on their range."""
        return self._image.mode in ("I", "F") or self._image.mode.startswith("I;16")

    @property
    def is_grey(self) -> bool:
        """Whether it has gray levels instead of colours."""
        return self.is_wide or self._image.mode in GREY

    @property
    def has_transparent_parts(self) -> bool:
        """Whether parts of the image, which must be decoded, are transparent."""
        if self.is_wide:
            return bool(self._transparent(self.values()).any())
        return self._guarded(lambda: has_transparent_parts(self._image))

    def values(self) -> np.ndarray:
        """Decode an image whose values are not of 8 bits, as numbers [H, W].

        Raises:
            ValueError: If it is damaged.
        """
        self._guarded(self._decode)
        return np.asarray(self._image)

    def rgb(self, to_uint8: Callable[[np.ndarray], np.ndarray]) -> Image.Image:
        """Decode the image, upright and as RGB, with transparent parts on white.

        Args:
            to_uint8: Converts values that are not of 8 bits, [H, W].

        Raises:
            ValueError: If it is damaged.
        """
        if self.is_wide:
            values = self.values()
            pixels = np.where(self._transparent(values), WHITE, to_uint8(values))
            return Image.fromarray(pixels).convert("RGB")
        self._guarded(self._decode)
        if self._is_cut:
            self._check_high_bits()
        return self._guarded(lambda: to_rgb(self._image))

    def _identified(self) -> Image.Image:
        image = self._guarded(lambda: identify(self._stream))
        if image is not None:
            if image.format in JPEGS:
                self._guarded(self._check_scans)
            return image
        self._stream.seek(0)
        head = self._stream.read(HEAD)
        kind = content_kind(head)
        if is_heif(head) and not reads_heif():
            reason = NEEDS_HEIF
        else:
            reason = f"it is {kind}" if kind else f"formats that are read: {', '.join(FORMATS)}"
        raise ValueError(f"{self.name} is not an image that can be read: {reason}.")

    def _count_frames(self) -> bool:
        # A JPEG's further images are previews and gain maps of the first.
        return self._image.format not in JPEGS and bool(getattr(self._image, "is_animated", False))

    def _check_scans(self) -> None:
        position = self._stream.tell()
        self._stream.seek(0)
        check_scans(self._stream.read())
        self._stream.seek(position)

    def _decode(self) -> None:
        ImageOps.exif_transpose(self._image, in_place=True)  # without a copy of a large photo

    def _cut_transparency(self) -> None:
        """Cut a transparent color of 16 bits as the pixels are that it is compared with."""
        color = self._image.info.get("transparency")
        if self._is_cut and isinstance(color, tuple):
            self._image.info["transparency"] = tuple(level >> 8 for level in color)

    def _transparent(self, values: np.ndarray) -> np.ndarray:
        """Return where values that are not of 8 bits have the transparent one, if there is one."""
        level = self._image.info.get("transparency")
        return np.zeros(values.shape, bool) if level is None else values == level

    def _check_high_bits(self) -> None:
        extremes = np.atleast_2d(self._image.getextrema())[: 1 if "L" in self._image.mode else 3]
        if extremes.max() < LOW_BITS:
            raise ValueError(
                f"{self.name} must use all of its 16 bits, of which the upper 8 are read. "
                f"Received: values up to {extremes.max()} in the upper 8. Convert it to 8 bits."
            )

    def _guarded(self, function: Callable[[], T]) -> T:
        """Call a decoder's function; whatever it raises becomes one line with the file's name."""
        try:
            with self._quiet():
                return function()
        except Exception as error:  # decoders raise many kinds for damaged files
            reason = first_line(error).rstrip(".")
            raise ValueError(f"{self.name} is a damaged image: {reason}.") from error

    def _quiet(self) -> AbstractContextManager[None]:
        """Hide what libtiff writes to standard error."""
        image = getattr(self, "_image", None)
        is_tiff = image is not None and image.format == "TIFF"
        return discarded_stderr() if is_tiff else nullcontext()


def _opened(path: str | Path) -> BinaryIO:
    try:
        return open_regular(path)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ValueError(f"{printable(path)} cannot be opened: {error.strerror}.") from error


def has_transparent_parts(image: Image.Image) -> bool:
    """Whether parts of an image of any 8-bit mode are transparent."""
    if not image.has_transparency_data:
        return False
    return image.convert("RGBA").getchannel("A").getextrema()[0] < OPAQUE


def to_rgb(image: Image.Image) -> Image.Image:
    """Convert an image of any 8-bit mode to RGB; transparent parts become white.

    A color profile for RGB is kept; one for gray levels or inks is dropped.
    """
    profile = image.info.get("icc_profile") or b""
    image = _on_white(image)
    image.info = {"icc_profile": profile} if profile[16:20] == b"RGB " else {}
    return image


def _on_white(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        background = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(background, layer).convert("RGB")
    return image.convert("RGB")
