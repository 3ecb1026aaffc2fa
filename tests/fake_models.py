"""Folders that look like exported models."""

import json


def fake_model(folder, name, *versions):
    """Write versions that have facts and no graph."""
    for version in versions:
        path = folder / name / str(version)
        (path / "assets.extra").mkdir(parents=True)
        (path / "saved_model.pb").touch()
        facts = {"image_shape": [8, 8, 1], "latent_dim": 2}
        (path / "assets.extra" / "model.json").write_text(json.dumps(facts))
    return folder / name
