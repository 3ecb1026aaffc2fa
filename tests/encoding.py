"""Images as the bytes of a file."""

import io


def encoded(image, kind="PNG", **options):
    """Encode an image; the options are those of Pillow's writer."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
