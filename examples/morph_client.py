"""Morph a photo on a TensorFlow Serving server, with the standard library only.

python morph_client.py face.jpg Smiling 2 smiling.png    # replaces an existing smiling.png
"""

import json
import os
import sys
from base64 import b64decode, b64encode
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

MODEL = os.environ.get("MODEL", "http://localhost:8501/v1/models/celeba64")


def morph(photo: bytes, attribute: str, n: float) -> bytes:
    """Move a photo, in any common format, by n along an attribute; returns a PNG."""
    row = {"image_bytes": {"b64": b64encode(photo).decode()}, "attribute": attribute, "strength": n}
    body = json.dumps({"signature_name": "morph", "instances": [row]})
    try:
        with urlopen(Request(f"{MODEL}:predict", body.encode()), timeout=30) as answer:
            return b64decode(json.load(answer)["predictions"][0]["b64"])
    except HTTPError as error:
        sys.exit(json.load(error)["error"])
    except OSError as error:  # no connection, or none that lasts
        sys.exit(f"No answer from {MODEL}: {error}")


if __name__ == "__main__":
    source, name, amount, target = sys.argv[1:]
    Path(target).write_bytes(morph(Path(source).read_bytes(), name, float(amount)))
