"""Exported models to measure."""

from __future__ import annotations

import pytest

from keras_vae.export.saved_model import export_model
from keras_vae.inference import registry as runtime
from keras_vae.presets import get_preset

PRESET = get_preset("mnist").override(image_size=(8, 8), hidden=(32,), latent_dim=4)


@pytest.fixture(scope="session")
def exported(tmp_path_factory, grey_vae):
    """Open the exported `grey_vae`, said to be of a preset with some changes."""
    path = export_model(grey_vae, tmp_path_factory.mktemp("evaluated") / "grey")

    opened = runtime.load(path)

    def say(**changes):
        preset = PRESET.override(**changes).to_dict()
        model = runtime.SavedModel(path, {**opened.metadata, "preset": preset})
        vars(model)["_model"] = opened._model  # read once
        return model

    return say
