"""The option --max-pixels."""

from __future__ import annotations

import click

from keras_vae.files.limits import MAX_PIXELS

from .command import option
from .types import Integer


def _allow(ctx: click.Context, param: click.Parameter, value: int) -> int:
    """Raise Pillow's own limit too: it has one of some formats, at twice this number."""
    if value > MAX_PIXELS:
        from PIL import Image

        Image.MAX_IMAGE_PIXELS = value
    return value


PIXEL_LIMIT = option("--max-pixels", Integer(1), MAX_PIXELS, callback=_allow)
