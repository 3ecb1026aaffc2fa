"""Text on pictures: one font, with the signs and accents that labels need."""

from __future__ import annotations

import math
import warnings
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

FONT_SIZE = 14
LONGEST_NAME = 40  # characters of a label's line
MINUS = "\N{MINUS SIGN}"
NAMED = 8  # letters in a warning
NO_LETTER = "\uffff"  # of no alphabet, so no font has it


def number_label(value: float, form: str = "g") -> str:
    """Write a number with a true minus sign, which zero does not have.

    Args:
        value: The number.
        form: Its format without a sign, such as "g" or ".2f".

    Example:
        >>> number_label(-0.5)
        '−0.5'
    """
    return f"{float(value):z{form}}".replace("-", MINUS)


def shorten(label: str) -> str:
    """Replace the middle of lines that are too long by an ellipsis."""
    half = (LONGEST_NAME - 1) // 2
    lines = label.split("\n")
    return "\n".join(
        line if len(line) <= LONGEST_NAME else f"{line[:half]}…{line[-half:]}" for line in lines
    )


def text_size(text: str, size: int = FONT_SIZE) -> tuple[int, int]:
    """Return width and height of a text in pixels, with room for descenders."""
    draw = ImageDraw.Draw(Image.new("L", (1, 1)))
    _, _, right, lower = draw.multiline_textbbox((0, 0), text, _font(size), spacing=2)
    return math.ceil(right), max(math.ceil(lower), size + 4) if text else 0


def write(text: str, size: int = FONT_SIZE) -> Image.Image:
    """Write a text of one or more centred lines on a picture just large enough.

    Args:
        text: The text.
        size: Height of the letters, in pixels.
    """
    warn_of_boxes(text)
    picture = Image.new("RGB", text_size(text, size), "white")
    centre = picture.width / 2, picture.height / 2
    draw = ImageDraw.Draw(picture)
    draw.multiline_text(centre, text, "black", _font(size), anchor="mm", spacing=2, align="center")
    return picture


def warn_of_boxes(text: str) -> None:
    """Warn, in one line, of letters that the font does not have: boxes take their place."""
    letters = sorted({letter for letter in text if letter > "~" and letter.isprintable()})
    if boxes := [letter for letter in letters if _is_box(letter)]:
        more = f" and {len(boxes) - NAMED} others" if len(boxes) > NAMED else ""
        warnings.warn(
            f"Boxes stand for letters that DejaVu Sans lacks: {' '.join(boxes[:NAMED])}{more}.",
            stacklevel=2,
        )


@cache
def _is_box(letter: str) -> bool:
    box, glyph = (_font(FONT_SIZE).getmask(each) for each in (NO_LETTER, letter))
    return glyph.size == box.size and bytes(glyph) == bytes(box)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which has minus signs and accents."""
    return ImageFont.truetype(Path(__file__).parent / "fonts" / "DejaVuSans.ttf", size)
