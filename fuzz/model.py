"""An exported model: `model.json`, attribute directions, the fitted prior."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from contextlib import suppress

import numpy as np
from click.testing import CliRunner

from cli.models import list_models, show
from keras_vae.inference import registry
from keras_vae.latent_space.attributes import Attributes
from keras_vae.latent_space.priors import GaussianMixturePrior
from keras_vae.presets import get_preset

from . import scratch
from .members import packed, unpacked

HAS_MEMBERS = True
NAME = "colour"
FILES = ("model.json", "attributes.npz", "lite/prior.npz")


def seeds() -> Iterator[bytes]:
    """Yield an autoencoder and an upscaler."""
    facts = {
        "kind": "autoencoder",
        "image_shape": [8, 8, 3],
        "latent_dim": 2,
        "attribute_names": ["Smiling"],
        "priors": ["normal", "gmm"],
        "preset": get_preset("digits").to_dict(),
        "data": {"dataset": "celeba", "counts": {"train": 2}},
        "attribute_probes": [{"name": "Smiling", "auc": 0.5}],
        "evaluation": {"elbo": {"test": 1.5}},
        "prior": {"components": 1},
    }
    arrays = io.BytesIO(), io.BytesIO()
    np.savez(arrays[0], **_kept(Attributes(("Smiling",), np.ones((1, 2), np.float32))))
    prior = GaussianMixturePrior(np.ones(1), np.zeros((1, 2)), np.eye(2)[None])
    np.savez(arrays[1], **vars(prior))
    contents = (json.dumps(facts).encode(), *(each.getvalue() for each in arrays))
    yield packed(dict(zip(FILES, contents, strict=True)))
    yield packed({FILES[0]: json.dumps({"kind": "upscaler", "factor": 3, "reach": 6}).encode()})


def read(content: bytes) -> None:
    """Open the model, its directions and its prior; list and describe it."""
    version = scratch.folder() / NAME / "1"
    extra = version / "assets.extra"
    (extra / "lite").mkdir(parents=True, exist_ok=True)
    (version / "saved_model.pb").touch()
    members = unpacked(content)
    for name in FILES:
        (extra / name).unlink(missing_ok=True)
        if name in members:
            (extra / name).write_bytes(members[name])
    os.environ["KVAE_MODELS"] = str(scratch.folder())
    _judge_command(list_models, [])
    _judge_command(show, [str(version)])
    _judge_command(show, [str(version), "--json", "-"])
    with suppress(FileNotFoundError):
        GaussianMixturePrior.load(extra / FILES[2]).sample([1, 2])
    model = registry.load_any(version)
    if model.kind == "autoencoder":
        _ = model.attributes, model.of_aligned_faces, model.kl_per_dimension
        _ = model.preset


def _judge_command(command: object, arguments: list[str]) -> None:
    error = CliRunner().invoke(command, arguments).exception
    if error is not None and not isinstance(error, (SystemExit, ValueError, OSError)):
        raise error


def _kept(attributes: Attributes) -> dict[str, object]:
    return {name: value for name, value in vars(attributes).items() if value is not None}
