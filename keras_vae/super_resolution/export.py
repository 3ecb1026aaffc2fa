"""The SavedModel of an upscaler, laid out for TF Serving as those of the autoencoders are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..export.saved_model import write_model, write_version
from ..inference.exported import UPSCALER
from .endpoints import UpscalerEndpoints


def export_upscaler(
    endpoints: UpscalerEndpoints, directory: str | Path, metadata: Mapping[str, Any]
) -> Path:
    """Write an upscaler as the next version in `directory`.

    Args:
        endpoints: The network and its factor.
        directory: Folder of the model's versions; its name is the model's name.
        metadata: JSON-ready facts for `model.json`: network, data, metrics, licence, …

    Returns:
        The folder of the version.
    """
    facts = {
        **metadata,
        "kind": UPSCALER,
        "factor": endpoints.factor,
        "reach": endpoints.reach,
    }

    return write_version(
        Path(directory), lambda draft: write_model(draft, endpoints.signatures(), facts)
    )
