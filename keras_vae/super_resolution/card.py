"""The model card of an upscaler."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..export.card import watched
from ..files.atomic import write_text

_LIMITS = """\
## Limits

- It invents no face: it sharpens edges that bicubic interpolation blurs, and corrects the luminance
  alone. What the small image does not tell stays unknown.
- It was trained on images shrunk in one way, bilinear with an antialiasing support. Images that are
  small for another reason, or blurred, noisy or compressed, gain less.
- The weights are passed on under the terms of the images that they were made from.
"""


def write_card(version: Path) -> Path:
    """Write README.md beside the versions of an upscaler, over the one that may be there.

    Args:
        version: Folder of the version that the card describes.
    """
    card = version.resolve().parent / "README.md"
    return write_text(card, card_of(version), overwrite=True)


def card_of(version: Path) -> str:
    """Write the card of an exported upscaler from its `model.json`, as Markdown."""
    facts = json.loads((version / "assets.extra" / "model.json").read_text("utf-8"))
    return "\n".join(part(facts) for part in (_header, _training, _measured)) + "\n" + _LIMITS


def _header(facts: Mapping[str, Any]) -> str:
    network = facts["network"]
    return (
        f"# {facts['name']}\n\n"
        f"An upscaler: it makes images {facts['factor']} times larger. {network['depth']} "
        f"convolutions of {network['filters']} filters, {network['parameters']:,} parameters, add "
        f"to the bicubic image what it lacks, after {network['source']}.\n\n"
        f"Use it: `kvae upscale IMG --model {facts['name']}`, `kvae generate --upscale`, or hand "
        "the folder to TensorFlow Serving.\n\n"
        f"Licence of the data, and so of the weights: **{facts['licence'] or 'not stated'}**.\n"
    )


def _training(facts: Mapping[str, Any]) -> str:
    data, epochs, versions = facts["data"], facts["epochs"], facts["versions"]
    counts = ", ".join(f"{count:,} {split}" for split, count in (data["counts"] or {}).items())
    small, large = ("×".join(map(str, size)) for size in facts["image_sizes"])
    return (
        "## Training\n\n"
        f"    {facts['command'] or 'started from Python'}\n\n"
        f"- Data: {data['title']}, {counts} images; split: {data['split']}. "
        f"{data['homepage'] or ''}\n"
        f"- Each image twice, prepared alike: at {small} and at {large}.\n"
        f"- Loss: mean squared error of the luminance; Adam at {facts['learning_rate']:g}, falling "
        f"along a cosine to 0; batches of {facts['batch_size']}, half of them mirrored; weights of "
        f"the lowest {watched(facts)} loss: epoch {epochs['exported']} of {epochs['trained']}.\n"
        f"- Made with keras_vae {versions['keras_vae']}, TensorFlow {versions['tensorflow']}, "
        f"Keras {versions['keras']}; precision {facts['precision']}, seed {facts['seed']}.\n"
    )


def _measured(facts: Mapping[str, Any]) -> str:
    metrics = facts["metrics"]
    if not metrics:
        return ""
    rows = "".join(
        f"| {name} | {score['psnr']:.2f} | {score['ssim']:.4f} |\n"
        for name, score in metrics["validation"].items()
    )
    return (
        f"## Measured\n\nOn {metrics['images']:,} images of the validation split, "
        f"{metrics['convention']}.\n\n"
        f"| method | PSNR (dB) | SSIM |\n| --- | ---: | ---: |\n{rows}"
    )
