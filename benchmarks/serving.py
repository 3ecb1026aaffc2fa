"""Measure the time of a `morph` request and of its parts.

    python benchmarks/serving.py

Faces that the model generates are pasted into photos of 178×218, the size of CelebA's, and encoded
as JPEG. The signature `morph` is called with one of them, and with 32 at once. In the same round
its parts are called on the same images: the encoder (`encode_pixels`), the decoder
(`decode_pixels`), and the codecs alone, one operation for each image. A call that does nothing is
measured, too, and subtracted from each part, so that the cost of a call counts once, as a cost of
the signature. The share outside of the parts is

    1 - (encoder + decoder + decode_jpeg + encode_png - 4 · nothing) / morph

Every time is the best of many rounds, because other work on the machine only increases a time.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click
import numpy as np
from heading import heading
from PIL import Image
from timing import best_of

from keras_vae.cli.model_choice import model_option
from keras_vae.cli.progress import progress_bar
from keras_vae.cli.quiet import load_tensorflow
from keras_vae.files.photos import ALIGNED_CROP, ALIGNED_SIZE

if TYPE_CHECKING:
    from keras_vae.inference.registry import SavedModel

BATCHES = (1, 32)
PARTS = ("encoder", "decoder", "decode_jpeg", "encode_png")
HEAD = (
    f"| batch | images/s | morph, ms | {', ms | '.join(PARTS)}, ms | nothing, ms | outside |\n"
    + "|---:" * (len(PARTS) + 5)
    + "|"
)

Calls = dict[str, Callable[[], Any]]


@click.command(help=__doc__.partition("\n")[0])
@model_option()
@click.option("--rounds", default=200, show_default=True, help="Number of calls of each kind.")
def main(name: str, rounds: int) -> None:
    """Measure the signature and its parts in turns, and print a table."""
    load_tensorflow()
    from keras_vae.inference import registry as runtime

    model = runtime.load(name, runtime="tensorflow")
    pixels, _ = model.sample(range(max(BATCHES)), temperature=0.7)
    calls = {
        (size, name): call
        for size in BATCHES
        for name, call in calls_of(model, pixels[:size]).items()
    }
    with progress_bar("Calling", "round") as progress:
        best = best_of(calls, rounds, progress)
    click.echo(f"{heading(model.name, f'{rounds} rounds')}\n\n{HEAD}")
    for size in BATCHES:
        click.echo(row(size, {name: best[size, name] for name in ("morph", *PARTS, "nothing")}))
    small, large = (size / best[size, "morph"] for size in BATCHES)
    click.echo(
        f"\nImages per second, batch {BATCHES[1]} : batch {BATCHES[0]} = {large / small:.2f}"
    )


def calls_of(model: SavedModel, pixels: np.ndarray) -> Calls:
    """Make the calls that are compared, for images [B, H, W, C] of the network's size."""
    import tensorflow as tf

    files = tf.constant([as_photo(image) for image in pixels])
    count = len(pixels)
    image, z = tf.constant(pixels), tf.constant(model.encode(pixels)[0])
    attribute, strength = tf.constant([model.attributes.names[0]] * count), tf.ones(count)
    morph, encode, decode = map(model.endpoint, ("morph", "encode_pixels", "decode_pixels"))

    @tf.function
    def decode_jpeg() -> list[tf.Tensor]:
        return [
            tf.io.decode_jpeg(file, dct_method="INTEGER_ACCURATE") for file in tf.unstack(files)
        ]

    @tf.function
    def encode_png() -> list[tf.Tensor]:
        return [tf.io.encode_png(one, compression=0) for one in tf.unstack(image)]

    return {
        "morph": lambda: morph(image_bytes=files, attribute=attribute, strength=strength),
        "encoder": lambda: encode(image=image),
        "decoder": lambda: decode(z=z),
        "decode_jpeg": decode_jpeg,
        "encode_png": encode_png,
        "nothing": tf.function(lambda: strength),
    }


def as_photo(face: np.ndarray) -> bytes:
    """Paste a face into the middle of a photo of CelebA's size, encoded as JPEG."""
    photo = Image.new("RGB", ALIGNED_SIZE, "slategrey")
    square = Image.fromarray(face).resize((ALIGNED_CROP, ALIGNED_CROP), Image.Resampling.BICUBIC)
    photo.paste(square, tuple((side - ALIGNED_CROP) // 2 for side in ALIGNED_SIZE))
    buffer = io.BytesIO()
    photo.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def row(size: int, best: dict[str, float]) -> str:
    """Format one batch size as a row of a Markdown table."""
    inside = sum(best[name] - best["nothing"] for name in PARTS)
    times = " | ".join(f"{1e3 * seconds:.2f}" for seconds in best.values())
    return f"| {size} | {size / best['morph']:.0f} | {times} | {1 - inside / best['morph']:.0%} |"


if __name__ == "__main__":
    main()
