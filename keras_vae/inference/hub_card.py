"""The card of a model on the Hugging Face Hub: its README below a header that the hub reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..files.exported import read_metadata
from .exported import AUTOENCODER, UPSCALER, kind_of

FENCE = "---\n"  # above and below a header

# kind → the task that the hub lists it under
TASKS = {AUTOENCODER: "unconditional-image-generation", UPSCALER: "image-to-image"}
TAGS = {
    AUTOENCODER: ["variational-autoencoder", "vae", "image-generation"],
    UPSCALER: ["super-resolution"],
}

# Licences of data sets that the hub has an identifier of; others are "other", with their own name.
LICENCES = {"MIT": "mit", "CC BY 4.0": "cc-by-4.0", "CC BY-SA 3.0": "cc-by-sa-3.0"}


def hub_card(version: Path) -> str:
    """Return a model's card with a YAML header; a card that has one is returned as it is.

    Args:
        version: Folder of a version; the card is in the folder around it.

    Returns:
        Markdown. Where there is no card, it has a header and the model's name.
    """
    file = version.resolve().parent / "README.md"
    text = file.read_text("utf-8") if file.is_file() else f"# {file.parent.name}\n"
    return text if text.startswith(FENCE) else header(read_metadata(version)) + text


def header(facts: Mapping[str, Any]) -> str:
    """Return the header: licence, library, tags, task and data set.

    Args:
        facts: The model's `model.json`.
    """
    from huggingface_hub import ModelCardData

    kind = kind_of(facts)
    data = facts.get("data") or {}
    values = ModelCardData(
        library_name="keras-vae",
        pipeline_tag=TASKS[kind],
        tags=["tensorflow", "saved-model", *TAGS[kind]],
        datasets=[data["dataset"]] if data.get("homepage") else None,
        **_licence(facts.get("licence")),
    )
    return f"{FENCE}{values.to_yaml()}\n{FENCE}\n"


def _licence(licence: str | None) -> dict[str, Any]:
    if licence is None:
        return {}
    if licence in LICENCES:
        return {"license": LICENCES[licence]}
    name = re.sub(r"[^a-z0-9.]+", "-", licence.lower()).strip("-")
    return {"license": "other", "license_name": name}
